from typing import Any

import pytest

from tests.sandbox.api import PROFILE, Api


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": None}, "username"),
        ({"username": "with space"}, "username"),
        ({"username": "x" * 25}, "username"),
        ({"visible_name": "x" * 31}, "visible_name"),
        ({"biography": "x" * 81}, "biography"),
        ({"link_in_bio": "https://acme.example"}, "link_in_bio"),
    ],
)
def test_a_profile_field_that_does_not_fit_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    status, code, details = api.refused("PUT", f"/bundles/{api.order()}/account", PROFILE | fields)
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert field in details


def test_a_partial_profile_is_kept_but_is_not_configured(api: Api) -> None:
    bundle_id = api.order()
    api.done("PUT", f"/bundles/{bundle_id}/account", {"username": "acme", "visible_name": "Acme"})
    bundle = api.bundle(bundle_id)
    assert (bundle["account_configured"], bundle["account_status"]) == (False, "pending")
    api.configure_account(bundle_id)
    bundle = api.bundle(bundle_id)
    assert (bundle["account_configured"], bundle["account_status"]) == (True, "configured")
    account = api.done("GET", f"/bundles/{bundle_id}/account")["data"]
    assert account["username"] == bundle["account"]["username"] == "acme_us"


def test_instagram_takes_a_link(api: Api) -> None:
    bundle_id = api.order(platform="instagram")
    api.configure_account(bundle_id, link_in_bio="https://acme.example")
    assert api.done("GET", f"/bundles/{bundle_id}/account")["data"]["link_in_bio"] == "https://acme.example"


def test_a_published_bundle_keeps_its_profile(api: Api) -> None:
    bundle_id = api.published()
    status, code, details = api.refused("PUT", f"/bundles/{bundle_id}/account", PROFILE)
    assert (status, code, details["current_status"]) == (409, "BUNDLE_ALREADY_PUBLISHED", "published")
    api.done("POST", f"/bundles/{bundle_id}/unpublish")
    api.configure_account(bundle_id, username="acme_new")


def test_corrections_go_round_until_the_account_is_finalized(own: Api) -> None:
    bundle_id = own.published()
    url = f"/bundles/{bundle_id}/account"
    assert own.refused("POST", f"{url}/finalize")[:2] == (409, "ACCOUNT_INVALID_STATUS")
    own.sandbox.manager("accept", bundle_id=bundle_id)
    own.sandbox.manager("submit_account", bundle_id=bundle_id, suffix=".us")
    bundle = own.bundle(bundle_id)
    assert (bundle["account_status"], bundle["username"]) == ("in_review", "acme_us.us")
    assert own.refused("POST", f"{url}/corrections", {"fields": {}})[1] == "VALIDATION_ERROR"
    own.done("POST", f"{url}/corrections", {"comment": "Wrong name", "fields": {"visible_name": "Acme!"}})
    assert own.bundle(bundle_id)["account_status"] == "pending_corrections"
    assert own.done("GET", url)["data"]["correction_comment"] == "Wrong name"
    own.sandbox.manager("resubmit_account", bundle_id=bundle_id)
    answer = own.done("POST", f"{url}/finalize")["data"]
    assert answer["account"]["status"] == "finalized"
    account = own.done("GET", f"/accounts/{bundle['saved_account_id']}")["data"]
    assert (account["username"], account["profile_url"]) == (
        "acme_us.us",
        "https://www.tiktok.com/@acme_us.us",
    )
    assert not {"password", "social_credentials"} & set(account)


def test_delivered_accounts_are_found_by_their_filters(own: Api) -> None:
    _, account_id = own.delivered()
    for query in ("country=US", "country=USA", "platform=tiktok", "banned=false"):
        assert [row["id"] for row in own.done("GET", f"/accounts?{query}")["data"]] == [account_id]
    for query in ("country=FR", "platform=instagram", "banned=true"):
        assert own.done("GET", f"/accounts?{query}")["data"] == []
    assert own.refused("GET", "/accounts/none")[:2] == (404, "SAVED_ACCOUNT_NOT_FOUND")


