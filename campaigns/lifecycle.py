"""The stages of a bundle's life, in their order: what `states.bundle_pill` says of one row, for many."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from campaigns.models import Bundle
from campaigns.states import (
    ACCOUNT,
    BUNDLE,
    CHANGE_ASKED,
    DONE,
    IN_REVIEW,
    LIVE,
    STOPPED,
    TO_SET_UP,
    WITH_MANAGER,
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the human states. `code` stands in addresses and is never translated."""

    code: str
    said: tuple[str, str]  # English word and tone, as `states` has them
    is_end: bool = False  # nothing more happens to a bundle in it

    @property
    def word(self) -> str:
        return gettext(self.said[0])

    @property
    def tone(self) -> str:
        return self.said[1]


UNKNOWN = Stage(
    "unknown", (_("Unknown word"), "unknown")
)  # of TokPortal: kept, shown, and acted upon by nobody
STAGES = (
    Stage("to-set-up", TO_SET_UP),
    Stage("with-manager", WITH_MANAGER),
    Stage("in-review", IN_REVIEW),
    Stage("change-asked", CHANGE_ASKED),
    Stage("live", LIVE),
    Stage("done", DONE, is_end=True),
    Stage("stopped", STOPPED, is_end=True),
    UNKNOWN,
)

# A bundle with a manager shows its account's review, because that is what a person can act on.
SHOWS_ACCOUNT = Q(status__in=Bundle.HANDED_OVER, account_status__in=("in_review", "pending_corrections"))


def in_stage(stage: Stage) -> Q:
    """Bundles whose pill says the stage's word."""
    if stage is UNKNOWN:
        return ~Q(status__in=BUNDLE)
    account = Q(SHOWS_ACCOUNT, account_status__in=_said_by(ACCOUNT, stage))
    return Q(~SHOWS_ACCOUNT, status__in=_said_by(BUNDLE, stage)) | account


def _said_by(words: Mapping[str, tuple[str, str]], stage: Stage) -> list[str]:
    return [status for status, said in words.items() if said is stage.said]


def shows_account(status: str, account_status: str) -> bool:
    return status in Bundle.HANDED_OVER and account_status in ("in_review", "pending_corrections")


def stage_of(status: str, account_status: str) -> Stage:
    """Of bundles with these words of TokPortal."""
    is_account = shows_account(status, account_status)
    said = ACCOUNT[account_status] if is_account else BUNDLE.get(status)
    return next((stage for stage in STAGES if stage.said is said), UNKNOWN)
