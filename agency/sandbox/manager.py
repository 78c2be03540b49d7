"""The account managers' ordinary work: accept, make the account, post, submit again after corrections.

On demand each step is done now; `do_all` does whatever may be done at the clock. When managers work alone,
the same steps fall due minutes or hours after what they answer to, and `passing.py` runs them in order.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from . import assumed, schedule, webhooks
from .bundles import PUBLISHED, find_bundle, move_account, slots_of, touch
from .errors import ControlError
from .listing import finalize
from .store import Row
from .video_steps import finalize as finalize_video
from .work import Work

PROFILE_URLS = {
    "tiktok": "https://www.tiktok.com/@{username}",
    "instagram": "https://www.instagram.com/{username}",
    "youtube": "https://www.youtube.com/@{username}",
}
POST_URLS = {
    "tiktok": "https://www.tiktok.com/@{username}/video/{number}",
    "instagram": "https://www.instagram.com/p/{number}/",
}


@dataclass
class Task:
    """A step a manager could take: not before `from_at`, and when working alone at `due_at`."""

    from_at: datetime
    due_at: datetime
    do: Callable[[], None]


def jitter(seed: str, low: float, high: float) -> float:
    """A number between low and high that is always the same for a seed."""
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) / 2**64
    return low + share * (high - low)


# Single steps


def accept(work: Work, bundle: Row) -> None:
    """Take a published bundle and its published slots."""
    if bundle["status"] not in PUBLISHED:
        raise ControlError(f"the bundle is {bundle['status']}, not published")
    touch(work, bundle, status="accepted", accepted_at=work.now)
    accept_slots(work, bundle)


def accept_slots(work: Work, bundle: Row) -> None:
    for slot in slots_of(work, bundle["id"]):
        if slot["status"] == "published":
            schedule.change_slot(work, slot, status="accepted")


def submit_account(work: Work, bundle: Row, *, username: str | None = None) -> None:
    """Hand in the real account: the saved account exists from now on and the listing is in review."""
    if bundle["status"] != "accepted" or bundle["account_status"] != "published":
        raise ControlError(f"the bundle is {bundle['status']} and its account {bundle['account_status']}")
    profile = bundle["profile"]
    account_id = str(uuid.uuid4())
    work.store.insert(
        "accounts",
        id=account_id,
        platform=bundle["platform"],
        country=bundle["country"],
        country_sent=bundle["country_sent"],
        username=username or profile["username"],
        visible_name=profile["visible_name"],
        biography=profile["biography"],
        profile_picture_url=profile["profile_picture_url"],
        link_in_bio=profile.get("link_in_bio"),
        bundle_id=bundle["id"],
        banned=False,
        coverage_status="included",
        period_start=work.now,
        period_end=work.now + assumed.COVERAGE_PERIOD,
        lock_version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    if username:
        profile = profile | {"username": username}
    move_account(
        work, bundle, "in_review", saved_account_id=account_id, profile=profile, account_in_review_at=work.now
    )


def resubmit_account(work: Work, bundle: Row) -> None:
    if bundle["account_status"] != "pending_corrections":
        raise ControlError(f"the account is {bundle['account_status']}, not pending_corrections")
    move_account(work, bundle, "in_review", account_in_review_at=work.now)


def post_video(work: Work, bundle: Row, slot: Row) -> None:
    """Post an accepted video: live and in review from now on, or final at once if the bundle says so."""
    if slot["status"] != "accepted":
        raise ControlError(f"video {slot['position']} is {slot['status']}, not accepted")
    if not bundle["saved_account_id"]:
        raise ControlError("the account has not been delivered yet")
    account = work.store.one("SELECT * FROM accounts WHERE id = ?", bundle["saved_account_id"])
    number = int.from_bytes(hashlib.sha256(slot["id"].encode()).digest()[:8]) % 10**18
    url = POST_URLS[bundle["platform"]].format(username=account["username"] if account else "", number=number)
    schedule.move_slot(work, slot, "in_review", platform_url=url, posted_at=work.now, in_review_at=work.now)
    if bundle["auto_finalize_videos"]:
        finalize_video(work, bundle, slot)


def post_due_videos(work: Work, bundle: Row) -> None:
    """Post every accepted video whose first day has come."""
    for slot in slots_of(work, bundle["id"]):
        if slot["status"] == "accepted" and slot["start_date"] <= work.now.date().isoformat():
            post_video(work, bundle, slot)


def resubmit_video(work: Work, bundle: Row, slot: Row) -> None:
    if slot["status"] != "pending_corrections":
        raise ControlError(f"video {slot['position']} is {slot['status']}, not pending_corrections")
    schedule.move_slot(work, slot, "in_review", in_review_at=work.now)


def flag_download(work: Work, slot: Row, comment: str) -> None:
    """The manager could not fetch the media; there is no event for this."""
    schedule.change_slot(work, slot, download_issue=True, download_issue_comment=comment)


def cancel_bundle(work: Work, bundle: Row, reason: str) -> None:
    """What staff do; there is no operation for it."""
    for slot in slots_of(work, bundle["id"]):
        if slot["status"] != "finalized":
            schedule.change_slot(work, slot, status="cancelled")
    touch(work, bundle, status="cancelled", next_visit_at=None)
    webhooks.emit(
        work,
        "bundle.cancelled",
        {
            "bundle_id": bundle["id"],
            "external_ref": bundle["external_ref"],
            "status": "cancelled",
            "reason": reason,
        },
    )


# What there is to do


def tasks_for(work: Work, bundle: Row) -> list[Task]:
    """The steps that a bundle waits for, each with its time; not those that need a client's step first."""

    def hours_after(moment: datetime, low: float, high: float, step: str) -> datetime:
        return moment + timedelta(hours=jitter(f"{bundle['id']} {step}", low, high))

    if bundle["status"] in PUBLISHED:
        at = bundle["published_at"]
        return [Task(at, hours_after(at, 0.05, 0.75, "accept"), partial(accept, work, bundle))]
    if bundle["status"] != "accepted":
        return []
    tasks = []
    changed_at = bundle["account_changed_at"] or bundle["accepted_at"]
    if bundle["account_status"] == "published":
        at = bundle["accepted_at"]
        tasks.append(Task(at, hours_after(at, 2, 10, "submit"), partial(submit_account, work, bundle)))
    elif bundle["account_status"] == "pending_corrections":
        due_at = hours_after(changed_at, 2, 8, f"resubmit {changed_at}")
        tasks.append(Task(changed_at, due_at, partial(resubmit_account, work, bundle)))
    for slot in slots_of(work, bundle["id"]):
        at = slot["updated_at"]
        step = f"{slot['status']} {slot['position']}"
        if slot["status"] == "published":
            tasks.append(Task(at, hours_after(at, 0.05, 0.75, step), partial(accept_slots, work, bundle)))
        elif slot["status"] == "pending_corrections":
            tasks.append(Task(at, hours_after(at, 2, 8, step), partial(resubmit_video, work, bundle, slot)))
        elif _can_be_posted(bundle, slot):
            day = datetime.combine(date.fromisoformat(slot["start_date"]), time(), tzinfo=UTC)
            start = max(day, at)
            due_at = max(hours_after(day, 8, 20, step), hours_after(at, 0.05, 0.75, step))
            tasks.append(Task(start, due_at, partial(post_video, work, bundle, slot)))
    return tasks


