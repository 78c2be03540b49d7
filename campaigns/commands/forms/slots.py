"""The forms of a bundle's slots: one, or many on one page that are sent in one call ("Configure Videos")."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.commands.forms.buttons import PricedForm
from campaigns.commands.reports.bundles import Slot
from campaigns.content.actions import StaleEdit
from campaigns.content.forms import POST_FIELDS, PostForm, values_at_tokportal
from campaigns.content.rules import crowded_days, earliest_day, problems
from campaigns.models import Bundle, Campaign, Post

# What a slot may hold that a Post does not know: sending the slot clears it.
UNKNOWN_TO_POSTS: Mapping[str, Promise] = {
    "tiktok_sound_url": gettext_lazy("sound"),
    "volume_original_sound": gettext_lazy("volume"),
    "volume_added_sound": gettext_lazy("volume of the sound"),
    "story_repost_url": gettext_lazy("story repost"),
    "instant_repost_as_story": gettext_lazy("repost as story"),
    "carousel_title": gettext_lazy("carousel title"),
    "instagram_location": gettext_lazy("location"),
    "instagram_collaborators": gettext_lazy("collaborators"),
    "instagram_audio_name": gettext_lazy("audio name"),
    "instagram_add_to_story": gettext_lazy("story"),
}


class SlotForm(PostForm):
    """What one slot is to hold: the Post that sits there, an existing one (`use`), or what is written here."""

    use = forms.CharField(
        label=gettext_lazy("Use an existing post"),
        required=False,
        help_text=gettext_lazy("Its reference; the rest of the row is ignored."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        bundle: Bundle,
        slot: Slot,
        today: date,
        edits_left: int,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.bundle, self.slot, self.today = bundle, slot, today
        self.stale: StaleEdit | None = None
        self.used: Post | None = None
        self.refused = ""  # why TokPortal did not take it last time
        was_filled_elsewhere = slot.post is None and slot.video.status != "pending"
        there = values_at_tokportal(slot.video) if was_filled_elsewhere else {}
        super().__init__(
            data,
            campaign=owner_of(bundle),
            post=slot.post,
            country=bundle.country,
            initial=there | dict(initial or {}),
            prefix=f"slot-{slot.video.position}",
        )
        del self.fields["market_country"]
        if bundle.platform != "instagram":
            del self.fields["instagram_content_type"]
        else:
            self.fields["instagram_content_type"].help_text = ""
        if edits_left < 1 and not self.initial["editing_instructions"]:
            del self.fields["editing_instructions"]
        self.fields["publish_date"].widget.attrs["min"] = earliest_day(bundle, today).isoformat()

    @property
    def position(self) -> int:
        return self.slot.video.position

    @property
    def short_fields(self) -> list[forms.BoundField]:
        return self._bound("video_type", "publish_date", "instagram_content_type", "ai_content_disclaimer")

    @property
    def long_fields(self) -> list[forms.BoundField]:
        return self._bound("caption", "media", "disclose_as_ads", "editing_instructions")

    @property
    def side_fields(self) -> list[forms.BoundField]:
        """What most people leave as it is."""
        return self._bound("name", "external_ref", "use")

    @property
    def has_side_errors(self) -> bool:
        return any(field.errors for field in self.side_fields)

    def _bound(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def is_blank(self) -> bool:
        """An empty slot that nobody wrote anything for."""
        given = self.cleaned_data
        wrote = ("caption", "media", "publish_date", "name", "editing_instructions", "use")
        return (
            self.slot.post is None
            and self.slot.video.status == "pending"
            and given.get("ai_content_disclaimer") is None
            and not any(given.get(name) for name in wrote)
        )

    @property
    def has_something_to_send(self) -> bool:
        """Whether TokPortal's slot would change."""
        if self.is_blank:
            return False
        if (
            self.used
            or self.slot.is_unsent
            or (self.slot.post is None and self.slot.video.status == "pending")
        ):
            return True
        post = self.slot.post
        there = (
            {name: getattr(post, name) for name in POST_FIELDS}
            if post
            else values_at_tokportal(self.slot.video)
        )
        # A slot without a reference gets one, but not for that alone.
        return any(
            there.get(name) != value
            for name, value in self.values().items()
            if name != "external_ref" or there["external_ref"]
        )

    @cached_property
    def draft(self) -> Post:
        """The Post as it would be saved. Made while the form is valid: each error takes a value away."""
        if self.used:
            return self.used
        fields = self.values()
        if self.post is None:
            return Post(campaign=self.bundle.campaign, market_country=self.bundle.country, **fields)
        kept = {field.attname: getattr(self.post, field.attname) for field in Post._meta.concrete_fields}
        return Post(**(kept | fields))

    def check(self, days: Mapping[int, date | None]) -> None:
        """Add why the slot cannot be sent so. `days`: of every slot of the bundle, as it would be then."""
        draft = self.draft
        for problem in problems(draft, self.bundle, today=self.today):
            sentence = problem.sentence[0].upper() + problem.sentence[1:]
            self.add_error(problem.field if problem.field in self.fields else None, sentence)
        day = draft.publish_date
        same = {position: other for position, other in days.items() if other == day}
        for sentence in crowded_days(same):
            self.add_error("publish_date", sentence)

    def lost_at_tokportal(self) -> list[str]:
        """What the slot holds that was set elsewhere and would be cleared by sending it from here."""
        raw = self.slot.video.raw
        return [
            str(label)
            for name, label in UNKNOWN_TO_POSTS.items()
            if raw.get(name) not in (None, "", [], False)
        ]


