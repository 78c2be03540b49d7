"""Bundles after their order: reading, patching, readiness, publishing, completion."""

from typing import Any

from . import assumed, coverage, schedule, webhooks
from .call import Call
from .clock import iso_millis, iso_seconds
from .errors import ApiError, invalid
from .fields import Fields
from .paging import page_of
from .reference import COUNTRY_ALIASES
from .store import Row
from .work import Json, Work

PROFILE_FIELDS = ("username", "visible_name", "biography", "profile_picture_url")
PUBLISHED = ("published", "published_priority")
ACTIVE = (*PUBLISHED, "accepted", "in_review", "finalized")

# Every column of a bundle, and how many of its slots are configured.
COLUMNS = (
    "*, (SELECT count(*) FROM videos WHERE bundle_id = bundles.id AND status NOT IN ('pending', 'cancelled'))"
    " AS videos_configured_count"
)


def find_bundle(work: Work, bundle_id: str) -> Row:
    bundle = work.store.one(f"SELECT {COLUMNS} FROM bundles WHERE id = ?", bundle_id)
    if bundle is None:
        raise ApiError(404, "BUNDLE_NOT_FOUND", "No bundle with this id", bundle_id=bundle_id)
    return bundle


def slots_of(work: Work, bundle_id: str) -> list[Row]:
    return work.store.all("SELECT * FROM videos WHERE bundle_id = ? ORDER BY position", bundle_id)


def touch(work: Work, bundle: Row, **columns: Any) -> None:
    """Change a bundle's row and the caller's copy of it."""
    bundle |= columns | {"updated_at": work.now}
    work.store.update("bundles", bundle["id"], updated_at=work.now, **columns)


def missing_profile_fields(bundle: Row) -> list[str]:
    return [name for name in PROFILE_FIELDS if not bundle["profile"].get(name)]


# As the API shows them


def _country(work: Work, row: Row) -> str:
    """The seed contract returns the form that was sent, the current one its own code."""
    return str(row["country_sent"] if work.prices.is_seed else row["country"])


def bundle_json(work: Work, bundle: Row) -> Json:
    """The bundle object of lists and single reads."""
    iso = iso_seconds if work.prices.is_seed else iso_millis
    profile = bundle["profile"]
    shown: Json = {
        "id": bundle["id"],
        "bundle_id": bundle["id"],
        "bundle_type": bundle["bundle_type"],
        "title": bundle["title"],
        "platform": bundle["platform"],
        "country": _country(work, bundle),
        "status": bundle["status"],
        "external_ref": bundle["external_ref"],
        "videos_quantity": bundle["videos_quantity"],
        "edits_quantity": bundle["edits_quantity"],
        "auto_finalize_videos": bundle["auto_finalize_videos"],
        "is_published": bundle["status"] in (*ACTIVE, "completed"),
        "account_configured": not missing_profile_fields(bundle),
        "videos_configured_count": bundle["videos_configured_count"],
        "account_status": bundle["account_status"],
        "saved_account_id": bundle["saved_account_id"],
        "username": profile.get("username"),
        "account": {name: profile.get(name) for name in PROFILE_FIELDS} if profile else None,
        "created_at": iso(bundle["created_at"]),
        "updated_at": iso(bundle["updated_at"]),
        "published_at": iso(bundle["published_at"]),
    }
    if work.prices.is_seed:
        options = bundle["options"]
        shown["type"] = bundle["bundle_type"]
        shown["options"] = {
            "niche_warming": bool(options.get("niche_warming")),
            "deep_warming": bool(options.get("deep_warming")),
            "moderation": bool(options.get("moderation")),
            "editing": bundle["edits_quantity"] > 0,
            "auto_finalize_videos": bundle["auto_finalize_videos"],
        }
    return shown


