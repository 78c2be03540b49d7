"""Video slots as the API shows them."""

import re
from typing import Any

from . import assumed
from .bundles import find_bundle, slots_of
from .call import Call
from .clock import iso_millis
from .errors import ApiError
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


def wrong_status(slot: Row) -> ApiError:
    return ApiError(
        assumed.INVALID_TRANSITION_STATUS,
        "INVALID_STATUS_TRANSITION",
        f"The video is {slot['status']}",
        current_status=slot["status"],
        position=slot["position"],
    )
