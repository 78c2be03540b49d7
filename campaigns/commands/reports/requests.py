"""What a Command asks for, and what to do about its end: in words."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from agency.models import User
from campaigns.models import Command, Platform

K, S = Command.Kind, Command.State

FIELD_WORDS: Mapping[str, str] = {
    "bundle_type": "What",
    "platform": "Platform",
    "country": "Country",
    "account_id": "Account",
    "videos_quantity": "Videos",
    "edits_quantity": "Edited by TokPortal",
    "title": "Title",
    "external_ref": "Reference",
    "quantity": "How many",
    "auto_finalize_videos": "Accept videos without a review",
    "wants_advanced_warming": "Advanced warming",
    "advanced_warming_terms": "Search terms",
    "advanced_warming_terms_count": "Search terms, given later",
    "wants_niche_warming": "Niche warming",
    "niche_warming_instructions": "Instructions for warming",
    "wants_deep_warming": "Deep warming",
    "wants_moderation": "Content moderation",
    "moderation_notice": "Notice for the moderators",
    "username": "Username",
    "visible_name": "Name",
    "biography": "Biography",
    "profile_picture_url": "Picture",
    "profile_picture": "Picture",
    "link_in_bio": "Link in bio",
    "comment": "Comment",
    "video_url": "Media",
    "carousel_images": "Media",
    "url": "Address",
    "events": "Events",
}
TYPE_WORDS: Mapping[str, str] = {
    "account_only": "A new account only",
    "account_and_videos": "A new account with videos",
    "videos_only": "Videos on an existing account",
}


def asked(command: Command) -> list[tuple[str, str]]:
    """The request as pairs of label and words."""
    body: dict[str, Any] = dict(command.body)
    pairs = []
    if position := command.target.get("position"):
        pairs.append(("Slot", str(position)))
    for item in body.pop("videos", []):
        day, what = item.get("target_publish_date") or "no day", item.get("description") or item.get("name")
        pairs.append((f"Slot {item.get('position')}", f"{day} · {what or item.get('video_type', '')}"))
    body |= body.pop("fields", {})
    order = list(FIELD_WORDS)  # the database keeps no order of its own
    for name in sorted(body, key=lambda name: (order.index(name) if name in order else len(order), name)):
        if (value := body[name]) not in ("", None, [], {}):
            pairs.append((FIELD_WORDS.get(name, name.replace("_", " ").capitalize()), _in_words(name, value)))
    return pairs


def _in_words(name: str, value: object) -> str:
    if name == "bundle_type":
        return TYPE_WORDS.get(str(value), str(value))
    if name == "platform":
        return str(dict(Platform.choices).get(str(value), value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


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
            ("Settings", reverse("settings"))
            if command.error_code == "UNAUTHORIZED" and user.is_owner
            else None
        )
    if command.kind == K.CREATE_BUNDLE and command.campaign_id:
        return "Order again", f"{reverse('bundle_order', args=[command.campaign_id])}?again={command.pk}"
    if command.bundle_id is None:
        return None
    pages = {
        K.ADD_VIDEO_SLOTS: ("Add slots again", "bundle_add_slots"),
        K.ADD_EDIT_SLOTS: ("Add slots again", "bundle_add_slots"),
        K.CONFIGURE_ACCOUNT: ("Change the profile", "bundle_account"),
        K.CORRECT_ACCOUNT: ("Look at the account", "bundle_account"),
        K.FINALIZE_ACCOUNT: ("Look at the account", "bundle_account"),
        K.CONFIGURE_VIDEOS: ("Change the slots", "bundle_videos"),
    }
    if command.kind not in pages:  # its page links to the bundle anyway
        return None
    label, page = pages[K(command.kind)]
    return label, reverse(page, args=[command.bundle_id])
