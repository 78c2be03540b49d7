"""R1: a prefix never takes what belongs to another campaign, now or later."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import User
from campaigns import actions
from campaigns.access import resolve
from campaigns.models import Bundle, Campaign, Namespace
from clients.models import Client
from tests.factories import (
    make_account,
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


def adopt(campaign: Campaign, prefix: str, by: User) -> int:
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


@pytest.mark.parametrize("prefix", ["nordlys", "nordlys-make"])
def test_a_prefix_that_begins_with_another_clients_short_name_is_refused(
    owner: User, manager: User, campaign: Campaign, other: Campaign, prefix: str
) -> None:
    with pytest.raises(actions.CannotSave, match="short name of Nordlys"):
        adopt(campaign, prefix, owner)
    with pytest.raises(actions.CannotSave, match="short name of another client"):
        adopt(campaign, prefix, manager)
    adopt(other, prefix, owner)
    assert resolve(f"{prefix}-7") == other


def test_the_longest_short_name_says_whose_a_prefix_is(owner: User, campaign: Campaign) -> None:
    longer = make_campaign(make_client("acme-tools"), "winter")
    adopt(longer, "acme-tools-make", owner)
    with pytest.raises(actions.CannotSave, match="short name of"):
        adopt(campaign, "acme-tools-other", owner)


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


def test_adopting_a_prefix_claims_what_has_no_owner_and_begins_so(owner: User, campaign: Campaign) -> None:
    account = make_account(None)
    ours = make_bundle(None, external_ref="UGC-wave-1-us-3", saved_account=account)
    others = make_bundle(None, external_ref="ugc-wave-10-us-3")
    assert actions.adopt_namespace(campaign=campaign, prefix="ugc-wave-1", by=owner) == 1
    for row in (ours, others, account):
        row.refresh_from_db()
    assert (ours.campaign, account.campaign, others.campaign) == (campaign, campaign, None)


def test_adopting_a_prefix_leaves_what_a_longer_one_claims(
    owner: User, campaign: Campaign, other: Campaign
) -> None:
    bundle = make_bundle(None, external_ref="make-wave-7")
    adopt(other, "make-wave-7", owner)
    bundle.refresh_from_db()
    assert bundle.campaign == other
    adopt(campaign, "make", owner)
    bundle.refresh_from_db()
    assert bundle.campaign == other


def test_claiming_never_takes_a_bundle_from_its_owner(
    owner: User, campaign: Campaign, other: Campaign
) -> None:
    theirs, nobodys = make_bundle(other), make_bundle(None)
    assert actions.claim_bundles(bundles=[theirs, nobodys], campaign=campaign) == 1
    theirs.refresh_from_db()
    assert theirs.campaign == other


def test_who_claimed_a_bundle_is_in_the_audit_trail(
    signed_in: Callable[[User], Browser], owner: User, campaign: Campaign
) -> None:
    bundle = make_bundle(None)
    browser, address = signed_in(owner), reverse("bundle_unclaimed")
    assert "One bundle" not in browser.get(address).content.decode()
    assert browser.post(address, {"campaign": campaign.pk}).status_code == 422
    assert browser.post(address, {"campaign": campaign.pk, "bundles": [bundle.pk]}).status_code == 302
    change = Bundle.pgh_event_model.objects.filter(pgh_label="update").get()  # type: ignore[attr-defined]
    assert (change.pgh_obj_id, change.campaign_id) == (bundle.pk, campaign.pk)
    assert change.pgh_context.metadata["user"] == owner.pk


def test_unclaimed_bundles_are_for_owners(signed_in: Callable[[User], Browser], manager: User) -> None:
    assert signed_in(manager).get(reverse("bundle_unclaimed")).status_code == 404
    assert signed_in(manager).post(reverse("bundle_unclaimed"), {}).status_code == 404


def test_ten_more_unclaimed_bundles_need_no_more_queries(
    signed_in: Callable[[User], Browser], owner: User, campaign: Campaign
) -> None:
    browser = signed_in(owner)

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert browser.get(reverse("bundle_unclaimed")).status_code == 200
        return len(captured)

    make_bundle(None)
    before = queries()
    for _ in range(10):
        make_bundle(None)
    assert queries() == before <= 15


def release(browser: Browser, namespace: Namespace) -> str:
    """What the page says afterwards."""
    address = reverse("namespace_release", args=[namespace.campaign_id, namespace.pk])
    return browser.post(address, follow=True).content.decode()


def test_an_adopted_prefix_is_released_and_free_for_another_campaign(
    signed_in: Callable[[User], Browser], owner: User, manager: User, campaign: Campaign, other: Campaign
) -> None:
    adopt(campaign, "make", owner)
    assert "make is released" in release(signed_in(manager), Namespace.objects.get(prefix="make"))
    assert resolve("make-7") is None
    adopt(other, "make", owner)
    assert resolve("make-7") == other


@pytest.mark.parametrize("kind", ["bundle", "command", "video", "post"])
def test_a_prefix_stays_while_something_of_the_campaign_carries_it(
    signed_in: Callable[[User], Browser], owner: User, campaign: Campaign, kind: str
) -> None:
    adopt(campaign, "make", owner)
    ref = "Make-7"
    if kind == "bundle":
        make_bundle(campaign, external_ref=ref)
    elif kind == "command":
        make_command(campaign, external_ref=ref)
    elif kind == "video":
        make_video(make_bundle(campaign), 1, external_ref=ref)
    else:
        make_post(campaign, external_ref=ref)
    assert "Make-7 of this campaign begins with make" in release(
        signed_in(owner), Namespace.objects.get(prefix="make")
    )
    assert resolve(ref) == campaign


def test_what_a_longer_prefix_claims_does_not_keep_a_shorter_one(owner: User, campaign: Campaign) -> None:
    adopt(campaign, "make", owner)
    adopt(campaign, "make-wave", owner)
    make_bundle(campaign, external_ref="make-wave-7")
    actions.release_namespace(namespace=Namespace.objects.get(prefix="make"))
    assert resolve("make-wave-7") == campaign


def test_the_own_prefix_is_never_released(
    signed_in: Callable[[User], Browser], owner: User, campaign: Campaign
) -> None:
    own = campaign.namespaces.get()
    browser = signed_in(owner)
    assert "Release" not in browser.get(campaign.get_absolute_url()).content.decode()
    assert "own prefix and stays" in release(browser, own).replace("&#x27;", "'")
    assert campaign.namespaces.get() == own


def test_a_prefix_is_released_by_those_who_may_edit_its_campaign(
    signed_in: Callable[[User], Browser], owner: User, analyst: User, outsider: User, campaign: Campaign
) -> None:
    other = make_campaign(campaign.client, "autumn")
    adopt(campaign, "make", owner)
    adopted = Namespace.objects.get(prefix="make")
    address = reverse("namespace_release", args=[campaign.pk, adopted.pk])
    assert signed_in(outsider).post(address).status_code == 404
    assert signed_in(analyst).post(address).status_code == 403
    elsewhere = reverse("namespace_release", args=[other.pk, adopted.pk])
    assert signed_in(owner).post(elsewhere).status_code == 404
    assert resolve("make-7") == campaign
