"""What is committed counts everything once: holds, charges, and what was assigned by hand."""

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from campaigns.ledger import actions
from campaigns.ledger.months import Month
from campaigns.ledger.reports import BudgetState, budget_state, committed, pool, unassigned_entries
from campaigns.models import Campaign
from campaigns.overview import campaigns_with_figures, client_figures
from campaigns.reports.statement import build_statement
from tests.factories import NOW, make_campaign, make_command, make_connection, make_user, the_connection
from tests.ledger.books import give, make_entry

pytestmark = pytest.mark.django_db


def test_a_command_counts_once_from_its_hold_to_its_entry() -> None:
    campaign = make_campaign()
    command = make_command(campaign)
    actions.reserve(command, credits=40, now=NOW)
    assert (
        committed(the_connection(), campaign.client)
        == committed(the_connection(), campaign.client, campaign)
        == 40
    )
    actions.settle(command, charged=38, now=NOW)
    assert committed(the_connection(), campaign.client) == 38
    give(make_entry(-38), campaign, command=command)
    assert (
        committed(the_connection(), campaign.client)
        == committed(the_connection(), campaign.client, campaign)
        == 38
    )


def test_a_command_whose_entry_was_taken_back_counts_by_itself_again() -> None:
    campaign = make_campaign()
    command = make_command(campaign)
    actions.settle(command, charged=38, now=NOW)
    entry = make_entry(-38)
    give(entry, campaign, command=command)
    actions.reverse_allocations(entry, by=make_user(), reason="The other one was it.", now=NOW)
    assert committed(the_connection(), campaign.client) == 38
    give(make_entry(-38), campaign, command=command)
    assert committed(the_connection(), campaign.client) == 38


def test_what_was_refused_or_withdrawn_counts_nothing() -> None:
    campaign = make_campaign()
    command = make_command(campaign)
    actions.reserve(command, credits=40, now=NOW)
    actions.void(command, now=NOW)
    assert committed(the_connection(), campaign.client) == 0


def test_what_was_assigned_by_hand_counts_and_a_refund_gives_room() -> None:
    campaign = make_campaign()
    actions.set_budget(client=campaign.client, campaign=None, credits=100)
    give(make_entry(-60), campaign)
    assert budget_state(the_connection(), campaign.client) == BudgetState(limit=100, used=60)
    give(make_entry(10), campaign)
    assert budget_state(the_connection(), campaign.client).left == 50
    assert budget_state(the_connection(), campaign.client, campaign).limit is None


def test_what_is_held_cannot_be_given_twice() -> None:
    connection = the_connection()
    connection.balance = 50
    connection.save()
    campaign = make_campaign()
    actions.reserve(make_command(campaign), credits=40, now=NOW)
    assert pool(connection).available == 10
    with pytest.raises(actions.PoolTooLow, match="10 left to give"):
        actions.reserve(make_command(campaign), credits=11, now=NOW)


def test_an_entry_is_unassigned_until_it_has_an_owner_and_an_empty_one_never_is() -> None:
    campaign = make_campaign()
    mine, nobodys, _ = make_entry(-38), make_entry(-25), make_entry(0)
    give(mine, campaign)
    assert list(unassigned_entries(the_connection())) == [nobodys]
    actions.reverse_allocations(mine, by=make_user(), reason="Wrong", now=NOW)
    assert set(unassigned_entries(the_connection())) == {mine, nobodys}


def test_a_trial_workspace_uses_up_no_budget_of_the_real_one() -> None:
    campaign = make_campaign()
    client, real, trial = campaign.client, the_connection(), make_connection(is_active=False)
    actions.set_budget(client=client, campaign=None, credits=100)
    actions.set_budget(client=client, campaign=campaign, credits=100)
    give(make_entry(-70, connection=trial), campaign)
    actions.settle(make_command(campaign, connection=trial), charged=20, now=NOW)
    actions.settle(make_command(campaign, connection=real), charged=38, now=NOW)
    assert committed(trial, client) == 90
    assert budget_state(real, client).used == budget_state(real, client, campaign).used == 38
    figures = client_figures([client], connection=real, now=NOW)[0]
    assert (figures.budget.used, figures.credits_this_month) == (38, 0)
    assert campaigns_with_figures(Campaign.objects.all(), connection=real).get().credits_used == 38
    actions.reserve(make_command(campaign, connection=real), credits=62, now=NOW)
    with pytest.raises(actions.OverBudget, match="0 left"):
        actions.reserve(make_command(campaign, connection=real), credits=1, now=NOW)


def test_the_month_on_today_is_the_month_of_the_agencys_reports(settings: Settings) -> None:
    settings.AGENCY_TIME_ZONE = "Asia/Tokyo"  # nine hours ahead of UTC
    campaign, connection = make_campaign(), the_connection()
    give(make_entry(-38, created_at=datetime(2026, 11, 30, 14, tzinfo=UTC)), campaign)
    give(make_entry(-25, created_at=datetime(2026, 11, 30, 16, tzinfo=UTC)), campaign)

    def this_month(now: datetime) -> int:
        return client_figures([campaign.client], connection=connection, now=now)[0].credits_this_month

    assert this_month(datetime(2026, 11, 30, 18, tzinfo=UTC)) == 25
    report = build_statement(campaign.client, Month(2026, 12), connection)
    assert report.charged == 25
