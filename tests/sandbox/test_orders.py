from typing import Any

import pytest

from tests.sandbox.api import Api, order_body
from tests.sandbox_process import Sandbox

TERMS = [
    "yoga mats",
    "home gym",
    "protein",
    "running",
    "stretching",
    "pilates",
    "cycling",
    "rowing",
    "boxing",
]


@pytest.mark.parametrize(
    ("fields", "credits"),
    [
        ({"videos_quantity": 3}, 38),
        ({"videos_quantity": 10}, 52),
        ({"bundle_type": "account_only", "videos_quantity": None}, 32),
        (
            {
                "videos_quantity": 5,
                "edits_quantity": 2,
                "wants_advanced_warming": True,
                "advanced_warming_terms": TERMS,
            },
            93,
        ),
        ({"videos_quantity": 1, "wants_moderation": True}, 34),
    ],
)
def test_an_order_costs_what_the_documents_say(api: Api, fields: dict[str, Any], credits: int) -> None:
    before = api.balance()
    answer = api.done("POST", "/bundles", order_body(**fields))
    assert answer["credits_charged"] == answer["cost_breakdown"]["total"] == credits
    assert answer["credits_remaining"] == before - credits == api.balance()


def test_a_created_bundle_is_answered_under_both_ids(api: Api) -> None:
    answer = api.post("/bundles", json=order_body(country="US", external_ref="acme-spring-1"))
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert data["id"] == data["bundle_id"]
    assert (data["country"], data["status"], data["external_ref"]) == (
        "USA",
        "pending_setup",
        "acme-spring-1",
    )
    shown = api.bundle(data["id"])
    assert (shown["account_status"], shown["videos_configured_count"]) == ("pending", 0)
    assert shown["auto_finalize_videos"] is True
    assert shown["account_configured"] is False
    assert shown["saved_account_id"] is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"bundle_type": "other"}, "bundle_type"),
        ({"bundle_type": None}, "bundle_type"),
        ({"videos_quantity": None}, "videos_quantity"),
        ({"videos_quantity": 0}, "videos_quantity"),
        ({"videos_quantity": "3"}, "videos_quantity"),
        ({"videos_quantity": 501}, "videos_quantity"),
        ({"country": None}, "country"),
        ({"platform": "myspace"}, "platform"),
        ({"title": "x" * 201}, "title"),
        ({"external_ref": "x" * 201}, "external_ref"),
        ({"auto_finalize_videos": "yes"}, "auto_finalize_videos"),
        ({"wants_niche_warming": True}, "niche_warming_instructions"),
        ({"wants_advanced_warming": True, "advanced_warming_terms_count": 4}, "advanced_warming_terms_count"),
        ({"type": "account_only"}, "type"),
        ({"options": {}}, "options"),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    status, code, details = api.refused("POST", "/bundles", order_body(**fields))
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert field in details


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"platform": "youtube"}, 400, "YOUTUBE_DELAYED"),
        ({"country": "PH"}, 400, "COUNTRY_NOT_ENABLED"),
        ({"edits_quantity": 2}, 400, "EDITS_EXCEED_VIDEOS"),
        ({"account_id": "x"}, 400, "ACCOUNT_ID_NOT_ALLOWED"),
        ({"bundle_type": "videos_only", "account_id": "x"}, 404, "ACCOUNT_NOT_FOUND"),
        ({"wants_deep_warming": True}, 400, "DEEP_WARMING_DEPRECATED"),
        (
            {"wants_deep_warming": True, "wants_niche_warming": True, "niche_warming_instructions": "x"},
            400,
            "WARMING_CONFLICT",
        ),
        ({"advanced_warming_terms": TERMS}, 400, "ADVANCED_WARMING_FLAG_REQUIRED"),
        (
            {
                "wants_advanced_warming": True,
                "advanced_warming_terms": TERMS,
                "advanced_warming_terms_count": 3,
            },
            400,
            "ADVANCED_WARMING_COUNT_MISMATCH",
        ),
        (
            {"wants_advanced_warming": True, "advanced_warming_terms": ["gym", "Gym", "yoga"]},
            400,
            "ADVANCED_WARMING_TERMS_REJECTED",
        ),
    ],
)
def test_a_rule_has_its_own_code(api: Api, fields: dict[str, Any], status: int, code: str) -> None:
    assert api.refused("POST", "/bundles", order_body(**fields))[:2] == (status, code)


