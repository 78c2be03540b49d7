"""Words that we do not know: told once per answer, with an example that holds no secret."""

import time

import pytest

from agency.tokportal import NOT_THE_SUM, InsufficientCredits, NotReady, Oddity, Sort, TokPortalError
from agency.tokportal.oddities import MOST_ODDITIES, example_of, odd_codes, oddities_of

BUNDLE = {"id": "b-1", "status": "accepted", "platform": "tiktok", "country": "USA", "account_status": None}


def told(operation: str, document: object) -> set[tuple[str, str, str]]:
    return {(odd.sort.value, odd.place, odd.word) for odd in oddities_of(operation, document)}


def test_what_is_known_is_not_told() -> None:
    assert oddities_of("getBundle", {"data": BUNDLE}) == ()
    assert oddities_of("getBundle", BUNDLE) == ()
    assert oddities_of("listBundles", {"data": [BUNDLE], "pagination": {"page": 1}}) == ()
    assert oddities_of("listBundles", {"data": {"bundles": [BUNDLE]}}) == ()
    assert oddities_of("getBundle", {"data": {"bundleId": "b-1", "createdAt": "now"}}) == ()


def test_a_new_field_is_told_with_its_value_and_where_it_was() -> None:
    [odd] = oddities_of("getBundle", {"data": BUNDLE | {"mood": "good"}})
    assert odd == Oddity(Sort.FIELD, "getBundle", "mood", {"id": "b-1", "mood": "good"})
    assert told("getBundle", {"data": BUNDLE, "trace": 1}) == {("field", "getBundle", "trace")}
    nested = BUNDLE | {"account": {"username": "acme", "shoe_size": 9}}
    assert told("getBundle", {"data": nested}) == {("field", "getBundle.account", "shoe_size")}


def test_a_word_is_told_once_an_answer_however_many_rows_say_it() -> None:
    rows = [BUNDLE | {"id": f"b-{number}", "status": "resting"} for number in range(100)]
    [odd] = oddities_of("listBundles", {"data": rows})
    assert (odd.sort, odd.place, odd.word, odd.times) == (Sort.STATUS, "listBundles.status", "resting", 100)
    assert odd.example == {"id": "b-0", "status": "resting"}


def test_an_answer_full_of_new_words_tells_some_of_them() -> None:
    rows = [{"id": "b", **{f"field_{number}": number for number in range(300)}}]
    assert len(oddities_of("listBundles", {"data": rows})) == MOST_ODDITIES


@pytest.mark.parametrize(
    "document", [None, [], "text", {"data": None}, {"data": [None, "x"]}, {"data": {"bundles": 3}}]
)
def test_rubbish_is_read_without_an_accident(document: object) -> None:
    oddities_of("listBundles", document)
    oddities_of("createBundle", {"data": document, "cost_breakdown": document})
    oddities_of("getCreditCosts", {"data": document})


def test_new_prices_and_prices_that_do_not_add_up_are_told() -> None:
    costs = {"data": {"costs": {"video_upload": 2, "teleport": 9}}}
    assert told("getCreditCosts", costs) == {("price", "getCreditCosts", "teleport")}
    receipt = {
        "data": BUNDLE,
        "credits_charged": 12,
        "cost_breakdown": {"account": 10, "glitter": 1, "total": 12},
    }
    assert told("createBundle", receipt) == {
        ("price", "createBundle", "glitter"),
        ("price", "createBundle", NOT_THE_SUM),
    }
    assert told("createBundle", receipt | {"credits_charged": 11}) == {("price", "createBundle", "glitter")}
    entry = {"id": "t", "amount": -3, "breakdown": {"video_slots": 2, "tip": 1}}
    assert told("listCreditTransactions", {"data": [entry]}) == {("price", "listCreditTransactions", "tip")}


def test_new_error_codes_are_told_and_those_of_blockers() -> None:
    assert odd_codes("createBundle", InsufficientCredits("INSUFFICIENT_CREDITS", status=402)) == ()
    assert odd_codes("createBundle", None) == ()
    assert odd_codes("createBundle", TokPortalError("lost on the way", code="LEASE_EXPIRED")) == ()
    [odd] = odd_codes("createBundle", TokPortalError("Too late in the day", code="AFTER_HOURS", status=409))
    assert (odd.word, odd.example) == ("AFTER_HOURS", {"status": 409, "said": "Too late in the day"})
    blocked = NotReady(
        "BUNDLE_NOT_READY", details={"blockers": [{"code": "MOON_PHASE"}, {"code": "NO_VIDEOS_CONFIGURED"}]}
    )
    assert [odd.word for odd in odd_codes("publishBundle", blocked)] == ["MOON_PHASE"]


def test_an_example_holds_no_secret_and_stays_short() -> None:
    key = "sk_" + "0" * 64
    example = example_of(
        {
            "note": f"the key is {key}",
            "password": "hunter2",
            "media": "https://s3.test/a.mp4?X-Amz-Signature=abc&x=1",
            "upload_url": "https://s3.test/put",
            "long": "x" * 5000,
            "many": list(range(1000)),
            "deep": {"a": {"b": {"c": {"d": 1}}}},
        }
    )
    shown = repr(example)
    assert key not in shown
    assert "hunter2" not in shown
    assert "Signature" not in shown
    assert "https://s3.test/a.mp4?***" in shown
    assert len(shown) < 1000
    [odd] = oddities_of("getBundle", {"data": BUNDLE | {"login_password": "hunter2"}})
    assert odd.example == {"id": "b-1", "login_password": "***"}


def test_looking_takes_no_time_worth_naming() -> None:
    page = {"data": [BUNDLE | {"id": f"b-{number}"} for number in range(100)]}
    began = time.perf_counter()
    for _ in range(20):
        oddities_of("listBundles", page)
    assert (time.perf_counter() - began) / 20 < 0.005  # seconds; about 0.0004 on an idle core
