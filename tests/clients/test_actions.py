"""Adding, changing and putting away clients; who works for them; what the database itself refuses."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from agency.models import User
from campaigns.access import require_open
from campaigns.ledger.models import Budget
from campaigns.models import Campaign
from clients import actions
from clients.models import Client, Membership
from tests.factories import make_bundle, make_campaign, make_client, make_command, make_post, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_a_client_is_added_with_its_budget_and_its_people(owner: User) -> None:
    max_ = make_user("max")
    client = actions.add_client(fields={"name": "Acme", "slug": "acme"}, budget=900, staff=[max_])
    assert Budget.objects.get(client=client, campaign=None).credits == 900
    assert list(Client.objects.visible_to(max_)) == [client]


def test_a_new_slug_renames_the_prefixes_while_none_is_used(owner: User, campaign: Campaign) -> None:
    actions.edit_client(client=campaign.client, fields={"slug": "acme-eu"}, by=owner)
    assert campaign.namespaces.get().prefix == "acme-eu-spring-2026"


@pytest.mark.parametrize("use", ["command", "bundle", "post"])
def test_the_slug_is_frozen_once_a_reference_uses_it(owner: User, campaign: Campaign, use: str) -> None:
    if use == "command":
        make_command(campaign, external_ref="acme-spring-2026-usa-abc234")
    elif use == "bundle":
        make_bundle(campaign, external_ref="acme-spring-2026-usa-abc234")
    else:
        make_post(campaign, external_ref="acme-spring-2026-usa-max-abc234")
    with pytest.raises(actions.CannotSave, match="can no longer change"):
        actions.edit_client(client=campaign.client, fields={"slug": "other"}, by=owner)
    campaign.client.refresh_from_db()
    assert campaign.client.slug == "acme"


def test_a_slug_whose_prefixes_belong_to_others_is_refused_whole(owner: User, campaign: Campaign) -> None:
    taken = make_campaign(make_client("nord"), "x")
    taken.namespaces.create(prefix="lumen-spring-2026")
    with pytest.raises(actions.CannotSave, match="lumen-spring-2026"):
        actions.edit_client(client=campaign.client, fields={"slug": "lumen", "name": "Lumen"}, by=owner)
    campaign.client.refresh_from_db()
    assert campaign.client.name == "Acme"


def test_people_are_given_and_taken_away(client_row: Client, manager: User, analyst: User) -> None:
    other = make_user("nora")
    actions.give_staff(client=client_row, staff=[manager, other])
    assert {row.user for row in client_row.memberships.all()} == {manager, other}


def test_an_archived_client_blocks_new_spending_until_it_is_restored(campaign: Campaign) -> None:
    actions.archive_client(client=campaign.client, now=NOW)
    campaign.client.refresh_from_db()
    with pytest.raises(PermissionDenied, match="archived"):
        require_open(campaign)
    actions.restore_client(client=campaign.client)
    campaign.client.refresh_from_db()
    require_open(campaign)


def test_archiving_twice_keeps_the_first_day(client_row: Client) -> None:
    actions.archive_client(client=client_row, now=NOW)
    actions.archive_client(client=client_row, now=NOW.replace(day=22))
    client_row.refresh_from_db()
    assert client_row.archived_at == NOW


@pytest.mark.parametrize("slug", ["", "Acme", "acme_", "-acme", "acme--x", "acme x", "acmé"])
def test_the_database_refuses_a_slug_that_is_none(slug: str) -> None:
    with pytest.raises(IntegrityError, match="client_slug_is_a_slug"):
        Client.objects.create(name="x", slug=slug)


@pytest.mark.parametrize("colour", ["red", "#12345", "#GG0000", "#AABBCC", "}body{"])
def test_the_database_refuses_a_colour_that_could_be_anything_else(colour: str) -> None:
    with pytest.raises(IntegrityError, match="client_colour_is_hex"):
        Client.objects.create(name="x", slug="x", colour=colour)


def test_the_database_refuses_a_second_client_of_a_slug(client_row: Client) -> None:
    with pytest.raises(IntegrityError, match="slug"):
        make_client("acme")


def test_the_database_refuses_to_give_a_client_twice(client_row: Client, manager: User) -> None:
    with pytest.raises(IntegrityError, match="membership_once_per_user_and_client"):
        Membership.objects.create(user=manager, client=client_row)


def test_the_database_refuses_a_second_budget_of_a_client(client_row: Client) -> None:
    Budget.objects.create(client=client_row, credits=1)
    with pytest.raises(IntegrityError, match="budget_one_per_client"):
        Budget.objects.create(client=client_row, credits=2)


def test_what_was_changed_and_when_can_never_be_rewritten(client_row: Client) -> None:
    Client.objects.filter(pk=client_row.pk).update(name="Acme Ltd")
    trail = Client.pgh_event_model.objects.filter(pgh_obj_id=client_row.pk)  # type: ignore[attr-defined]
    assert list(trail.order_by("pgh_id").values_list("pgh_label", "name")) == [
        ("insert", "Acme"),
        ("update", "Acme Ltd"),
    ]
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        trail.update(name="Nobody")
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        trail.all().delete()
