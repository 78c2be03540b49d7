"""Video slots: reading, configuring one or many, and the steps a client may take with them."""

import re
from typing import Any

from . import assumed, coverage, credits, schedule
from .bundles import PUBLISHED, complete_when_done, find_bundle, publish, slots_of
from .call import Call
from .clock import iso_millis
from .errors import ApiError, invalid, unknown_fields
from .fields import Fields
from .listing import read_corrections
from .paging import read_date
from .store import Row
from .work import Json, Work

VIDEO_TYPES = ("video", "carousel", "story")
# What the API stores as it was sent; `name`, `external_ref` and the date have columns of their own.
CONTENT_FIELDS = (
    "video_type",
    "description",
    "video_url",
    "carousel_images",
    "carousel_title",
    "story_image_url",
    "story_repost_url",
    "tiktok_sound_url",
    "volume_original_sound",
    "volume_added_sound",
    "instant_repost_as_story",
    "instagram_content_type",
    "instagram_location",
    "instagram_collaborators",
    "instagram_audio_name",
    "instagram_add_to_story",
    "ai_content_disclaimer",
    "disclose_as_ads",
    "editing_instructions",
)
SLOT_FIELDS = (*CONTENT_FIELDS, "name", "external_ref", "target_publish_date")
FLAGS = ("instant_repost_as_story", "instagram_add_to_story", "ai_content_disclaimer", "disclose_as_ads")
POSITION = re.compile(r"[1-9][0-9]{0,8}")


def find_slot(work: Work, bundle: Row, position: Any) -> Row:
    slot = None
    if POSITION.fullmatch(str(position)):
        slot = work.store.one(
            "SELECT * FROM videos WHERE bundle_id = ? AND position = ?", bundle["id"], int(position)
        )
    if slot is None:
        raise ApiError(404, "VIDEO_NOT_FOUND", f"No video slot {position} in this bundle", position=position)
    return slot


def video_json(slot: Row) -> Json:
    return {
        "id": slot["id"],
        "video_id": slot["id"],
        "bundle_id": slot["bundle_id"],
        "position": slot["position"],
        "status": slot["status"],
        **{name: slot["content"].get(name) for name in CONTENT_FIELDS},
        "name": slot["name"],
        "external_ref": slot["external_ref"],
        "target_publish_date": slot["start_date"],
        "target_publish_start_date": slot["start_date"],
        "target_publish_end_date": slot["end_date"],
        "platform_url": slot["platform_url"],
        "download_issue": slot["download_issue"],
        "download_issue_comment": slot["download_issue_comment"],
        "evidence_screenshot": None,
        "correction_comment": (slot["corrections"] or {}).get("comment"),
        "correction_fields": (slot["corrections"] or {}).get("fields"),
        "finalized_at": iso_millis(slot["finalized_at"]),
        "created_at": iso_millis(slot["created_at"]),
        "updated_at": iso_millis(slot["updated_at"]),
    }


def list_videos(call: Call, bundle_id: str) -> Json:
    bundle = find_bundle(call, bundle_id)
    return {"data": [video_json(slot) for slot in slots_of(call, bundle["id"])]}


def get_video(call: Call, bundle_id: str, position: str) -> Json:
    return {"data": video_json(find_slot(call, find_bundle(call, bundle_id), position))}


# Configuring


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


def publish_configured(work: Work, bundle: Row) -> list[Json]:
    """`auto_publish`: the bundle if it is still in setup, else its configured slots."""
    if bundle["status"] == "pending_setup":
        bundle |= find_bundle(work, bundle["id"])
        return publish(work, bundle)
    return publish_slots(
        work, bundle, [s for s in slots_of(work, bundle["id"]) if s["status"] == "configured"]
    )


def publish_slots(work: Work, bundle: Row, slots: list[Row]) -> list[Json]:
    """Hand slots to the manager of an active bundle; returns those whose dates were moved."""
    if bundle["status"] not in (*PUBLISHED, "accepted"):
        raise ApiError(
            409, "BUNDLE_INVALID_STATUS", f"The bundle is {bundle['status']}", current_status=bundle["status"]
        )
    adjusted = schedule.move_stale_dates(work, bundle, slots)
    for slot in slots:
        schedule.move_slot(work, slot, "published")
    return adjusted


def patch_video(call: Call, bundle_id: str, position: str) -> Json:
    """PATCH: name and external_ref at any time, description and dates before posting."""
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    fields = Fields(call.body)
    dates = ("target_publish_date", "target_publish_start_date", "target_publish_end_date")
    if unknown := [n for n in fields.body if n not in ("external_ref", "name", "description", *dates)]:
        raise unknown_fields(unknown)
    if not fields.body:
        raise invalid(body="needs at least one field")
    coverage.gate_bundle(call, bundle)
    changes: Json = {name: fields.text(name) for name in ("name", "external_ref") if name in fields.body}
    if "description" in fields.body:
        text = fields.text("description", maximum=assumed.MAX_DESCRIPTION)
        changes["content"] = slot["content"] | {"description": text}
    fields.check()
    is_dated = any(name in fields.body for name in dates)
    if (is_dated or "content" in changes) and slot["status"] not in assumed.PATCHABLE_SLOT_STATUSES:
        raise wrong_status(slot)
    if is_dated:
        changes |= _patched_window(call, bundle, slot, fields.body)
    schedule.change_slot(call, slot, **changes)
    return {"data": video_json(slot)}


