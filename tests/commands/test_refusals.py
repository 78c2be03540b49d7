"""TokPortal's refusals in our words."""

import pytest
from django.utils import translation

from agency.tokportal import (
    CoolingDown,
    InsufficientCredits,
    KeyInProgress,
    NotAllowed,
    NotReady,
    NotSent,
    RateLimited,
    Refused,
    TokPortalError,
    Unreachable,
)
from campaigns.commands import refusals
from campaigns.commands.refusals import said, sentence
from campaigns.models import Command

REFUSED = [
    InsufficientCredits("INSUFFICIENT_CREDITS", details={"required": 1200, "available": 1}),
    InsufficientCredits("INSUFFICIENT_CREDITS"),
    NotReady("BUNDLE_NOT_READY", details={"blockers": [{"code": "NO_VIDEOS", "message": "No videos."}]}),
    NotReady("BUNDLE_NOT_READY", "Not ready"),
    NotAllowed("Not yours", status=403),
    Refused("INVALID_DATE", details={"earliest_allowed": "2026-11-24"}),
    Refused("VIDEOS_PER_DAY_EXCEEDED", details={"date": "2026-11-24"}),
    Refused("COUNTRY_NOT_ENABLED"),
    Refused("NEW_RULE", "No orders on Sundays"),
    Refused("NEW_RULE"),
    Refused(),
]
LATER = [
    CoolingDown(),
    RateLimited(retry_after=1),
    KeyInProgress(),
    NotAllowed(status=401),
    NotSent(),
    Unreachable(),
]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Refused("NEW_RULE", "No orders on Sundays"), "TokPortal refused it: “No orders on Sundays”."),
        (Refused("NEW_RULE", "No orders on Sundays."), "TokPortal refused it: “No orders on Sundays”."),
        (Refused("NEW_RULE"), "TokPortal refused it and gave the code NEW_RULE."),
        (Refused(), "TokPortal refused it and gave no reason."),
    ],
)
def test_a_refusal_that_we_do_not_know_is_quoted(error: Refused, words: str) -> None:
    assert sentence(error) == words


@pytest.mark.parametrize("error", REFUSED, ids=str)
def test_a_page_says_of_a_refusal_what_its_row_keeps(error: TokPortalError) -> None:
    command = Command(**refusals.from_error(Command(), error))
    assert command.error_message.endswith("Nothing was charged.")
    assert said(command) == command.error_message


@pytest.mark.parametrize("error", LATER, ids=repr)
def test_a_page_says_of_what_waits_what_its_row_keeps(error: TokPortalError) -> None:
    for columns in (refusals.waiting(error), refusals.unknown(error)):
        assert said(Command(**columns)) == columns["error_message"]


def test_a_page_says_what_of_a_batch_was_refused() -> None:
    columns = refusals.partly_refused({"2": "The file is too large.", "3": "No caption."})
    assert said(Command(**columns)) == (
        "2 of the slots were refused: Slot 2: The file is too large. Slot 3: No caption."
    )


def test_a_price_that_moved_is_told_with_both_prices() -> None:
    columns = refusals.price_moved(Command(quoted_credits=1038), 44)
    assert said(Command(**columns)) == columns["error_message"]
    assert "quoted at 1,038 credits and costs 44 now" in said(Command(**columns))


@pytest.mark.parametrize("error", REFUSED, ids=str)
def test_a_row_keeps_the_servers_language_whoever_asks(error: TokPortalError) -> None:
    in_english = refusals.from_error(Command(), error)
    with translation.override("fr"):
        assert refusals.from_error(Command(), error) == in_english


def test_a_command_with_nothing_to_say_says_nothing() -> None:
    assert said(Command()) == ""
