"""Every URL that the URLconf knows, tried by those who may not see it. A new page is in here by itself."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from agency.models import Drift, User
from campaigns.analytics.models import AccountSnapshot
from campaigns.events.models import WebhookEvent
from campaigns.launches.models import Launch
from campaigns.ledger.models import CreditEntry
from campaigns.models import AccountProfile, Campaign
from tests.factories import (
    NOW,
    make_account,
    make_bundle,
    make_command,
    make_post,
    make_stop,
    make_user,
    the_connection,
)

# Open to everybody, with a way of their own to tell who is asking.
PUBLIC = {"sign-in", "health_live", "health_ready", "webhook"}
# About the person who asks, or the same for everybody.
OWN = {"sign-out", "today", "client_colours", "client_pin", "preferences", "password"}
SECRET = "Zanzibar"  # the client's name: it must not stand on any page of an outsider


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                yield from patterns(entry)
        else:
            yield entry


PAGES = {str(pattern.name): pattern for pattern in patterns() if pattern.name}


@pytest.fixture
def world(campaign: Campaign) -> dict[str, object]:
    """One of each thing of the client, by the names that URLs use."""
    campaign.client.name = SECRET
    campaign.client.save()
    campaign.name = f"{SECRET} spring"
    campaign.save()
    account = make_account(campaign, username=f"{SECRET}_us")
    bundle = make_bundle(
        campaign, videos=2, saved_account=account, title=f"{SECRET} bundle", account_status="in_review"
    )
    AccountProfile.objects.create(bundle=bundle, username="zz", visible_name=SECRET)
    AccountSnapshot.objects.create(account=account, day=date(2026, 11, 20), scraped_at=NOW, views=5)
    entry = CreditEntry.objects.create(
        connection=the_connection(),
        upstream_id="t1",
        amount=-38,
        balance_after=100,
        created_at=NOW,
        imported_at=timezone.now(),
        description=SECRET,
    )
    event = WebhookEvent.objects.create(
        connection=the_connection(), upstream_id="e1", kind="bundle.created", body={}, received_at=NOW
    )
    drift = Drift.objects.create(
        connection=the_connection(),
        kind="field",
        place="getBundle",
        word=SECRET,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )
    launch = Launch.objects.create(
        campaign=campaign,
        connection=the_connection(),
        asked_by=make_user(role=User.Role.OWNER),
        asked_at=NOW,
    )
    line = launch.lines.create(country="USA", platform="tiktok", profile={"visible_name": SECRET})
    return {
        "slug": campaign.client.slug,
        "campaign_id": campaign.pk,
        "bundle_id": bundle.pk,
        "position": 1,
        "post_id": make_post(campaign, caption=SECRET).pk,
        "command_id": make_command(campaign).pk,
        "account_id": account.pk,
        "entry_id": entry.pk,
        "event_id": event.pk,
        "drift_id": drift.pk,
        "launch_id": launch.pk,
        "line_id": line.pk,
        "stop_id": make_stop(campaign.client, reason=SECRET).pk,
        "allocation_id": 1,
        "namespace_id": campaign.namespaces.get().pk,
        "user_id": 1,
        "month": "2026-11",
        "path_key": "wrong",
        "what": "x",
        "lane": "person",
    }


def address(name: str, world: dict[str, object]) -> str:
    pattern = PAGES[name].pattern
    filled = {key: world[key] for key in pattern.converters}
    return "/" + next(
        candidate % filled
        for candidate, wanted in get_resolver().reverse_dict.getlist(name)[0][0]
        if set(wanted) == set(filled)
    )


def about_an_object(name: str) -> bool:
    return bool(PAGES[name].pattern.converters)


@pytest.mark.parametrize("name", sorted(PAGES.keys() - PUBLIC))
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_outsider_finds_nothing_of_another_client(
    name: str, method: str, world: dict[str, object], outsider: User, signed_in: Callable[[User], Browser]
) -> None:
    answer = getattr(signed_in(outsider), method)(address(name, world))
    if about_an_object(name):
        assert answer.status_code == 404, f"{method} {name} answered {answer.status_code}"
    body = b"".join(answer) if answer.streaming else answer.content
    assert SECRET.encode() not in body


@pytest.mark.parametrize(
    "name", sorted(name for name in PAGES.keys() - PUBLIC - OWN if about_an_object(name))
)
def test_a_fragment_is_as_closed_as_its_page(
    name: str, world: dict[str, object], outsider: User, signed_in: Callable[[User], Browser]
) -> None:
    answer = signed_in(outsider).get(address(name, world), headers={"HX-Request": "true"})
    assert answer.status_code == 404


@pytest.mark.parametrize("name", sorted(PAGES.keys() - PUBLIC))
def test_nobody_gets_in_without_signing_in(name: str, world: dict[str, object]) -> None:
    answer = Browser().get(address(name, world))
    assert answer.status_code == 302
    assert "/sign-in/" in answer["Location"]


@pytest.mark.parametrize("name", sorted(name for name in PAGES.keys() - PUBLIC - OWN))
def test_an_analyst_changes_nothing(
    name: str, world: dict[str, object], analyst: User, signed_in: Callable[[User], Browser]
) -> None:
    answer = signed_in(analyst).post(address(name, world))
    assert answer.status_code in (403, 404)


@pytest.mark.parametrize("name", sorted(PAGES.keys() - PUBLIC))
@pytest.mark.parametrize(
    "query", ["page=x", "page=99999999999999999999", "month=9999-99", "client=x&campaign=-1", "q=%00"]
)
def test_bad_query_values_are_no_accident(
    name: str, query: str, world: dict[str, object], owner: User, signed_in: Callable[[User], Browser]
) -> None:
    assert signed_in(owner).get(f"{address(name, world)}?{query}").status_code < 500
