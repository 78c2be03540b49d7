from typing import Any

import pytest

from tests.sandbox.api import Api, video_body


def put(
    api: Api, bundle_id: str, position: int = 1, *, ahead: int = 4, **fields: Any
) -> tuple[int, str, dict]:
    body = video_body(api.day(ahead), **fields)
    return api.refused("PUT", f"/bundles/{bundle_id}/videos/{position}", body)


def test_a_configured_slot_reads_back_what_was_sent(api: Api) -> None:
    bundle_id = api.order()
    api.configure_video(bundle_id, name="Clip 1", external_ref="clip-01", disclose_as_ads=True)
    video = api.video(bundle_id)
    assert (video["status"], video["name"], video["external_ref"]) == ("configured", "Clip 1", "clip-01")
    assert video["target_publish_date"] == video["target_publish_start_date"] == api.day(4)
    assert video["target_publish_end_date"] == api.day(5)
    assert video["disclose_as_ads"] is True
    assert (video["platform_url"], video["download_issue"]) == (None, False)


def test_a_put_replaces_the_whole_slot(api: Api) -> None:
    bundle_id = api.order()
    api.configure_video(bundle_id, name="Clip 1", disclose_as_ads=True)
    api.configure_video(bundle_id, description="Other")
    video = api.video(bundle_id)
    assert (video["name"], video["disclose_as_ads"], video["description"]) == (None, False, "Other")


def test_an_unknown_field_is_refused_by_name(api: Api) -> None:
    status, code, details = put(api, api.order(), target_publish_end_date=api.day(6))
    assert (status, code, details["field"]) == (400, "UNKNOWN_FIELD", "target_publish_end_date")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"video_type": None}, "video_type"),
        ({"video_type": "film"}, "video_type"),
        ({"target_publish_date": None}, "target_publish_date"),
        ({"target_publish_date": "05.06.2026"}, "target_publish_date"),
        ({"description": None}, "description"),
        ({"description": "x" * 2201}, "description"),
        ({"video_url": None}, "video_url"),
        ({"video_url": "not a url"}, "video_url"),
        ({"name": "x" * 201}, "name"),
        ({"volume_added_sound": 101}, "volume_added_sound"),
        ({"disclose_as_ads": "yes"}, "disclose_as_ads"),
        ({"editing_instructions": "Cut the start"}, "editing_instructions"),
        ({"video_type": "carousel", "video_url": None}, "carousel_images"),
        ({"video_type": "carousel", "video_url": None, "carousel_images": ["a.jpg"]}, "tiktok_sound_url"),
        ({"video_type": "story"}, "description"),
        ({"video_type": "story", "description": None, "video_url": None}, "video_url"),
        (
            {"video_type": "story", "description": None, "story_image_url": "https://x.example/a.jpg"},
            "video_url",
        ),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    status, code, details = put(api, api.order(), **fields)
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert field in details


def test_instagram_wants_a_content_type_unless_it_is_a_story(api: Api) -> None:
    bundle_id = api.order(platform="instagram", videos_quantity=2)
    assert "instagram_content_type" in put(api, bundle_id)[2]
    api.configure_video(bundle_id, instagram_content_type="reel")
    api.configure_video(bundle_id, 2, video_type="story", description=None)


def test_editing_uses_an_edit_slot(api: Api) -> None:
    bundle_id = api.order(videos_quantity=2, edits_quantity=1)
    api.configure_video(bundle_id, editing_instructions="Cut the start")
    assert "editing_instructions" in put(api, bundle_id, 2, editing_instructions="Cut the end")[2]
    api.configure_video(bundle_id, editing_instructions="Cut the middle")


def test_a_new_account_needs_three_days(api: Api) -> None:
    bundle_id = api.order()
    status, code, details = put(api, bundle_id, ahead=2)
    assert (status, code) == (400, "INVALID_DATE")
    assert details == {"min_days_ahead": 3, "earliest_allowed": api.day(3)}
    api.configure_video(bundle_id, ahead=3)


