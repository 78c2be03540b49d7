"""What the page of a bundle shows and offers."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from campaigns.commands import actions
from campaigns.commands.reports.accounts import Face, face_of, profile_of
from campaigns.commands.reports.readiness import Readiness, readiness
from campaigns.content.rules import earliest_day
from campaigns.models import Bundle, Command, Post, Video
from campaigns.states import Pill, account_pill, bundle_pill, video_pill

K = Command.Kind
EDITABLE_SLOTS = ("pending", "configured")
MOST_COMMANDS = 60


@dataclass(frozen=True, slots=True)
class Slot:
    video: Video
    pill: Pill
    post: Post | None
    is_editable: bool
    sent: Mapping[str, Any] | None = None  # for it, as TokPortal last took it from here

    @property
    def moved_from(self) -> date | None:
        """The day that we asked for, where TokPortal has moved it ("Publish")."""
        asked, given = self.post.publish_date if self.post else None, self.video.publish_date
        return asked if asked and given and given > asked and self.video.status != "pending" else None

    @property
    def is_unsent(self) -> bool:
        """Whether our Post says something that TokPortal's slot does not.

        What TokPortal may answer otherwise than it was sent, such as the day or the address of the media, is
        compared with what was sent.
        """
        if self.post is None:
            return False
        post, video = self.post, self.video
        if self.sent is not None and self.sent != {"position": video.position, **post.body()}:
            return True
        caption = "" if post.video_type == Post.Type.STORY else post.caption
        ours = (post.video_type, caption, post.name, post.external_ref)
        return ours != (video.video_type, video.description, video.name, video.external_ref)


@dataclass(frozen=True, slots=True)
class BundlePage:
    """One bundle with everything its page shows; what a person may press is decided here, once."""

    bundle: Bundle
    pill: Pill
    account_pill: Pill
    face: Face
    slots: list[Slot]
    commands: list[Command]  # newest first
    readiness: Readiness
    first_day: date
    now: datetime  # TokPortal's

    @property
    def unsettled(self) -> list[Command]:
        return [command for command in self.commands if not command.is_settled]

    @property
    def is_moving(self) -> bool:
        """Something is under way, or done and not read again yet: the page looks often."""
        answers = (
            command.answered_at for command in self.commands if command.state == Command.State.SUCCEEDED
        )
        read_at = min([self.bundle.read_at, *(slot.video.read_at for slot in self.slots)])
        return bool(self.unsettled) or any(at and at > read_at for at in answers)

    @property
    def last_refused(self) -> Command | None:
        """A refusal that nothing has succeeded after."""
        last = next((command for command in self.commands if command.is_settled), None)
        return last if last and last.state == Command.State.REFUSED else None

    @property
    def charged(self) -> int:
        return sum(command.credits_charged or 0 for command in self.commands)

    @property
    def needs_setup(self) -> bool:
        return self.bundle.status in ("pending_setup", "draft")

    @property
    def can_publish(self) -> bool:
        return self.bundle.status == "pending_setup" and not self._is_under_way(K.PUBLISH_BUNDLE)

    @property
    def can_unpublish(self) -> bool:
        waits_for_manager = self.bundle.status in ("published", "published_priority")
        return waits_for_manager and not self._is_under_way(K.UNPUBLISH_BUNDLE)

    @property
    def unsent_slots(self) -> list[Slot]:
        """Set up after publication: the manager does not see them before they are published too."""
        if self.bundle.status not in ("published", "published_priority", "accepted"):
            return []
        return [slot for slot in self.slots if slot.video.status == "configured"]

    @property
    def can_publish_all(self) -> bool:
        return bool(self.unsent_slots) and not self._is_under_way(K.PUBLISH_ALL_VIDEOS)

    @property
    def has_editable_slots(self) -> bool:
        return any(slot.is_editable for slot in self.slots)

    @property
    def to_review(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.video.status == "in_review"]

    @property
    def download_troubles(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.video.has_download_issue]

    @property
    def slot_to_see(self) -> Slot | None:
        """The first slot that waits for a person."""
        return next(iter([*self.download_troubles, *self.to_review]), None)

    @property
    def is_publish_gated(self) -> bool:
        return actions.is_gated(K.PUBLISH_BUNDLE, self.bundle)

    @property
    def primary(self) -> str:
        """The one thing to do now: publish, publish_all, account, video, slots, again, or nothing."""
        if self.can_publish:
            return "publish"
        if self.bundle.is_handed_over and self.bundle.account_status == "in_review":
            return "account"
        if self.can_publish_all:
            return "publish_all"
        if self.slot_to_see:
            return "video"
        if self.bundle.is_ended:
            return "again" if self.bundle.campaign_id else ""
        return "" if self.needs_setup or not self.bundle.has_videos else "slots"

    def _is_under_way(self, kind: str) -> bool:
        return any(command.kind == kind for command in self.unsettled)

    @property
    def fingerprint(self) -> str:
        """Changes when the page would. A poll that carries the current one is answered with nothing."""
        profile = profile_of(self.bundle)
        facts = [
            self.bundle.status,
            self.bundle.account_status,
            self.bundle.upstream_changed_at,
            self.bundle.videos_quantity,
            self.bundle.edits_quantity,
            self.bundle.saved_account_id,
            profile.version if profile else 0,
            *(
                (slot.video.status, slot.video.status_since, slot.video.has_download_issue)
                for slot in self.slots
            ),
            *(slot.post.version for slot in self.slots if slot.post),
            *(
                (command.pk, command.state, command.state_since, command.evidence)
                for command in self.commands
            ),
            self.is_moving,
        ]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def slots_of(bundle: Bundle) -> list[Slot]:
    """The slots of a bundle by position, each with its Post. Two queries."""
    can_take = not bundle.is_ended and bundle.status in Bundle.ORDERABLE_SLOTS
    sent = _last_sent(bundle)
    return [
        Slot(
            video,
            video_pill(video),
            getattr(video, "post", None),
            can_take and video.status in EDITABLE_SLOTS,
            sent.get(video.position),
        )
        for video in bundle.videos.select_related("post").order_by("position")
    ]


def _last_sent(bundle: Bundle) -> dict[int, Mapping[str, Any]]:
    """Position → what was last sent for it and not refused."""
    state = Command.State
    batches = bundle.commands.filter(kind=K.CONFIGURE_VIDEOS).exclude(state__in=(state.REFUSED, state.VOID))
    sent: dict[int, Mapping[str, Any]] = {}
    for body, details in batches.order_by("pk").values_list("body", "error_details"):
        refused = details.get("positions") or {}
        for item in body.get("videos", ()):
            if str(item["position"]) not in refused:
                sent[item["position"]] = item
    return sent


def bundle_page(bundle: Bundle, *, now: datetime) -> BundlePage:
    """`now` is machine time. Three queries."""
    at = bundle.connection.upstream_now(now)
    slots = slots_of(bundle)
    videos = [slot.video for slot in slots]
    posts = [slot.post for slot in slots if slot.post]
    commands = list(bundle.commands.select_related("asked_by").order_by("-pk")[:MOST_COMMANDS])
    return BundlePage(
        bundle=bundle,
        pill=bundle_pill(bundle),
        account_pill=account_pill(bundle),
        face=face_of(bundle),
        slots=slots,
        commands=commands,
        readiness=readiness(bundle, videos, posts, commands, today=at.date()),
        first_day=earliest_day(bundle, at.date()),
        now=at,
    )
