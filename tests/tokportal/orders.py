"""What tests order from the sandbox."""

from datetime import UTC, datetime
from uuid import uuid4

from agency.tokportal import TokPortal

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)  # the sandbox's clock


def order(**more: object) -> dict[str, object]:
    return {
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "US",
        "videos_quantity": 3,
        "title": "Acme - US TikTok",
        "external_ref": f"acme-spring-{uuid4().hex[:6]}",
        "auto_finalize_videos": False,
    } | more


PROFILE = {
    "username": "acme_us",
    "visible_name": "Acme",
    "biography": "New launches weekly.",
    "profile_picture_url": "https://cdn.example.com/acme.jpg",
}


def video(day: int, **more: object) -> dict[str, object]:
    return {
        "video_type": "video",
        "description": "Launch",
        "target_publish_date": f"2026-11-{day:02}",
        "video_url": "https://cdn.example.com/clip.mp4",
    } | more


def published(tokportal: TokPortal, **more: object) -> str:
    bundle_id = tokportal.create_bundle(body=order(**more), key=uuid4()).result.id
    tokportal.configure_account(bundle_id, body=PROFILE | {"username": f"acme_{bundle_id[:8]}"}, key=uuid4())
    tokportal.batch_configure_videos(
        bundle_id, body={"videos": [video(10 + n, position=n) for n in (1, 2, 3)]}, key=uuid4()
    )
    tokportal.publish_bundle(bundle_id, key=uuid4())
    return bundle_id