def test_a_delivered_account_needs_one_day(own: Api) -> None:
    bundle_id, _ = own.delivered(videos_quantity=1)
    own.done("POST", f"/bundles/{bundle_id}/add-video-slots", {"quantity": 2})
    assert put(own, bundle_id, 2, ahead=0)[2] == {"min_days_ahead": 1, "earliest_allowed": own.day(1)}
    own.configure_video(bundle_id, 2, ahead=1)


def test_a_day_takes_three_videos_of_a_bundle(api: Api) -> None:
    bundle_id = api.order(videos_quantity=4)
    for position in (1, 2, 3):
        api.configure_video(bundle_id, position)
    status, code, details = put(api, bundle_id, 4)
    assert (status, code) == (400, "VIDEOS_PER_DAY_EXCEEDED")
    assert details == {"date": api.day(4), "current_count": 3}
    api.configure_video(bundle_id, 3, name="again on its own day")
    api.configure_video(bundle_id, 4, ahead=5)


def test_paid_options_are_charged_the_first_time_only(api: Api) -> None:
    bundle_id = api.order()
    first = api.configure_video(bundle_id, volume_added_sound=30, instant_repost_as_story=True)
    assert first["credits_charged"] == 2
    assert first["cost_breakdown"] == {"sound_volume": 1, "story_repost": 1, "total": 2}
    again = api.configure_video(bundle_id, volume_original_sound=80)
    assert "credits_charged" not in again
    assert api.configure_video(bundle_id, story_repost_url="https://x.example/1")["credits_charged"] == 1


def test_a_batch_keeps_its_good_rows_and_names_the_others(api: Api) -> None:
    bundle_id = api.order(videos_quantity=3)
    rows = [
        {"position": 1, **video_body(api.day(4))},
        {"position": 2, **video_body(api.day(1))},
        {"position": 3, **video_body(api.day(4)), "auto_publish": True},
        {"position": 9, **video_body(api.day(4))},
    ]
    answer = api.done("PUT", f"/bundles/{bundle_id}/videos/batch", {"videos": rows})["data"]
    assert answer["configured"] == [1]
    assert [(e["position"], e["code"]) for e in answer["errors"]] == [
        (2, "INVALID_DATE"),
        (3, "UNKNOWN_FIELD"),
        (9, "VIDEO_NOT_FOUND"),
    ]
    assert [v["status"] for v in api.done("GET", f"/bundles/{bundle_id}/videos")["data"]] == [
        "configured",
        "pending",
        "pending",
    ]


def test_a_batch_must_be_wrapped(api: Api) -> None:
    url = f"/bundles/{api.order()}/videos/batch"
    assert api.refused("PUT", url, [{"position": 1}])[1] == "VALIDATION_ERROR"
    assert api.refused("PUT", url, {"videos": [], "also": 1})[1] == "UNKNOWN_FIELD"


def test_a_batch_counts_its_own_rows_against_the_day(api: Api) -> None:
    bundle_id = api.order(videos_quantity=4)
    rows = [{"position": position, **video_body(api.day(4))} for position in (1, 2, 3, 4)]
    answer = api.done("PUT", f"/bundles/{bundle_id}/videos/batch", {"videos": rows})["data"]
    assert answer["configured"] == [1, 2, 3]
    assert answer["errors"][0]["details"]["current_count"] == 3


def test_a_sheet_is_imported_row_by_row(api: Api) -> None:
    bundle_id = api.order(videos_quantity=3)
    sheet = (
        "position,name,video_type,description,target_publish_start_date,video_url,disclose_as_ads\n"
        f"1,One,video,First,{api.day(4)},https://x.example/1.mp4,true\n"
        f"2,Two,video,,{api.day(4)},https://x.example/2.mp4,\n"
        f"3,Three,video,Third,{api.day(5)},https://x.example/3.mp4,false\n"
    )
    answer = api.post(f"/bundles/{bundle_id}/videos/import-csv", files={"file": ("videos.csv", sheet)})
    data = answer.json()["data"]
    assert (data["imported"], data["skipped"]) == (2, 1)
    assert data["errors"][0]["row"] == 3
    assert api.video(bundle_id, 1)["disclose_as_ads"] is True
    wrong = api.post(
        f"/bundles/{bundle_id}/videos/import-csv", files={"file": ("v.csv", "position,colour\n1,red\n")}
    )
    assert wrong.json()["error"]["code"] == "UNKNOWN_FIELD"


