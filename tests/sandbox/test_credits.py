import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from tests.sandbox.api import Api, order_body, video_body


def whole_history(api: Api) -> list[dict[str, Any]]:
    """Every row, newest first, read page by page."""
    rows: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = api.done("GET", "/credits/history", params={"page": page, "per_page": 7})
        rows += answer["data"]
        if page >= answer["pagination"]["total_pages"]:
            return rows
        page += 1


def assert_chain_closes(rows: list[dict[str, Any]]) -> None:
    """`rows` newest first: each balance follows from the row before."""
    oldest_first = rows[::-1]
    assert oldest_first[0]["balance_after"] == oldest_first[0]["amount"]
    for before, row in pairwise(oldest_first):
        assert row["balance_after"] == before["balance_after"] + row["amount"]
        assert row["created_at"] >= before["created_at"]


def test_a_charge_can_be_found_by_amount_and_balance_and_names_no_bundle(own: Api) -> None:
    answer = own.done("POST", "/bundles", order_body(videos_quantity=10))
    row, opening = own.done("GET", "/credits/history")["data"]
    assert row["amount"] == -answer["credits_charged"] == -52
    assert row["balance_after"] == answer["credits_remaining"]
    assert row["breakdown"] == answer["cost_breakdown"]
    assert row["type"] == "debit"
    assert set(row) == {"id", "type", "amount", "description", "breakdown", "balance_after", "created_at"}
    assert (opening["amount"], opening["balance_after"]) == (5000, 5000)


def test_random_spending_closes_the_chain_and_the_books_agree(own: Api) -> None:
    chance = random.Random(7)
    bundles = [own.order()]
    expected = 5000 - 34
    for _ in range(60):
        what = chance.choice(["order", "bulk", "slots", "options", "web", "top_up", "refused", "dry"])
        if what == "order":
            body = order_body(videos_quantity=chance.randint(1, 9), edits_quantity=chance.randint(0, 1))
            answer = own.done("POST", "/bundles", body)
            bundles.append(answer["data"]["id"])
            expected -= answer["credits_charged"]
        elif what == "bulk":
            body = {"platforms": ["tiktok"], "country": "FR", "accounts_count": chance.randint(1, 3)}
            expected -= own.done("POST", "/bundles/bulk", body)["credits_charged"]
        elif what == "slots":
            url = f"/bundles/{chance.choice(bundles)}/add-video-slots"
            expected -= own.done("POST", url, {"quantity": chance.randint(1, 5)})["credits_charged"]
        elif what == "options":
            body = video_body(own.day(chance.randint(4, 90)), volume_added_sound=5)
            url = f"/bundles/{chance.choice(bundles)}/videos/1"
            expected -= own.done("PUT", url, body).get("credits_charged", 0)
        elif what == "web":
            expected -= own.sandbox.manager("web_order", **order_body())["credits_charged"]
        elif what == "top_up":
            own.sandbox.manager("top_up", credits=100)
            expected += 100
        elif what == "refused":
            own.refused("POST", "/bundles", order_body(country="XX"))
        else:
            own.done("POST", "/bundles", order_body(), headers={"X-TokPortal-Dry-Run": "true"})
    rows = whole_history(own)
    assert_chain_closes(rows)
    assert rows[0]["balance_after"] == own.balance() == expected
    books = own.sandbox.books()
    assert [(b["entry_id"], b["amount"], b["balance_after"]) for b in books] == [
        (row["id"], row["amount"], row["balance_after"]) for row in rows[::-1]
    ]
    assert {b["origin"] for b in books} == {"api", "web", "top_up"}
    assert all(b["bundle_ids"] for b in books if b["amount"] < 0)


def test_orders_at_the_same_time_close_the_chain_too(own: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: own.post("/bundles", json=order_body()), range(40)))
    assert {answer.status_code for answer in answers} == {201}
    assert_chain_closes(whole_history(own))
    assert own.balance() == 5000 - 40 * 34


def test_the_books_tell_what_the_history_does_not(own: Api) -> None:
    answer = own.post(
        "/bundles", json=order_body(external_ref="acme-1"), headers={"Idempotency-Key": "key-1"}
    )
    entry = own.sandbox.books()[-1]
    assert entry["bundle_ids"] == [answer.json()["data"]["id"]]
    assert (entry["external_ref"], entry["idempotency_key"]) == ("acme-1", "key-1")
    assert entry["request_id"] == answer.headers["X-TokPortal-Request-ID"]
    assert (entry["operation"], entry["origin"]) == ("createBundle", "api")


def test_spending_in_the_web_ui_has_no_key(own: Api) -> None:
    bundle_id = own.sandbox.manager("web_order", **order_body(external_ref="web-1"))["data"]["id"]
    entry = own.sandbox.books()[-1]
    assert (entry["origin"], entry["idempotency_key"], entry["bundle_ids"]) == ("web", None, [bundle_id])
    assert own.bundle(bundle_id)["external_ref"] == "web-1"


def test_the_history_is_filtered_by_days_and_nothing_else(own: Api) -> None:
    own.order()
    own.sandbox.advance(days=2)
    own.order()
    today, before = own.day(0), own.day(-2)
    rows = own.done("GET", f"/credits/history?date_from={today}")["data"]
    assert [row["amount"] for row in rows] == [-34]
    assert len(own.done("GET", f"/credits/history?date_to={before}")["data"]) == 2
    assert len(own.done("GET", f"/credits/history?date_from={before}&date_to={today}")["data"]) == 3
    assert len(own.done("GET", "/credits/history?type=debit&external_ref=x")["data"]) == 3
    assert own.refused("GET", "/credits/history?date_from=yesterday")[1] == "VALIDATION_ERROR"


def test_a_balance_can_be_adjusted_with_any_type(own: Api) -> None:
    own.sandbox.manager("adjust", credits=-40, type="expiration", description="Expired")
    row = own.done("GET", "/credits/history")["data"][0]
    assert (row["type"], row["amount"], row["balance_after"]) == ("expiration", -40, 4960)


def test_the_balance_names_what_expires(own: Api) -> None:
    balance = own.done("GET", "/credits/balance")["data"]
    assert balance["total_credits"] == balance["credits"] == 5000
    assert balance["expiring_within_7_days"] == 0
    assert balance["upcoming_expirations"][0]["amount"] == 5000
    own.sandbox.advance(days=360)
    assert own.done("GET", "/credits/balance")["data"]["expiring_within_7_days"] == 5000
