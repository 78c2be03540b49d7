from tests.sandbox.api import Api
from tests.sandbox_process import Sandbox


def test_a_bundle_goes_from_order_to_completion(own: Api) -> None:
    bundle_id = own.published(videos_quantity=2, auto_finalize_videos=False)
    own.sandbox.manager("accept", bundle_id=bundle_id)
    assert own.bundle(bundle_id)["status"] == "accepted"
    assert own.video(bundle_id)["status"] == "accepted"
    own.sandbox.manager("submit_account", bundle_id=bundle_id)
    own.done("POST", f"/bundles/{bundle_id}/account/finalize")
    own.sandbox.advance(days=4)
    own.sandbox.manager("post_due_videos", bundle_id=bundle_id)
    video = own.video(bundle_id, 1)
    assert video["status"] == "in_review"
    assert video["platform_url"].startswith("https://www.tiktok.com/@acme_us/video/")
    own.done("POST", f"/bundles/{bundle_id}/videos/1/corrections", {"comment": "Wrong sound"})
    own.sandbox.manager("resubmit_video", bundle_id=bundle_id, position=1)
    assert own.done("POST", f"/bundles/{bundle_id}/videos/1/finalize")["data"]["status"] == "finalized"
    assert own.bundle(bundle_id)["status"] == "accepted"
    own.done("POST", f"/bundles/{bundle_id}/videos/2/finalize")
    bundle = own.bundle(bundle_id)
    assert bundle["status"] == "completed"
    assert own.refused("POST", f"/bundles/{bundle_id}/add-video-slots", {"quantity": 1})[:2] == (
        409,
        "BUNDLE_INVALID_STATUS",
    )


def test_reviews_end_by_themselves_after_72_hours(own: Api) -> None:
    bundle_id = own.published(auto_finalize_videos=False)
    own.sandbox.manager("accept", bundle_id=bundle_id)
    own.sandbox.manager("submit_account", bundle_id=bundle_id)
    own.sandbox.advance(hours=71, minutes=59)
    assert own.bundle(bundle_id)["account_status"] == "in_review"
    own.sandbox.advance(minutes=2)
    assert own.bundle(bundle_id)["account_status"] == "finalized"
    own.sandbox.advance(days=2)
    own.sandbox.manager("work", bundle_id=bundle_id)
    assert own.video(bundle_id)["status"] == "in_review"
    own.sandbox.advance(hours=73)
    assert own.video(bundle_id)["status"] == "finalized"
    assert own.bundle(bundle_id)["status"] == "completed"


def test_an_end_of_review_is_dated_when_it_fell_due(own: Api) -> None:
    bundle_id = own.published()
    own.sandbox.manager("accept", bundle_id=bundle_id)
    own.sandbox.manager("submit_account", bundle_id=bundle_id)
    submitted_at = own.done("GET", f"/bundles/{bundle_id}/account")["data"]["in_review_at"]
    own.sandbox.advance(days=30)
    finalized_at = own.done("GET", f"/bundles/{bundle_id}/account")["data"]["finalized_at"]
    assert submitted_at[:10] == "2026-11-21"
    assert finalized_at[:10] == "2026-11-24"
    assert finalized_at[10:] == submitted_at[10:]


def test_corrections_stop_the_clock_of_a_review(own: Api) -> None:
    bundle_id = own.published()
    own.sandbox.manager("accept", bundle_id=bundle_id)
    own.sandbox.manager("submit_account", bundle_id=bundle_id)
    own.done("POST", f"/bundles/{bundle_id}/account/corrections", {"comment": "No"})
    own.sandbox.advance(days=10)
    assert own.bundle(bundle_id)["account_status"] == "pending_corrections"
    own.sandbox.manager("work")
    assert own.bundle(bundle_id)["account_status"] == "in_review"
    own.sandbox.advance(hours=71)
    assert own.bundle(bundle_id)["account_status"] == "in_review"


def test_videos_that_finalize_themselves_are_final_when_posted(own: Api) -> None:
    bundle_id, _ = own.delivered(auto_finalize_videos=True)
    own.sandbox.manager("post_video", bundle_id=bundle_id, position=1)
    video = own.video(bundle_id)
    assert (video["status"], own.bundle(bundle_id)["status"]) == ("finalized", "completed")
    assert video["platform_url"]