def _patched_window(work: Work, bundle: Row, slot: Row, body: Json) -> Json:
    if "target_publish_date" in body:
        if "target_publish_start_date" in body or "target_publish_end_date" in body:
            raise invalid(target_publish_date="cannot stand beside an explicit pair of dates")
        day = read_date("target_publish_date", body["target_publish_date"])
        window = schedule.window(day)
    else:
        day = read_date("target_publish_start_date", body.get("target_publish_start_date"))
        end = read_date("target_publish_end_date", body.get("target_publish_end_date"))
        if end < day:
            raise invalid(target_publish_end_date="must not be before the start date")
        window = {"start_date": day.isoformat(), "end_date": end.isoformat()}
    schedule.check_day(work, bundle, slot, day)
    return window


# Steps


def wrong_status(slot: Row) -> ApiError:
    return ApiError(
        assumed.INVALID_TRANSITION_STATUS,
        "INVALID_STATUS_TRANSITION",
        f"The video is {slot['status']}",
        current_status=slot["status"],
        position=slot["position"],
    )


def _slot_for_step(call: Call, bundle_id: str, position: str, statuses: tuple[str, ...]) -> tuple[Row, Row]:
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    if slot["status"] not in statuses:
        raise wrong_status(slot)
    coverage.gate_bundle(call, bundle)
    return bundle, slot


def publish_video(call: Call, bundle_id: str, position: str) -> Json:
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    if bundle["status"] in (*PUBLISHED, "accepted") and slot["status"] != "configured":
        raise wrong_status(slot)
    coverage.gate_bundle(call, bundle)
    adjusted = publish_slots(call, bundle, [slot])
    data: Json = {
        "video_id": slot["id"],
        "position": slot["position"],
        "bundle_id": bundle_id,
        "status": slot["status"],
    }
    if adjusted:
        data |= {
            "date_adjusted": True,
            "original_date": adjusted[0]["previous_date"],
            "new_date": adjusted[0]["new_date"],
            "hint": "The date no longer cleared the lead time and was moved.",
        }
    return {"data": data}


def publish_all_videos(call: Call, bundle_id: str) -> Json:
    bundle = find_bundle(call, bundle_id)
    coverage.gate_bundle(call, bundle)
    slots = [slot for slot in slots_of(call, bundle_id) if slot["status"] == "configured"]
    adjusted = publish_slots(call, bundle, slots)
    data: Json = {
        "bundle_id": bundle_id,
        "videos_published": len(slots),
        "video_ids": [slot["id"] for slot in slots],
    }
    if adjusted:
        data |= {
            "dates_adjusted": True,
            "adjusted_videos": adjusted,
            "hint": "Dates that no longer cleared the lead time were moved together.",
        }
    return {"data": data}


def reset_video(call: Call, bundle_id: str, position: str) -> Json:
    """POST …/reset: the slot is empty again; options paid for it stay paid."""
    _, slot = _slot_for_step(call, bundle_id, position, assumed.RESETTABLE_SLOT_STATUSES)
    schedule.change_slot(
        call, slot, status="pending", content={}, name=None, external_ref=None, start_date=None, end_date=None
    )
    return {"data": video_json(slot)}


def unschedule_video(call: Call, bundle_id: str, position: str) -> Json:
    """POST …/unschedule: taken back from the manager, content kept."""
    _, slot = _slot_for_step(call, bundle_id, position, assumed.UNSCHEDULABLE_SLOT_STATUSES)
    schedule.change_slot(call, slot, status="configured")
    return {"data": video_json(slot)}


def finalize_video(call: Call, bundle_id: str, position: str) -> Json:
    bundle, slot = _slot_for_step(call, bundle_id, position, ("accepted", "in_review"))
    finalize(call, bundle, slot)
    return {
        "data": {
            "position": slot["position"],
            "status": slot["status"],
            "finalized_at": iso_millis(slot["finalized_at"]),
        }
    }


def finalize(work: Work, bundle: Row, slot: Row) -> None:
    """Accept a posted video; the bundle may be complete with it."""
    schedule.move_slot(work, slot, "finalized", finalized_at=work.now)
    complete_when_done(work, bundle)


def request_video_corrections(call: Call, bundle_id: str, position: str) -> Json:
    _, slot = _slot_for_step(call, bundle_id, position, ("in_review",))
    corrections = read_corrections(call.body)
    schedule.move_slot(call, slot, "pending_corrections", corrections=corrections)
    return {"data": {"position": slot["position"], "status": slot["status"]}}


def fix_download(call: Call, bundle_id: str, position: str) -> Json:
    """POST …/fix-download: new media for a slot that the manager could not fetch."""
    bundle = find_bundle(call, bundle_id)
    slot = find_slot(call, bundle, position)
    if not slot["download_issue"]:
        raise wrong_status(slot)
    coverage.gate_bundle(call, bundle)
    fields = Fields(call.body)
    media = {
        "video_url": fields.url("video_url"),
        "carousel_images": fields.texts("carousel_images", minimum=1, maximum=20),
    }
    given = {name: value for name, value in media.items() if value}
    if not given:
        fields.refuse("video_url", "or carousel_images is required")
    fields.check()
    schedule.change_slot(
        call, slot, content=slot["content"] | given, download_issue=False, download_issue_comment=None
    )
    return {"data": video_json(slot)}
