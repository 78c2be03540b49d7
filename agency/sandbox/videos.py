"""Configuring video slots: one, or many with each judged by itself. Some options are paid."""

from typing import Any

from . import assumed, coverage, credits, schedule
from .bundles import find_bundle, slots_of
from .call import Call
from .errors import ApiError, invalid, unknown_fields
from .fields import Fields
from .paging import read_date
from .slots import CONTENT_FIELDS, FLAGS, SLOT_FIELDS, VIDEO_TYPES, find_slot, video_json, wrong_status
from .store import Row
from .video_steps import publish_configured
from .work import Json, Work


def configure_video(call: Call, bundle_id: str, position: str) -> Json:
    """PUT …/videos/{position}: replaces the slot's content; some options are paid ("Configure Videos")."""
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    coverage.gate_bundle(call, bundle)
    body = dict(call.body) if isinstance(call.body, dict) else call.body
    auto_publish = _take_auto_publish(body)
    parts = configure_slot(call, bundle, slot, body)
    charge_options(call, bundle, parts)
    adjusted = publish_configured(call, bundle) if auto_publish else []
    data = video_json(find_slot(call, bundle, position))
    answer: Json = {"data": data}
    if call.charged:
        answer = credits.paid(call, data)
    if adjusted:
        data["adjusted_videos"] = adjusted
    return answer


def batch_configure(call: Call, bundle_id: str) -> Json:
    """PUT …/videos/batch: each position by itself; good rows are kept beside refused ones."""
    bundle = find_bundle(call, bundle_id)
    if not isinstance(call.body, dict) or not isinstance(call.body.get("videos"), list):
        raise invalid(videos='the body must be {"videos": […]}')
    if unknown := [name for name in call.body if name not in ("videos", "auto_publish")]:
        raise unknown_fields(unknown)
    auto_publish = _take_auto_publish(dict(call.body))
    if not call.body["videos"]:
        raise invalid(videos="must not be empty")
    coverage.gate_bundle(call, bundle)
    return configure_many(call, bundle, call.body["videos"], auto_publish)


def configure_many(call: Call, bundle: Row, items: list[Any], auto_publish: bool) -> Json:
    """Configure several slots; `errors` names the positions that were refused."""
    configured: list[int] = []
    errors: list[Json] = []
    parts: dict[str, int] = {}
    for item in items:
        position = item.get("position") if isinstance(item, dict) else None
        try:
            with call.store.savepoint():
                if isinstance(position, bool) or not isinstance(position, int):
                    raise invalid(position="is required and must be a whole number")
                slot = find_slot(call, bundle, position)
                body = {name: value for name, value in item.items() if name != "position"}
                for part, amount in configure_slot(call, bundle, slot, body).items():
                    parts[part] = parts.get(part, 0) + amount
        except ApiError as refusal:
            errors.append({"position": position, **refusal.body()["error"]})
        else:
            configured.append(position)
    charge_options(call, bundle, parts)
    data: Json = {"bundle_id": bundle["id"], "configured": configured, "errors": errors}
    if auto_publish and configured and (adjusted := publish_configured(call, bundle)):
        data["adjusted_videos"] = adjusted
    return credits.paid(call, data) if call.charged else {"data": data}