def test_a_videos_only_bundle_is_completed_by_its_videos(own: Api) -> None:
    _, account_id = own.delivered(bundle_type="account_only", videos_quantity=None)
    body = {"bundle_type": "videos_only", "account_id": account_id, "videos_quantity": 1}
    bundle_id = own.done("POST", "/bundles", body)["data"]["id"]
    assert own.refused("PUT", f"/bundles/{bundle_id}/account", {})[:2] == (404, "ACCOUNT_NOT_FOUND")
    assert own.refused("POST", f"/bundles/{bundle_id}/publish")[1] == "BUNDLE_NOT_READY"
    own.configure_video(bundle_id, ahead=1)
    own.done("POST", f"/bundles/{bundle_id}/publish")
    own.sandbox.advance(days=1)
    own.sandbox.manager("work")
    assert own.bundle(bundle_id)["status"] == "completed"
    assert own.video(bundle_id)["platform_url"].startswith("https://www.tiktok.com/@acme_us/")


def test_work_does_all_that_the_day_allows(own: Api) -> None:
    first = own.published(videos_quantity=1)
    second = own.published(bundle_type="account_only", videos_quantity=None)
    own.sandbox.manager("work")
    assert [own.bundle(b)["account_status"] for b in (first, second)] == ["in_review", "in_review"]
    own.sandbox.advance(days=4)
    assert own.sandbox.manager("work")["done"] == 1
    assert own.bundle(first)["status"] == own.bundle(second)["status"] == "completed"


def test_steps_out_of_order_are_refused_with_a_reason(own: Api) -> None:
    bundle_id = own.order()
    for body in (
        {"do": "accept"},
        {"do": "submit_account"},
        {"do": "post_video", "position": 1},
        {"do": "dance"},
    ):
        answer = own.sandbox.control.post("/manager", json={"bundle_id": bundle_id, **body})
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_a_cancelled_bundle_cannot_be_published(own: Api) -> None:
    bundle_id = own.published()
    own.sandbox.manager("cancel", bundle_id=bundle_id)
    status, code, details = own.refused("POST", f"/bundles/{bundle_id}/publish")
    assert (status, code, details["current_status"]) == (409, "BUNDLE_INVALID_STATUS", "cancelled")


def test_managers_who_work_alone_bring_a_bundle_home() -> None:
    sandbox = Sandbox.start("--rate", "0", "--manager", "auto", "--now", "2026-11-21T09:00:00Z")
    with Api(sandbox) as api:
        bundle_id = api.published(videos_quantity=4)
        sandbox.advance(minutes=46)
        assert api.bundle(bundle_id)["status"] == "accepted"
        sandbox.advance(hours=11)
        assert api.bundle(bundle_id)["account_status"] == "in_review"
        api.done("POST", f"/bundles/{bundle_id}/account/finalize")
        sandbox.advance(days=3)
        assert api.video(bundle_id, 1)["status"] == "accepted"
        sandbox.advance(days=3)
        assert api.bundle(bundle_id)["status"] == "completed"
        posted = [v["finalized_at"][:10] for v in api.done("GET", f"/bundles/{bundle_id}/videos")["data"]]
        assert posted == ["2026-11-25"] * 3 + ["2026-11-26"]
    sandbox.stop()


def test_working_alone_can_be_switched_on_later(own: Api) -> None:
    bundle_id = own.published()
    own.sandbox.advance(days=1)
    assert own.bundle(bundle_id)["status"] == "published"
    own.sandbox.control.post("/manager", json={"auto": True})
    assert own.bundle(bundle_id)["status"] == "accepted"


def test_a_clock_set_back_before_the_first_order_takes_the_opening_with_it(own: Api) -> None:
    own.sandbox.control.post("/clock", json={"now": "2026-08-01T00:00:00Z"})
    own.order()
    rows = own.done("GET", "/credits/history")["data"]
    assert [row["created_at"][:10] for row in rows] == ["2026-08-01", "2026-08-01"]


def test_the_clock_is_set_and_runs_on(own: Api) -> None:
    answer = own.sandbox.control.post("/clock", json={"now": "2026-12-24T18:00:00Z"}).json()
    assert answer["now"].startswith("2026-12-24T18:00:00")
    own.sandbox.control.post("/clock", json={"advance": {"days": 1, "hours": 2}})
    assert own.sandbox.now().isoformat().startswith("2026-12-25T20:00:0")
    assert own.sandbox.control.post("/clock", json={"to": "tomorrow"}).status_code == 400
