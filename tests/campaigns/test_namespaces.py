"""R1: a prefix never takes what belongs to another campaign, now or later."""

import pytest
from django.db import IntegrityError

from agency.models import User
from campaigns import actions
from campaigns.access import resolve
from campaigns.models import Campaign, Namespace
from clients.models import Client
from tests.factories import (
    make_bundle,
    make_campaign,
    make_client,
    make_command,
    make_connection,
    make_post,
    make_video,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(db: None) -> Campaign:
    return make_campaign(make_client("nordlys"), "winter")


def adopt(campaign: Campaign, prefix: str, by: User) -> Namespace:
    return actions.adopt_namespace(campaign=campaign, prefix=prefix, by=by)


def test_an_adopted_prefix_gives_its_references_to_the_campaign(owner: User, campaign: Campaign) -> None:
    adopt(campaign, "ugc-wave-1", owner)
    assert resolve("ugc-wave-1") == campaign
    assert resolve("UGC-Wave-1-us-3") == campaign
    assert resolve("ugc-wave-10") is None


@pytest.mark.parametrize("kind", ["bundle", "command", "video", "post"])
def test_a_prefix_that_would_take_anothers_reference_is_refused_and_names_it(
    owner: User, campaign: Campaign, other: Campaign, kind: str
) -> None:
    ref = "make-7"
    if kind == "bundle":
        make_bundle(other, external_ref=ref)
    elif kind == "command":
        make_command(other, external_ref=ref)
    elif kind == "video":
        make_video(make_bundle(other), 1, external_ref=ref)
    else:
        make_post(other, external_ref=ref)
    with pytest.raises(actions.CannotSave, match="make-7"):
        adopt(campaign, "make", owner)
    assert not Namespace.objects.filter(prefix="make").exists()


def test_a_reference_that_a_longer_prefix_claims_is_in_no_danger(
    owner: User, campaign: Campaign, other: Campaign
) -> None:
    adopt(other, "make-wave", owner)
    make_bundle(other, external_ref="make-wave-7")
    adopt(campaign, "make", owner)
    assert resolve("make-wave-8") == other
    assert resolve("make-8") == campaign


def test_a_prefix_that_is_taken_is_refused_with_its_owner(
    owner: User, campaign: Campaign, other: Campaign
) -> None:
    adopt(other, "make", owner)
    with pytest.raises(actions.CannotSave, match="Nordlys, Winter"):
        adopt(campaign, "make", owner)


def test_staff_are_not_told_whose_it_is_when_they_may_not_see_them(
    manager: User, campaign: Campaign, other: Campaign
) -> None:
    make_bundle(other, external_ref="make-nordlys-7")
    with pytest.raises(actions.CannotSave) as refusal:
        adopt(campaign, "make", manager)
    assert "ordlys" not in str(refusal.value)
    assert "another client" in str(refusal.value)


def test_a_prefix_that_would_take_future_orders_of_a_country_is_refused(
    owner: User, campaign: Campaign
) -> None:
    make_connection(countries=[{"code": "USA", "name": "United States", "videos_only": False}])
    second = make_campaign(campaign.client, "summer")
    with pytest.raises(actions.CannotSave, match="builds for that country"):
        adopt(second, "acme-spring-2026-usa", owner)
    adopt(second, "acme-spring-2026-vip", owner)  # no country: nothing of ours begins so


def test_a_campaign_whose_orders_would_go_elsewhere_is_not_made(owner: User, client_row: Client) -> None:
    make_connection(countries=[{"code": "FR", "name": "France", "videos_only": False}])
    first = make_campaign(client_row, "x")
    adopt(first, "acme-spring-fr", owner)
    fields = actions.CampaignFields("Spring", "spring", first.starts_on, first.ends_on)
    with pytest.raises(actions.CannotSave, match="acme-spring-fr"):
        actions.add_campaign(client=client_row, fields=fields, by=owner)
    assert not Campaign.objects.filter(slug="spring").exists()


def test_the_database_refuses_a_prefix_of_two_campaigns(campaign: Campaign, other: Campaign) -> None:
    with pytest.raises(IntegrityError, match="prefix"):
        Namespace.objects.create(campaign=other, prefix="acme-spring-2026")


def test_the_database_refuses_a_second_own_prefix(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError, match="namespace_one_own_per_campaign"):
        Namespace.objects.create(campaign=campaign, prefix="acme-x", is_own=True)


@pytest.mark.parametrize("prefix", ["", "Make", "make_x", "é", "a" * 121])
def test_the_database_refuses_a_prefix_that_is_none(campaign: Campaign, prefix: str) -> None:
    with pytest.raises(Exception, match=r"namespace_prefix_is_lower_case|too long"):
        Namespace.objects.create(campaign=campaign, prefix=prefix)