def configure_slot(work: Work, bundle: Row, slot: Row, body: Any) -> dict[str, int]:
    """Check and write one slot's content; returns the price of its paid options by part."""
    if bundle["status"] in ("completed", "cancelled", "archived"):
        raise ApiError(
            409, "BUNDLE_INVALID_STATUS", f"The bundle is {bundle['status']}", current_status=bundle["status"]
        )
    if slot["status"] not in assumed.CONFIGURABLE_SLOT_STATUSES:
        raise wrong_status(slot)
    fields = Fields(body)
    if unknown := [name for name in fields.body if name not in SLOT_FIELDS]:
        raise unknown_fields(unknown)
    content = read_content(fields, bundle["platform"])
    name, external_ref = fields.text("name"), fields.text("external_ref")
    if fields.body.get("target_publish_date") is None:
        fields.refuse("target_publish_date", "is required")
    if content["editing_instructions"] and assumed.EDITING_NEEDS_EDIT_SLOT:
        used = sum(
            1
            for other in slots_of(work, bundle["id"])
            if other["id"] != slot["id"] and other["content"].get("editing_instructions")
        )
        if used >= bundle["edits_quantity"]:
            fields.refuse("editing_instructions", "needs an edit slot, and none is free")
    fields.check()
    day = read_date("target_publish_date", fields.body["target_publish_date"])
    schedule.check_day(work, bundle, slot, day)
    parts, paid_options = _option_prices(work, slot, content)
    schedule.move_slot(
        work,
        slot,
        "configured",
        content=content,
        name=name,
        external_ref=external_ref,
        paid_options=paid_options,
        download_issue=False,
        download_issue_comment=None,
        **schedule.window(day),
    )
    return parts


def read_content(fields: Fields, platform: str) -> Json:
    """The content of a slot, with the rules of its type and platform."""
    kind = fields.choice("video_type", VIDEO_TYPES, required=True)
    content: Json = dict.fromkeys(CONTENT_FIELDS)
    content["video_type"] = kind
    content["description"] = fields.text(
        "description", maximum=assumed.MAX_DESCRIPTION, required=kind in ("video", "carousel")
    )
    if kind == "story" and content["description"]:
        fields.refuse("description", "is not part of a story")
    content["video_url"] = fields.url("video_url", required=kind == "video")
    content["story_image_url"] = fields.text("story_image_url", maximum=2000)
    if kind == "story" and bool(content["video_url"]) == bool(content["story_image_url"]):
        fields.refuse("video_url", "or story_image_url: a story needs exactly one of them")
    content["carousel_images"] = fields.texts(
        "carousel_images", minimum=1, maximum=20, required=kind == "carousel"
    )
    content["carousel_title"] = fields.text("carousel_title")
    content["tiktok_sound_url"] = fields.url(
        "tiktok_sound_url", required=kind == "carousel" and platform == "tiktok"
    )
    content["instagram_content_type"] = fields.choice(
        "instagram_content_type", ("reel", "post"), required=platform == "instagram" and kind != "story"
    )
    content["story_repost_url"] = fields.url("story_repost_url")
    for name in ("volume_original_sound", "volume_added_sound"):
        if fields.body.get(name) is not None:
            content[name] = fields.integer(name, maximum=100)
    for name in FLAGS:
        content[name] = fields.flag(name)
    for name in ("instagram_location", "instagram_audio_name"):
        content[name] = fields.text(name)
    content["instagram_collaborators"] = fields.texts("instagram_collaborators")
    content["editing_instructions"] = fields.text("editing_instructions", maximum=5000)
    return content


def _option_prices(work: Work, slot: Row, content: Json) -> tuple[dict[str, int], list[str]]:
    """The price of options set for the first time on this slot, and all options paid so far."""
    wanted = {
        "sound_volume": content["volume_original_sound"] is not None
        or content["volume_added_sound"] is not None,
        "story_repost_url": bool(content["story_repost_url"]),
        "instant_repost_as_story": bool(content["instant_repost_as_story"]),
    }
    new = [option for option, is_set in wanted.items() if is_set and option not in slot["paid_options"]]
    parts: dict[str, int] = {}
    for option in new:
        part = "sound_volume" if option == "sound_volume" else "story_repost"
        parts[part] = parts.get(part, 0) + work.prices.credits_for(part)
    return parts, slot["paid_options"] + new


def charge_options(work: Work, bundle: Row, parts: dict[str, int]) -> None:
    if parts:
        credits.charge(
            work,
            parts=parts,
            description="Video options",
            bundle_ids=[bundle["id"]],
            external_ref=bundle["external_ref"],
        )


def _take_auto_publish(body: Any) -> bool:
    value = body.pop("auto_publish", False) if isinstance(body, dict) else False
    if not isinstance(value, bool):
        raise invalid(auto_publish="must be true or false")
    return value
