"""Words of TokPortal that are longer than anybody thought: shown as far as they go, and never in the way."""

from typing import Any

import pytest
from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from agency.tokportal import BundleState, ListingState, SavedAccountState, VideoState
from campaigns.ledger.models import Reservation
from campaigns.models import Bundle, Command
from campaigns.sync import mirror_account, refresh_bundle
from tests.commands.pages import SignIn, url

STATUS = "waiting_for_a_manager_who_speaks_the_language_of_the_market\x00"
ODD: dict[type, dict[str, Any]] = {
    BundleState: {
        "status": STATUS,
        "title": "Spring " * 50 + "\x00",
        "country": "UNITED STATES",
        "platform": "a platform of the coming years",
        "bundle_type": "account_and_videos_and_" + "more" * 10,
        "account": {"status": STATUS},
    },
    ListingState: {"status": STATUS},
    VideoState: {
        "status": STATUS,
        "id": "v" * 70,
        "name": "n" * 300,
        "external_ref": "r" * 300,
        "video_type": "a type that nobody knows of",
    },
}


@pytest.fixture
def odd_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer about bundles carries them, as if the sandbox spoke so."""
    for state, odd in ODD.items():
        monkeypatch.setattr(state, "from_json", _with(state.from_json, odd))  # type: ignore[attr-defined]


def _with(read: Any, odd: dict[str, Any]) -> Any:
    return staticmethod(lambda row: read({**row, **odd}))


def test_a_paid_order_is_settled_and_shown_whatever_words_its_answer_has(
    odd_words: None, bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    command = Command.objects.get()
    assert (command.state, command.bundle) == (Command.State.SUCCEEDED, bundle)
    assert command.reservation.state == Reservation.State.SETTLED
    assert (bundle.status, bundle.country) == (STATUS[:40], "UNITED S")
    assert bundle.raw["title"] == "Spring " * 50  # the whole
    assert {video.status for video in bundle.videos.all()} == {STATUS[:40]}
    for page in (bundle.get_absolute_url(), command.get_absolute_url(), url("bundle_list")):
        assert signed_in(manager).get(page).status_code == 200


def test_a_long_status_that_stays_is_no_change(odd_words: None, bundle: Bundle) -> None:
    since = bundle.status_since
    refresh_bundle(tokportal(bundle.connection), bundle.connection, bundle.upstream_id, now=timezone.now())
    bundle.refresh_from_db()
    assert bundle.status_since == since


def test_an_account_with_long_words_is_kept(connection: Connection) -> None:
    row = {"id": "a" * 70, "username": "u" * 150, "visible_name": "n" * 300, "country": "UNITED STATES"}
    account = mirror_account(connection, SavedAccountState.from_json(row), read_at=timezone.now())
    account.refresh_from_db()
    assert (len(account.username), account.country, account.raw["username"]) == (100, "UNITED S", "u" * 150)
    again = mirror_account(connection, SavedAccountState.from_json(row), read_at=timezone.now())
    assert again == account