def test_a_patch_changes_names_at_any_time_and_dates_before_posting(own: Api) -> None:
    bundle_id, _ = own.delivered()
    url = f"/bundles/{bundle_id}/videos/1"
    window = {"target_publish_start_date": own.day(6), "target_publish_end_date": own.day(9)}
    video = own.done("PATCH", url, {"description": "New text"} | window)["data"]
    assert (video["target_publish_end_date"], video["description"]) == (own.day(9), "New text")
    assert own.refused("PATCH", url, {"target_publish_date": own.day(0)})[1] == "INVALID_DATE"
    assert own.refused("PATCH", url, {"video_url": "https://x.example"})[1] == "UNKNOWN_FIELD"
    assert own.refused("PATCH", url, {})[1] == "VALIDATION_ERROR"
    own.sandbox.advance(days=7)
    own.sandbox.manager("post_video", bundle_id=bundle_id, position=1)
    assert own.done("PATCH", url, {"name": "Posted"})["data"]["name"] == "Posted"
    assert own.refused("PATCH", url, {"description": "Too late"})[1] == "INVALID_STATUS_TRANSITION"


def test_auto_publish_publishes_the_bundle_with_its_first_video(api: Api) -> None:
    bundle_id = api.order()
    body = video_body(api.day(4), auto_publish=True)
    assert api.refused("PUT", f"/bundles/{bundle_id}/videos/1", body)[1] == "BUNDLE_NOT_READY"
    assert api.video(bundle_id)["status"] == "pending"
    api.configure_account(bundle_id)
    assert api.configure_video(bundle_id, auto_publish=True)["data"]["status"] == "published"
    assert api.bundle(bundle_id)["status"] == "published"


def test_readiness_lists_what_is_missing_and_publishing_repeats_it(api: Api) -> None:
    bundle_id = api.order()
    url = f"/bundles/{bundle_id}/publish-readiness"
    readiness = api.done("GET", url)["data"]
    assert readiness["ready"] is False
    assert [b["code"] for b in readiness["blockers"]] == ["ACCOUNT_MISSING_FIELDS", "NO_VIDEOS_CONFIGURED"]
    status, code, details = api.refused("POST", f"/bundles/{bundle_id}/publish")
    assert (status, code) == (409, "BUNDLE_NOT_READY")
    assert details["blockers"] == readiness["blockers"]
    api.configure_account(bundle_id)
    api.configure_video(bundle_id)
    assert api.done("GET", url)["data"] == {"bundle_id": bundle_id, "ready": True, "blockers": []}
    api.done("POST", f"/bundles/{bundle_id}/publish")
    assert [b["code"] for b in api.done("GET", url)["data"]["blockers"]] == ["BUNDLE_ALREADY_PUBLISHED"]
    assert api.refused("POST", f"/bundles/{bundle_id}/publish")[:2] == (409, "BUNDLE_ALREADY_PUBLISHED")


def test_publishing_moves_dates_that_no_longer_clear_the_lead_time(own: Api) -> None:
    bundle_id = own.order(videos_quantity=2)
    own.configure_account(bundle_id)
    own.configure_video(bundle_id, 1, ahead=3)
    own.configure_video(bundle_id, 2, ahead=5)
    first, second = own.day(3), own.day(5)
    own.sandbox.advance(days=2)
    moved = own.done("POST", f"/bundles/{bundle_id}/publish")["data"]["adjusted_videos"]
    assert [(m["position"], m["previous_date"], m["new_date"]) for m in moved] == [
        (1, first, own.day(3)),
        (2, second, own.day(5)),
    ]
    assert own.video(bundle_id, 2)["target_publish_end_date"] == own.day(6)


