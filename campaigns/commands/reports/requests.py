"""What a Command asks for, and what to do about its end: in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agency.models import User
from campaigns.commands.refusals import WAITING
from campaigns.models import Command, Platform

K, S = Command.Kind, Command.State

FIELD_WORDS: Mapping[str, Promise] = {
    "bundle_type": gettext_lazy("What"),
    "platform": gettext_lazy("Platform"),
    "country": gettext_lazy("Country"),
    "account_id": gettext_lazy("Account"),
    "videos_quantity": gettext_lazy("Videos"),
    "edits_quantity": gettext_lazy("Edited by TokPortal"),
    "title": gettext_lazy("Title"),
    "external_ref": gettext_lazy("Reference"),
    "quantity": gettext_lazy("How many"),
    "auto_finalize_videos": gettext_lazy("Accept videos without a review"),
    "wants_advanced_warming": gettext_lazy("Advanced warming"),
    "advanced_warming_terms": gettext_lazy("Search terms"),
    "advanced_warming_terms_count": gettext_lazy("Search terms, given later"),
    "wants_niche_warming": gettext_lazy("Niche warming"),
    "niche_warming_instructions": gettext_lazy("Instructions for warming"),
    "wants_deep_warming": gettext_lazy("Deep warming"),
    "wants_moderation": gettext_lazy("Content moderation"),
    "moderation_notice": gettext_lazy("Notice for the moderators"),
    "username": gettext_lazy("Username"),
    "visible_name": gettext_lazy("Name"),
    "biography": gettext_lazy("Biography"),
    "profile_picture_url": gettext_lazy("Picture"),
    "profile_picture": gettext_lazy("Picture"),
    "link_in_bio": gettext_lazy("Link in bio"),
    "comment": gettext_lazy("Comment"),
    "video_url": gettext_lazy("Media"),
    "carousel_images": gettext_lazy("Media"),
    "url": gettext_lazy("Address"),
    "events": gettext_lazy("Events"),
}
TYPE_WORDS: Mapping[str, Promise] = {
    "account_only": gettext_lazy("A new account only"),
    "account_and_videos": gettext_lazy("A new account with videos"),
    "videos_only": gettext_lazy("Videos on an existing account"),
}
VIDEO_TYPES: Mapping[str, Promise] = {
    "video": gettext_lazy("video"),
    "carousel": gettext_lazy("carousel"),
    "story": gettext_lazy("story"),
}


def asked(command: Command) -> list[tuple[str, str]]:
    """The request as pairs of label and words."""
    body: dict[str, Any] = dict(command.body)
    pairs = []
    if position := command.target.get("position"):
        pairs.append((_("Slot"), str(position)))
    for item in body.pop("videos", []):
        day = item.get("target_publish_date") or _("no day")
        what = item.get("description") or item.get("name") or video_type(item.get("video_type", ""))
        pairs.append((_("Slot %(position)s") % {"position": item.get("position")}, f"{day} · {what}"))
    body |= body.pop("fields", {})
    order = list(FIELD_WORDS)  # the database keeps no order of its own
    for name in sorted(body, key=lambda name: (order.index(name) if name in order else len(order), name)):
        if (value := body[name]) not in ("", None, [], {}):
            label = FIELD_WORDS.get(name) or name.replace("_", " ").capitalize()
            pairs.append((str(label), _in_words(name, value)))
    return pairs


def video_type(name: str) -> str:
    """TokPortal's word for what a slot holds; one that we do not know is shown as it is."""
    return str(VIDEO_TYPES.get(name, name))


def _in_words(name: str, value: object) -> str:
    if name == "bundle_type":
        return str(TYPE_WORDS.get(str(value), value))
    if name == "platform":
        return str(dict(Platform.choices).get(str(value), value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def kept_by(command: Command, now: datetime) -> tuple[str, datetime | None]:
    """Why a queued Command does not leave, besides its own next try: a sentence, and when that is looked at again.

    The sentence is empty where nothing keeps it. Machine time.
    """
    way = command.connection
    if command.state != S.QUEUED:
        return "", None
    if way.key_refused_at:
        return str(WAITING["key"]), way.next_probe_at
    if way.paused_at:
        return str(WAITING["reply"]), way.next_probe_at
    if command.kind in Command.NEEDS_CAPACITY and way.cooling_until and way.cooling_until > now:
        return str(WAITING["capacity"]), way.cooling_until
    return "", None


def refused_slots(command: Command | None) -> dict[int, str]:
    """Position → why, of a batch that was refused in part."""
    positions = command.error_details.get("positions") if command else None
    return {int(position): text for position, text in (positions or {}).items()}


def next_step(command: Command, user: User) -> tuple[str, str] | None:
    """Label and address of what mends a refusal, or None where nothing but its sentence helps."""
    if command.state not in (S.REFUSED, S.VOID) and not command.error_code:
        return None
    if command.state == S.QUEUED:
        return (
            (_("Settings"), reverse("settings"))
            if command.error_code == "UNAUTHORIZED" and user.is_owner
            else None
        )
    if command.kind == K.CREATE_BUNDLE and command.campaign_id:
        return _("Order again"), f"{reverse('bundle_order', args=[command.campaign_id])}?again={command.pk}"
    if command.bundle_id is None:
        return None
    pages = {
        K.ADD_VIDEO_SLOTS: (_("Add slots again"), "bundle_add_slots"),
        K.ADD_EDIT_SLOTS: (_("Add slots again"), "bundle_add_slots"),
        K.CONFIGURE_ACCOUNT: (_("Change the profile"), "bundle_account"),
        K.CORRECT_ACCOUNT: (_("Look at the account"), "bundle_account"),
        K.FINALIZE_ACCOUNT: (_("Look at the account"), "bundle_account"),
        K.CONFIGURE_VIDEOS: (_("Change the slots"), "bundle_videos"),
    }
    if command.kind not in pages:  # its page links to the bundle anyway
        return None
    label, page = pages[K(command.kind)]
    return label, reverse(page, args=[command.bundle_id])