def test_an_edit_request_is_paid_and_only_one_is_open(own: Api) -> None:
    _, account_id = own.delivered()
    url = f"/accounts/{account_id}/edit-request"
    assert own.get(url).status_code == 404
    body = {"requested_username": "acme.us", "requested_visible_name": "Acme US"}
    answer = own.post(url, json=body)
    assert (answer.status_code, answer.json()["credits_charged"]) == (201, 8)
    assert own.refused("POST", url, body)[0] == 409
    assert own.done("GET", url)["data"]["requested_username"] == "acme.us"


def test_the_bans_are_an_empty_list(api: Api) -> None:
    answer = api.done("GET", "/account-bans?status=appeal_pending&since=2026-01-01T00:00:00Z")
    assert (answer["data"], answer["pagination"]["total"]) == ([], 0)


def test_the_first_coverage_period_is_included(own: Api) -> None:
    _, account_id = own.delivered()
    coverage = own.done("GET", f"/accounts/{account_id}/managed-subscription")["data"]
    assert (coverage["status"], coverage["task_access"], coverage["reactivation_quote"]) == (
        "included",
        True,
        None,
    )
    assert own.refused("GET", "/accounts/none/managed-subscription")[0] == 404


def test_a_cancelled_coverage_blocks_work_until_it_is_taken_up_again(own: Api) -> None:
    bundle_id, account_id = own.delivered(videos_quantity=2)
    url = f"/accounts/{account_id}/managed-subscription"
    own.done("POST", f"{url}/cancel")
    status, code, details = own.refused("POST", f"/bundles/{bundle_id}/videos/publish-all")
    assert (status, code) == (409, "MANAGED_ACCOUNT_TASK_BLOCKED")
    assert (details["account_id"], details["reason"]) == (account_id, "cancelled")
    quote = own.done("GET", url)["data"]["reactivation_quote"]
    body = {
        "expected_credits": quote["credits"],
        "expected_current_period_end": quote["current_period_end"],
        "expected_lock_version": quote["lock_version"],
    }
    assert own.refused("POST", f"{url}/reactivate", body | {"expected_credits": 9})[0] == 409
    answer = own.done("POST", f"{url}/reactivate", body)
    assert (answer["credits_charged"], answer["data"]["status"]) == (0, "included")
    own.done("POST", f"/bundles/{bundle_id}/videos/publish-all")


def test_coverage_is_charged_every_30_days_where_that_is_switched_on(own: Api) -> None:
    own.sandbox.control.post("/manager", json={"coverage": "charged"})
    _, account_id = own.delivered()
    own.sandbox.advance(days=61)
    charges = [row for row in own.sandbox.books() if row["origin"] == "clock"]
    assert [(row["amount"], row["account_id"]) for row in charges] == [(-25, account_id)] * 2
    coverage = own.done("GET", f"/accounts/{account_id}/managed-subscription")["data"]
    assert (coverage["status"], coverage["period_expired"]) == ("active", False)
    own.sandbox.manager("adjust", credits=-own.balance())
    own.sandbox.advance(days=35)
    lapsed = own.done("GET", f"/accounts/{account_id}/managed-subscription")["data"]
    assert (lapsed["status"], lapsed["unpaid_periods"], lapsed["reactivation_quote"]["credits"]) == (
        "lapsed",
        1,
        25,
    )


def test_a_period_that_is_due_can_wait_for_the_call_that_needs_it(own: Api) -> None:
    """As when TokPortal's own renewal is late."""
    own.sandbox.control.post("/manager", json={"coverage": "due"})
    bundle_id, account_id = own.delivered()
    own.sandbox.advance(days=31)
    coverage = own.done("GET", f"/accounts/{account_id}/managed-subscription")["data"]
    assert (coverage["period_expired"], coverage["task_access"]) == (True, False)
    own.done("POST", f"/bundles/{bundle_id}/videos/publish-all")
    charge = own.sandbox.books()[-1]
    assert (charge["amount"], charge["origin"], charge["account_id"]) == (-25, "api", account_id)
    assert own.sandbox.control.post("/manager", json={"coverage": "never"}).status_code == 400


def test_coverage_rolls_on_for_nothing_by_default(own: Api) -> None:
    _, account_id = own.delivered()
    before = own.balance()
    own.sandbox.advance(days=100)
    coverage = own.done("GET", f"/accounts/{account_id}/managed-subscription")["data"]
    assert (coverage["status"], coverage["task_access"], own.balance()) == ("included", True, before)