def test_a_ref_can_be_ordered_once_for_a_new_account(api: Api) -> None:
    body = order_body()
    first = api.done("POST", "/bundles", body)["data"]["id"]
    before = api.balance()
    status, code, details = api.refused("POST", "/bundles", body)
    assert (status, code, details["existing_bundle_id"]) == (409, "DUPLICATE_ACCOUNT_BUNDLE", first)
    assert api.balance() == before


def test_the_duplicate_guard_knows_no_bulk(api: Api) -> None:
    ref = order_body()["external_ref"]
    bulk = {"platforms": ["tiktok"], "country": "USA", "accounts_count": 1, "external_ref": ref}
    api.order(external_ref=ref)
    api.done("POST", "/bundles/bulk", bulk)
    api.done("POST", "/bundles/bulk", bulk)
    found = api.done("GET", "/bundles", params={"external_ref": ref})["data"]
    assert len(found) == 3


def test_a_bulk_order_is_accounts_times_platforms(api: Api) -> None:
    before = api.balance()
    body = {
        "platforms": ["tiktok", "instagram"],
        "country": "US",
        "accounts_count": 3,
        "upload_accounts_count": 1,
        "videos_per_account": 5,
        "external_ref": order_body()["external_ref"],
    }
    answer = api.done("POST", "/bundles/bulk", body)
    bundles = answer["data"]["bundles"]
    assert (len(bundles), answer["data"]["total_created"]) == (6, 6)
    assert [b["bundle_type"] for b in bundles].count("account_and_videos") == 2
    assert (answer["credits_charged"], answer["credits_remaining"]) == (212, before - 212)
    history = api.done("GET", "/credits/history?per_page=1")["data"]
    assert history[0]["amount"] == -212


def test_bulk_can_be_booked_per_bundle(own: Api) -> None:
    own.sandbox.control.post("/faults", json={"bulk_history": "bundle"})
    body = {"platforms": ["tiktok", "instagram"], "country": "FR", "accounts_count": 2}
    assert own.done("POST", "/bundles/bulk", body)["credits_charged"] == 128
    assert [row["amount"] for row in own.sandbox.books()] == [5000, -32, -32, -32, -32]


@pytest.mark.parametrize(
    "fields",
    [
        {"platforms": []},
        {"platforms": ["tiktok", "tiktok"]},
        {"accounts_count": 0},
        {"accounts_count": 101},
        {"upload_accounts_count": 3},
        {"upload_accounts_count": 1, "videos_per_account": 0},
    ],
)
def test_a_wrong_bulk_order_is_refused_whole(api: Api, fields: dict[str, Any]) -> None:
    body = {"platforms": ["tiktok"], "country": "USA", "accounts_count": 2} | fields
    before = api.balance()
    assert api.refused("POST", "/bundles/bulk", body)[:2] == (400, "VALIDATION_ERROR")
    assert api.balance() == before


def test_a_bulk_order_that_is_too_dear_creates_nothing(own: Api) -> None:
    body = {"platforms": ["tiktok", "instagram"], "country": "USA", "accounts_count": 100}
    assert own.refused("POST", "/bundles/bulk", body)[0] == 402
    assert own.done("GET", "/bundles")["pagination"]["total"] == 0


def test_a_contract_price_covers_the_first_accounts_only(own: Api) -> None:
    own.sandbox.control.post("/manager", json={"do": "allowance", "remaining": 3, "credits_per_bundle": 20})
    costs = own.done("GET", "/credit-costs")["data"]["costs"]
    assert costs["contract_bundle_allowance"] == {"remaining": 3, "credits_per_bundle": 20}
    body = {"platforms": ["tiktok", "instagram"], "country": "USA", "accounts_count": 2}
    assert own.done("POST", "/bundles/bulk", body)["credits_charged"] == 3 * 20 + 32


def test_a_videos_only_order_takes_its_market_from_the_account(own: Api) -> None:
    _, account_id = own.delivered()
    answer = own.done(
        "POST", "/bundles", {"bundle_type": "videos_only", "account_id": account_id, "videos_quantity": 3}
    )
    assert answer["credits_charged"] == 6
    assert (answer["data"]["platform"], answer["data"]["country"]) == ("tiktok", "USA")
    assert own.bundle(answer["data"]["id"])["saved_account_id"] == account_id
    listed = own.done("GET", f"/accounts/{account_id}/bundles")["data"]
    assert len(listed) == 2