def _can_be_posted(bundle: Row, slot: Row) -> bool:
    return (
        slot["status"] == "accepted"
        and bundle["account_status"] == "finalized"
        and bool(bundle["saved_account_id"])
        and not slot["download_issue"]
    )


def do_all(work: Work, bundle_id: str) -> int:
    """Do every step that may be done at the clock; returns how many."""
    done = 0
    while True:
        ready = [task for task in tasks_for(work, find_bundle(work, bundle_id)) if task.from_at <= work.now]
        if not ready:
            return done
        min(ready, key=lambda task: task.from_at).do()
        done += 1


def visit(work: Work, bundle_id: str) -> None:
    """A manager working alone does what is due."""
    for task in sorted(tasks_for(work, find_bundle(work, bundle_id)), key=lambda task: task.due_at):
        if task.due_at <= work.now:
            task.do()


def plan_visit(work: Work, bundle_id: str) -> None:
    """Write down when a manager who works alone will next have something to do for this bundle."""
    tasks = tasks_for(work, find_bundle(work, bundle_id)) if work.settings.managers_work_alone else []
    next_visit_at = min((task.due_at for task in tasks), default=None)
    work.store.run("UPDATE bundles SET next_visit_at = ? WHERE id = ?", next_visit_at, bundle_id)


# What time alone does


def finalize_account_after_review(work: Work, bundle_id: str) -> None:
    finalize(work, find_bundle(work, bundle_id))


def finalize_video_after_review(work: Work, video_id: str) -> None:
    slot = work.store.one("SELECT * FROM videos WHERE id = ?", video_id)
    if slot is not None:
        finalize_video(work, find_bundle(work, slot["bundle_id"]), slot)