def owner_of(bundle: Bundle) -> Campaign:
    """Slots are filled for a campaign; `campaigns.access.editable_bundle` lets no unclaimed bundle through."""
    assert bundle.campaign is not None
    return bundle.campaign


class SlotForms:
    """The slots of one page with the key and price they are sent with. `rows`: one SlotForm for each."""

    def __init__(
        self,
        data: Any,
        *,
        bundle: Bundle,
        slots: list[Slot],
        shown: list[Slot],
        today: date,
        initial: Mapping[int, dict[str, Any]] | None = None,
    ) -> None:
        """`slots`: all of the bundle; `shown`: those with a form; `initial`: position → values to start from."""
        self.bundle, self.slots = bundle, slots
        self.button = PricedForm(data)
        self.errors: list[str] = []
        self.is_unchanged = False  # sent, valid, and as everything stands already
        if shown:  # each row makes a reference from the campaign's namespace
            prefetch_related_objects([owner_of(bundle)], "namespaces", "markets")
        shown_positions = {slot.video.position for slot in shown}
        edited_elsewhere = sum(
            1 for slot in slots if slot.video.position not in shown_positions and _is_edited(slot)
        )
        self.edits_left = bundle.edits_quantity - edited_elsewhere
        self.rows = [
            SlotForm(
                data,
                bundle=bundle,
                slot=slot,
                today=today,
                edits_left=self.edits_left,
                initial=dict((initial or {}).get(slot.video.position, {})),
            )
            for slot in shown
        ]

    @property
    def to_send(self) -> list[SlotForm]:
        return [row for row in self.rows if row.has_something_to_send]

    def is_valid(self) -> bool:
        """Whether every row can be saved and sent; what cannot says why at its field."""
        is_valid = all([self.button.is_valid(), *(row.is_valid() for row in self.rows)])
        if not is_valid:
            return False
        self._take_used_posts()
        rows = self.to_send
        if not rows:
            self.is_unchanged = not any(row.errors for row in self.rows)
            self.errors += (
                [_("Nothing has changed, so there is nothing to send.")] if self.is_unchanged else []
            )
            return False
        days = {
            slot.video.position: slot.video.publish_date
            for slot in self.slots
            if slot.video.status != "cancelled"
        } | {row.position: row.draft.publish_date for row in rows}
        self._check_edits()
        self._check_references(rows)
        for row in rows:
            row.check(days)
        return not any(row.errors for row in self.rows)

    def _take_used_posts(self) -> None:
        wanted = {row.cleaned_data["use"] for row in self.rows if row.cleaned_data.get("use")}
        free = (
            {
                post.external_ref: post
                for post in Post.objects.filter(
                    campaign=self.bundle.campaign, video=None, external_ref__in=wanted
                )
            }
            if wanted
            else {}
        )
        counts = Counter(row.cleaned_data.get("use") for row in self.rows)
        for row in self.rows:
            if not (ref := row.cleaned_data.get("use")):
                continue
            row.used = free.get(ref)
            if row.used is None:
                row.add_error("use", _("No post of this campaign without a slot has this reference."))
            elif counts[ref] > 1:
                row.add_error("use", _("This post is chosen for two slots."))

    def _check_edits(self) -> None:
        wanting = [row for row in self.rows if row.draft.editing_instructions]
        said = ngettext(
            "The bundle has %(count)s edit, and it is in use.",
            "The bundle has %(count)s edits, and all are in use.",
            self.bundle.edits_quantity,
        )
        for row in wanting[max(self.edits_left, 0) :]:
            target = "editing_instructions" if "editing_instructions" in row.fields else None
            row.add_error(target, said % {"count": self.bundle.edits_quantity})

    def _check_references(self, rows: list[SlotForm]) -> None:
        counts = Counter(row.draft.external_ref for row in rows)
        for row in rows:
            if counts[row.draft.external_ref] > 1:
                row.add_error("external_ref", _("Two slots have this reference."))


def _is_edited(slot: Slot) -> bool:
    if slot.post:
        return bool(slot.post.editing_instructions)
    return bool(slot.video.raw.get("editing_instructions"))


def request_body(posts: Mapping[int, Post]) -> dict[str, Any]:
    """The request that `actions.configure_videos` sends for these slots, to ask its price."""
    return {"videos": [{"position": position, **post.body()} for position, post in sorted(posts.items())]}