def created_json(work: Work, bundle: Row) -> Json:
    """`data` of a creation: the id under both names that clients look for."""
    return {
        "bundle_id": bundle["id"],
        "id": bundle["id"],
        "bundle_type": bundle["bundle_type"],
        "platform": bundle["platform"],
        "country": _country(work, bundle),
        "status": bundle["status"],
        "videos_quantity": bundle["videos_quantity"],
        "edits_quantity": bundle["edits_quantity"],
        "review_mode": assumed.REVIEW_MODES[bundle["auto_finalize_videos"]],
        "external_ref": bundle["external_ref"],
        "created_at": (iso_seconds if work.prices.is_seed else iso_millis)(bundle["created_at"]),
    }


def bundle_event(bundle: Row) -> Json:
    """`data` of the bundle.* events."""
    return {
        "bundle_id": bundle["id"],
        "external_ref": bundle["external_ref"],
        "status": bundle["status"],
        "platform": bundle["platform"],
        "bundle_type": bundle["bundle_type"],
    }


def account_event(bundle: Row, previous_status: str | None) -> Json:
    """`data` of the account.* events about a listing."""
    return {
        "account_id": bundle["listing_id"],
        "saved_account_id": bundle["saved_account_id"],
        "bundle_id": bundle["id"],
        "username": bundle["profile"].get("username"),
        "platform": bundle["platform"],
        "status": bundle["account_status"],
        "previous_status": previous_status,
    }


def move_account(work: Work, bundle: Row, status: str, *, announce: bool = True, **columns: Any) -> None:
    """Bring a bundle's account listing to a status and announce it."""
    previous = bundle["account_status"]
    touch(work, bundle, account_status=status, account_changed_at=work.now, **columns)
    if announce:
        webhooks.emit(work, f"account.{status}", account_event(bundle, previous))


# Operations


def list_bundles(call: Call) -> Json:
    return list_where(call, "1 = 1", [])


def list_where(call: Call, where: str, values: list[Any]) -> Json:
    """A page of bundles under the documented filters; an unknown value finds nothing."""
    for name in ("status", "bundle_type", "platform", "external_ref", "account_status"):
        if wanted := call.args.getlist(name):
            where += f" AND {name} IN ({', '.join('?' * len(wanted))})"
            values.extend(wanted)
    if country := call.args.get("country"):
        where += " AND country = ?"
        values.append(COUNTRY_ALIASES.get(country, country))
    rows, pagination = page_of(call.store, "bundles", where, values, call.args, COLUMNS)
    return {"data": [bundle_json(call, row) for row in rows], "pagination": pagination}


def get_bundle(call: Call, bundle_id: str) -> Json:
    return {"data": bundle_json(call, find_bundle(call, bundle_id))}


def update_bundle(call: Call, bundle_id: str) -> Json:
    """PATCH /bundles/{id}: title, external_ref, auto_finalize_videos; free, in any state."""
    bundle = find_bundle(call, bundle_id)
    fields = Fields(call.body)
    changes: Json = {}
    for name in ("title", "external_ref"):
        if name in fields.body:
            changes[name] = fields.text(name)
    if "auto_finalize_videos" in fields.body:
        changes["auto_finalize_videos"] = fields.flag("auto_finalize_videos")
    fields.check()
    if not changes:
        raise invalid(body="needs title, external_ref or auto_finalize_videos")
    touch(call, bundle, **changes)
    return {"data": bundle_json(call, bundle)}


def blockers_of(work: Work, bundle: Row) -> list[Json]:
    """What stands in the way of publishing; reads only, never renews Coverage."""
    blockers: list[Json] = []
    if bundle["status"] != "pending_setup":
        blockers.append(
            {
                "code": "BUNDLE_ALREADY_PUBLISHED",
                "message": f"The bundle is {bundle['status']}",
                "details": {"current_status": bundle["status"]},
            }
        )
    if bundle["bundle_type"] != "videos_only" and (missing := missing_profile_fields(bundle)):
        blockers.append(
            {
                "code": "ACCOUNT_MISSING_FIELDS",
                "message": f"The account lacks {', '.join(missing)}",
                "details": {"missing_fields": missing},
            }
        )
    if bundle["bundle_type"] != "account_only" and not bundle["videos_configured_count"]:
        blockers.append(
            {"code": "NO_VIDEOS_CONFIGURED", "message": "No video slot is configured", "details": {}}
        )
    if bundle["bundle_type"] == "videos_only":
        account = coverage.find_account(work, bundle["saved_account_id"])
        if not coverage.task_access(account, work.now):
            reason = "banned" if account["banned"] else coverage.effective_status(account, work.now)
            blockers.append(
                {
                    "code": "MANAGED_ACCOUNT_TASK_BLOCKED",
                    "message": f"The account's Coverage does not allow tasks: {reason}",
                    "details": {"account_id": account["id"], "reason": reason},
                }
            )
    return blockers


