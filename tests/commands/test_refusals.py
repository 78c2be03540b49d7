"""TokPortal's refusals in our words."""

import pytest

from agency.tokportal import Refused
from campaigns.commands.refusals import sentence


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