def test_slots_are_added_and_charged_at_once(api: Api) -> None:
    bundle_id = api.order()
    answer = api.done("POST", f"/bundles/{bundle_id}/add-video-slots", {"quantity": 5})
    assert (answer["credits_charged"], answer["data"]["videos_quantity"], answer["data"]["slots_added"]) == (
        10,
        6,
        5,
    )
    assert answer["cost_breakdown"] == {"video_slots": 10, "total": 10}
    assert [video["position"] for video in api.done("GET", f"/bundles/{bundle_id}/videos")["data"]] == [
        *range(1, 7)
    ]
    assert api.done("POST", f"/bundles/{bundle_id}/add-edit-slots", {"quantity": 6})["credits_charged"] == 18
    assert (
        api.refused("POST", f"/bundles/{bundle_id}/add-edit-slots", {"quantity": 1})[1]
        == "EDITS_EXCEED_VIDEOS"
    )
    assert (
        api.refused("POST", f"/bundles/{bundle_id}/add-video-slots", {"quantity": 0})[1] == "VALIDATION_ERROR"
    )


def test_warming_terms_are_set_once_and_in_the_bought_number(api: Api) -> None:
    bundle_id = api.order(wants_advanced_warming=True, advanced_warming_terms_count=3)
    url = f"/bundles/{bundle_id}/warming-terms"
    status, code, details = api.refused("PUT", url, {"advanced_warming_terms": TERMS})
    assert (status, code, details["purchased_terms_count"]) == (400, "ADVANCED_WARMING_TERMS", 3)
    api.done("PUT", url, {"advanced_warming_terms": TERMS[:3]})
    assert api.refused("PUT", url, {"advanced_warming_terms": TERMS[:3]})[:2] == (
        409,
        "WARMING_TERMS_ALREADY_SET",
    )
    warming = api.done("GET", f"/bundles/{bundle_id}/account")["data"]["advanced_warming"]
    assert (warming["terms_total"], warming["terms_configured"]) == (3, 3)
    assert api.refused("PUT", f"/bundles/{api.order()}/warming-terms", {})[:2] == (
        404,
        "WARMING_SESSION_NOT_FOUND",
    )


def test_bundles_are_found_by_their_filters(own: Api) -> None:
    tiktok = own.order()
    instagram = own.order(platform="instagram", bundle_type="account_only", videos_quantity=None)
    assert [b["id"] for b in own.done("GET", "/bundles?platform=instagram")["data"]] == [instagram]
    assert [b["id"] for b in own.done("GET", "/bundles?bundle_type=account_and_videos")["data"]] == [tiktok]
    assert own.done("GET", "/bundles?status=pending_setup")["pagination"]["total"] == 2
    assert own.done("GET", "/bundles?status=unheard-of")["data"] == []
    assert own.done("GET", "/bundles?external_ref=tes")["data"] == []


def test_a_bundle_can_be_renamed_and_nothing_else(api: Api) -> None:
    bundle_id = api.order()
    changed = api.done("PATCH", f"/bundles/{bundle_id}", {"title": "New", "external_ref": None})["data"]
    assert (changed["title"], changed["external_ref"]) == ("New", None)
    assert api.refused("PATCH", f"/bundles/{bundle_id}", {"country": "FR"})[1] == "VALIDATION_ERROR"
    assert api.refused("PATCH", "/bundles/none", {"title": "x"})[:2] == (404, "BUNDLE_NOT_FOUND")


def test_prices_differ_by_profile() -> None:
    sandbox = Sandbox.start("--prices", "mid2026", "--rate", "0")
    with Api(sandbox) as api:
        body = order_body(videos_quantity=10, wants_niche_warming=True, niche_warming_instructions="fitness")
        assert api.done("POST", "/bundles", body)["credits_charged"] == 52
        assert "video_archive" not in api.done("GET", "/credit-costs")["data"]["costs"]
    sandbox.stop()


def test_reference_data_is_listed(api: Api) -> None:
    countries = api.done("GET", "/countries")
    assert {"code": "USA", "name": "United States"} in countries["data"]
    assert countries["videos_only_countries"]
    platforms = {row["value"]: row["enabled"] for row in api.done("GET", "/platforms")["data"]}
    assert platforms == {"tiktok": True, "instagram": True, "youtube": False}
    me = api.done("GET", "/me")["data"]
    assert me["email"]
    assert me["credits"] == api.balance()