def test_unpublishing_works_until_a_manager_accepts_and_gives_nothing_back(own: Api) -> None:
    bundle_id = own.published()
    before = own.balance()
    assert own.done("POST", f"/bundles/{bundle_id}/unpublish")["data"]["status"] == "pending_setup"
    assert (own.video(bundle_id)["status"], own.bundle(bundle_id)["account_status"]) == (
        "configured",
        "configured",
    )
    assert own.balance() == before
    assert own.refused("POST", f"/bundles/{bundle_id}/unpublish")[:2] == (409, "invalid_status")
    own.done("POST", f"/bundles/{bundle_id}/publish")
    own.sandbox.manager("accept", bundle_id=bundle_id)
    assert own.refused("POST", f"/bundles/{bundle_id}/unpublish")[:2] == (409, "already_accepted")


def test_slots_bought_later_wait_for_their_own_publication(own: Api) -> None:
    bundle_id, _ = own.delivered()
    own.done("POST", f"/bundles/{bundle_id}/add-video-slots", {"quantity": 2})
    own.configure_video(bundle_id, 2, ahead=1)
    own.configure_video(bundle_id, 3, ahead=2)
    own.sandbox.advance(days=1)
    answer = own.done("POST", f"/bundles/{bundle_id}/videos/publish-all")["data"]
    assert (answer["videos_published"], answer["dates_adjusted"]) == (2, True)
    assert [video["new_date"] for video in answer["adjusted_videos"]] == [own.day(1), own.day(2)]
    assert own.done("POST", f"/bundles/{bundle_id}/videos/2/unschedule")["data"]["status"] == "configured"
    one = own.done("POST", f"/bundles/{bundle_id}/videos/2/publish")["data"]
    assert (one["status"], one["position"]) == ("published", 2)
    reset = own.done("POST", f"/bundles/{bundle_id}/videos/3/reset")["data"]
    assert (reset["status"], reset["description"], reset["target_publish_date"]) == ("pending", None, None)


def test_videos_are_published_in_an_active_bundle_only(api: Api) -> None:
    bundle_id = api.order()
    api.configure_video(bundle_id)
    status, code, details = api.refused("POST", f"/bundles/{bundle_id}/videos/publish-all")
    assert (status, code, details["current_status"]) == (409, "BUNDLE_INVALID_STATUS", "pending_setup")


def test_a_published_slot_cannot_be_configured(api: Api) -> None:
    status, code, details = put(api, api.published())
    assert (status, code, details["current_status"]) == (409, "INVALID_STATUS_TRANSITION", "published")


def test_missing_slots_and_bundles_are_not_found(api: Api) -> None:
    bundle_id = api.order()
    for position in ("0", "2", "abc"):
        assert api.refused("GET", f"/bundles/{bundle_id}/videos/{position}")[:2] == (404, "VIDEO_NOT_FOUND")
    assert api.refused("GET", "/bundles/none/videos")[:2] == (404, "BUNDLE_NOT_FOUND")


def test_new_media_heals_a_download_issue(own: Api) -> None:
    bundle_id = own.published()
    url = f"/bundles/{bundle_id}/videos/1/fix-download"
    body = {"video_url": "https://cdn.example.com/better.mp4"}
    assert own.refused("POST", url, body)[1] == "INVALID_STATUS_TRANSITION"
    own.sandbox.manager("accept", bundle_id=bundle_id)
    own.sandbox.manager("flag_download", bundle_id=bundle_id, position=1, comment="403 from the CDN")
    video = own.video(bundle_id)
    assert (video["download_issue"], video["download_issue_comment"]) == (True, "403 from the CDN")
    assert own.refused("POST", url, {})[1] == "VALIDATION_ERROR"
    healed = own.done("POST", url, body)["data"]
    assert (healed["download_issue"], healed["video_url"]) == (False, body["video_url"])
