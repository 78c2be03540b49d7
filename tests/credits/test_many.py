"""Several entries for one owner at once: all of them, or none."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from agency.models import Connection, User
from campaigns.credits import actions
from campaigns.ledger.actions import WrongAllocation
from campaigns.ledger.models import Allocation
from campaigns.models import Campaign
from tests.factories import NOW, the_connection
from tests.ledger.books import give, make_entry

LIST, ASSIGN = "/credits/unassigned/", "/credits/unassigned/assign/"


@pytest.fixture
def page(owner: User, signed_in: Callable[[User], Browser]) -> Browser:
    return signed_in(owner)


@pytest.fixture
def workspace(campaign: Campaign) -> Connection:
    return the_connection()


def test_the_chosen_entries_go_to_one_campaign(
    page: Browser, workspace: Connection, campaign: Campaign, owner: User
) -> None:
    chosen = [make_entry(-38), make_entry(-2)]
    other = make_entry(-4)
    form = {"entries": [entry.pk for entry in chosen], "whose": "acme/spring-2026"}
    answer = page.post(f"{ASSIGN}?type=usage", form, follow=True)
    assert answer.redirect_chain == [(f"{LIST}?type=usage", 302)]
    assert "2 entries of -40 credits in sum have their owner." in answer.content.decode()
    made = Allocation.objects.all()
    assert {row.entry_id for row in made} == {entry.pk for entry in chosen}
    assert {(row.campaign, row.made_by, row.rule) for row in made} == {(campaign, owner, "person")}
    assert list(workspace.credit_entries.unassigned()) == [other]


def test_one_that_has_an_owner_meanwhile_stops_all(
    workspace: Connection, campaign: Campaign, owner: User
) -> None:
    free, given = make_entry(-38), make_entry(-2)
    give(given, campaign)
    with pytest.raises(WrongAllocation):
        actions.assign_all(
            entries=[free, given], owner="client", client=campaign.client, campaign=None, by=owner, now=NOW
        )
    assert list(workspace.credit_entries.unassigned()) == [free]


@pytest.mark.parametrize(
    "form",
    [{"whose": "acme"}, {"entries": ["x"], "whose": "acme"}, {"entries": ["{entry}"], "whose": "nobody"}],
)
def test_what_is_missing_is_said_and_nothing_assigned(
    page: Browser, workspace: Connection, form: dict[str, object]
) -> None:
    entry = make_entry(-38)
    if form.get("entries") == ["{entry}"]:
        form = {**form, "entries": [entry.pk]}
    answer = page.post(ASSIGN, form, follow=True)
    assert "message error" in answer.content.decode()
    assert not Allocation.objects.exists()


def test_the_boxes_work_without_a_script(page: Browser, workspace: Connection) -> None:
    entry = make_entry(-38)
    html = page.get(LIST).content.decode()
    assert f'name="entries" value="{entry.pk}" form="bulk"' in html
    assert f'id="bulk" method="post" action="{reverse("credit_assign_chosen")}?"' in html