def publish_readiness(call: Call, bundle_id: str) -> Json:
    blockers = blockers_of(call, find_bundle(call, bundle_id))
    return {"data": {"bundle_id": bundle_id, "ready": not blockers, "blockers": blockers}}


def publish_bundle(call: Call, bundle_id: str) -> Json:
    """POST …/publish: hands the bundle to the managers; late dates are moved, not refused."""
    bundle = find_bundle(call, bundle_id)
    adjusted = publish(call, bundle)
    data: Json = {
        "id": bundle["id"],
        "bundle_id": bundle["id"],
        "status": bundle["status"],
        "published_at": iso_millis(bundle["published_at"]),
    }
    if adjusted:
        data["adjusted_videos"] = adjusted
        data["adjusted_videos_note"] = "Some dates no longer cleared the lead time and were moved."
    return {"data": data}


def publish(work: Work, bundle: Row) -> list[Json]:
    """Publish a bundle and its configured slots; returns the videos whose dates were moved."""
    if bundle["status"] != "pending_setup":
        already = bundle["status"] in (*ACTIVE, "completed")
        raise ApiError(
            409,
            "BUNDLE_ALREADY_PUBLISHED" if already else "BUNDLE_INVALID_STATUS",
            f"The bundle is {bundle['status']}",
            current_status=bundle["status"],
        )
    if bundle["bundle_type"] == "videos_only":
        coverage.gate_bundle(work, bundle)
    if blockers := blockers_of(work, bundle):
        raise ApiError(
            409, assumed.BUNDLE_NOT_READY, "The bundle is not ready to be published", blockers=blockers
        )
    touch(work, bundle, status="published", published_at=work.now)
    webhooks.emit(work, "bundle.published", bundle_event(bundle))
    if bundle["bundle_type"] != "videos_only":
        move_account(work, bundle, "published")
    slots = [slot for slot in slots_of(work, bundle["id"]) if slot["status"] == "configured"]
    adjusted = schedule.move_stale_dates(work, bundle, slots)
    for slot in slots:
        schedule.move_slot(work, slot, "published")
    return adjusted


def unpublish_bundle(call: Call, bundle_id: str) -> Json:
    """POST …/unpublish: back to setup while no manager has accepted; nothing is given back."""
    bundle = find_bundle(call, bundle_id)
    if bundle["status"] not in PUBLISHED:
        taken = bundle["status"] in ("accepted", "in_review", "finalized", "completed")
        raise ApiError(
            409,
            "already_accepted" if taken else "invalid_status",
            f"The bundle is {bundle['status']}",
            current_status=bundle["status"],
        )
    touch(call, bundle, status="pending_setup", published_at=None, next_visit_at=None)
    if bundle["bundle_type"] != "videos_only":
        move_account(call, bundle, "configured", announce=False)
    for slot in slots_of(call, bundle_id):
        if slot["status"] == "published":
            schedule.move_slot(call, slot, "configured", announce=False)
    return {"data": {"id": bundle_id, "status": bundle["status"], "unpublished_at": iso_millis(call.now)}}


def complete_when_done(work: Work, bundle: Row) -> None:
    """A bundle is completed when its account and all its slots are finalized."""
    if bundle["status"] not in ("accepted", "in_review", "finalized"):
        return
    if bundle["bundle_type"] != "videos_only" and bundle["account_status"] != "finalized":
        return
    if all(slot["status"] in ("finalized", "cancelled") for slot in slots_of(work, bundle["id"])):
        touch(work, bundle, status="completed", next_visit_at=None)
