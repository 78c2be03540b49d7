"""Finding things by what one types: who finds what, what comes first, and what it costs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agency.models import User
from agency.recent import remember_page
from agency.search import Found, Text, find
from agency.views.search import SOURCES
from campaigns.ledger.models import CreditEntry
from campaigns.models import Campaign
from clients.models import Client
from tests.factories import (
    NOW,
    make_account,
    make_bundle,
    make_campaign,
    make_client,
    make_command,
    make_post,
    make_user,
    make_video,
    the_connection,
)

SignIn = Callable[[User], Browser]
PALETTE = {"HX-Request": "true", "HX-Target": "palette-results"}


def found(user: User, typed: str, *, limit: int = 6) -> dict[str, Found]:
    return find(SOURCES, user, Text.read(typed), limit=limit)


def titles(user: User, typed: str, group: str) -> list[str]:
    return [hit.title for hit in found(user, typed).get(group, Found()).hits]


def make_entry(**fields: object) -> CreditEntry:
    row = {"amount": -38, "balance_after": 100, "created_at": NOW, "imported_at": NOW, "upstream_id": "txn-9"}
    return CreditEntry.objects.create(connection=the_connection(), **{**row, **fields})


@pytest.fixture
def things(campaign: Campaign) -> dict[str, object]:
    """One of each sort, by the words that find it."""
    account = make_account(campaign, username="acme_us", upstream_id="acc-1")
    bundle = make_bundle(
        campaign, title="Glow launch", external_ref="acme-spring-2026-usa-k3v9qp", upstream_id="bnd-1"
    )
    make_video(bundle, 1, description="Behind the scenes of the glow", external_ref="acme-spring-2026-usa-v1")
    make_post(campaign, caption="A draft about sunscreen", external_ref="acme-spring-2026-post-1")
    make_command(campaign, external_ref="acme-spring-2026-usa-zz99zz")
    make_entry(description="Bundle created: sunscreen campaign")
    return {"account": account, "bundle": bundle}


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("typed", "group", "title"),
    [
        ("acm", "clients", "Acme"),
        ("spri", "campaigns", "Spring-2026"),
        ("acme-spring-2026-xyz", "campaigns", "Spring-2026"),  # whose a reference is
        ("glow", "bundles", "Glow launch"),
        ("launch glow", "bundles", "Glow launch"),
        ("acme-spring-2026-usa-k3v9qp", "bundles", "Glow launch"),
        ("ACME-SPRING-2026-USA-K3", "bundles", "Glow launch"),
        ("k3v9qp", "bundles", "Glow launch"),
        ("bnd-1", "bundles", "Glow launch"),
        ("@acme_us", "accounts", "@acme_us"),
        ("acc-1", "accounts", "@acme_us"),
        ("scenes", "videos", "Behind the scenes of the glow"),
        ("acme-spring-2026-usa-v1", "videos", "Behind the scenes of the glow"),
        ("sunscreen", "videos", "A draft about sunscreen"),
        ("acme-spring-2026-post-1", "videos", "A draft about sunscreen"),
        ("sunscreen", "credits", "-38 credits"),
        ("txn-9", "credits", "-38 credits"),
        ("38", "credits", "-38 credits"),
    ],
)
def test_each_sort_is_found_by_what_people_know_of_it(
    typed: str, group: str, title: str, owner: User
) -> None:
    assert titles(owner, typed, group) == [title]


def test_an_order_is_found_by_its_number_its_key_and_its_reference(owner: User, campaign: Campaign) -> None:
    command = make_command(campaign, external_ref="acme-spring-2026-usa-zz99zz")
    key = str(command.key)
    for typed in (f"#{command.pk}", key, key[:10], command.key.hex, command.key.hex[:13], "zz99zz"):
        assert titles(owner, typed, "orders") == [str(command)], typed


@pytest.mark.parametrize(
    "typed", ["6921234567890123456", "123456789012", "deadbeefcafe", "abcdef12-----", "a" * 33]
)
def test_what_might_begin_a_key_finds_nothing_and_breaks_nothing(typed: str, owner: User) -> None:
    assert found(owner, typed) == {}


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    "typed",
    [
        "acme",
        "spring",
        "glow",
        "k3v9qp",
        "acme-spring-2026-usa-k3v9qp",
        "@acme_us",
        "sunscreen",
        "bnd-1",
        "38",
        "ac",
    ],
)
def test_somebody_elses_things_are_never_found(typed: str, outsider: User) -> None:
    assert found(outsider, typed) == {}


@pytest.mark.usefixtures("things")
def test_the_ledger_is_for_owners_alone(manager: User, owner: User) -> None:
    assert "credits" not in found(manager, "sunscreen")
    assert "credits" in found(owner, "sunscreen")


def test_what_belongs_to_nobody_is_for_owners_alone(manager: User, owner: User) -> None:
    make_bundle(title="Found elsewhere")
    make_account(username="stray")
    assert titles(owner, "elsewhere", "bundles") == ["Found elsewhere"]
    assert titles(owner, "stray", "accounts") == ["@stray"]
    assert found(manager, "elsewhere") == found(manager, "stray") == {}


def test_nobody_finds_anything_once_their_account_is_closed(manager: User, client_row: Client) -> None:
    assert titles(manager, client_row.name, "clients")
    manager.is_active = False
    assert found(manager, client_row.name) == {}


def test_an_exact_reference_comes_before_its_beginnings_and_these_before_what_holds_it(
    owner: User, campaign: Campaign
) -> None:
    for ref, title in (("x-glow-1", "holds"), ("glow-12", "begins"), ("glow-1", "exact")):
        make_bundle(campaign, external_ref=ref, title=title)
    assert titles(owner, "glow-1", "bundles") == ["exact", "begins", "holds"]


def test_newer_things_come_first_among_equals_and_the_rest_is_told(owner: User, campaign: Campaign) -> None:
    for number in range(8):
        make_bundle(campaign, title=f"Glow {number}")
    group = found(owner, "glow")["bundles"]
    assert [hit.title for hit in group.hits] == [f"Glow {number}" for number in (7, 6, 5, 4, 3, 2)]
    assert group.has_more


def test_a_mistyped_name_is_still_found(owner: User) -> None:
    make_client("borealis", name="Borealis")
    assert titles(owner, "boraelis", "clients") == ["Borealis"]


def test_a_post_in_a_slot_is_found_once_as_the_video_it_is(owner: User, campaign: Campaign) -> None:
    video = make_video(make_bundle(campaign), 1, description="Morning routine")
    make_post(campaign, caption="Morning routine", video=video)
    hits = found(owner, "morning")["videos"].hits
    assert [hit.url for hit in hits] == [f"/bundles/{video.bundle_id}/videos/1/"]


@pytest.mark.parametrize("typed", ["", "   ", "\0", "%", "_", "'", "(", "\\", "@", "#", "x" * 500])
def test_odd_texts_find_nothing_and_break_nothing(typed: str, owner: User, signed_in: SignIn) -> None:
    make_client("acme")
    assert found(owner, typed) == {}
    assert signed_in(owner).get("/search/", {"q": typed}).status_code == 200


def test_the_page_marks_what_was_typed_and_leads_to_the_filtered_list(
    owner: User, signed_in: SignIn, campaign: Campaign
) -> None:
    for number in range(8):
        make_bundle(campaign, title=f"Glow <{number}>")
    page = signed_in(owner).get("/search/", {"q": "glow"}).content.decode()
    assert "<mark>Glow</mark> &lt;7&gt;" in page
    assert 'href="/bundles/?q=glow"' in page


def test_more_is_where_it_is_found_again(owner: User, signed_in: SignIn, campaign: Campaign) -> None:
    """Lists take what was typed as one text: words in another order lead to more of the search."""
    for number in range(8):
        make_bundle(campaign, title=f"Glow launch {number}")
        make_client(f"borealis-{number}", name=f"Borealis {number}")
    browser = signed_in(owner)
    for typed, name in (("launch glow", "bundles"), ("boraelis", "clients")):
        groups = browser.get("/search/", {"q": typed}).context["groups"]
        address = next(group.more_url for group in groups if group.name == name)
        (group,) = browser.get(address).context["groups"]
        assert len(group.hits) == 8
    for number in range(8):
        make_campaign(campaign.client, f"summer-{number}", goal="Sunscreen")
    (group,) = browser.get("/search/", {"q": "sunscreen"}).context["groups"]
    assert browser.get(group.more_url).context["page"].paginator.count == 8


def test_one_group_alone_shows_more_of_it(owner: User, signed_in: SignIn, campaign: Campaign) -> None:
    bundle = make_bundle(campaign)
    for position in range(1, 10):
        make_video(bundle, position, description=f"Glow {position}")
    browser = signed_in(owner)
    assert 'href="/search/?q=glow&amp;in=videos"' in browser.get("/search/", {"q": "glow"}).content.decode()
    page = browser.get("/search/", {"q": "glow", "in": "videos"}).content.decode()
    assert all(f"/videos/{position}/" in page for position in range(1, 10))


def test_the_palette_gets_its_list_and_nothing_around_it(
    owner: User, signed_in: SignIn, client_row: Client
) -> None:
    answer = signed_in(owner).get("/search/", {"q": "acme"}, headers=PALETTE)
    body = answer.content.decode()
    assert body.lstrip().startswith('<div id="palette-results" role="listbox"')
    assert client_row.get_absolute_url() in body
    assert "<html" not in body
    assert "HX-Target" in answer["Vary"]


def test_where_nothing_is_found_the_page_says_what_can_be_searched(owner: User, signed_in: SignIn) -> None:
    assert "Nothing is found" in signed_in(owner).get("/search/", {"q": "zzzz"}).content.decode()


@pytest.mark.parametrize(
    ("role", "typed", "url", "may"),
    [
        ("owner", "import credit", "/credits/", True),
        ("manager", "import credit", "/credits/", False),
        ("manager", "new campaign acme", "/clients/acme/campaigns/new/", True),
        ("analyst", "new campaign acme", "/clients/acme/campaigns/new/", False),
        ("manager", "order bundle spring", "/order/", True),
        ("analyst", "order bundle spring", "/order/", False),
        ("analyst", "report acme", f"/clients/acme/reports/{timezone.now():%Y-%m}/", True),
        ("analyst", "sign out", "/sign-out/", True),
        ("manager", "people", "/people/", False),
    ],
)
def test_actions_are_offered_to_those_who_may_do_them(
    role: str,
    typed: str,
    url: str,
    may: bool,
    request: pytest.FixtureRequest,
    signed_in: SignIn,
    campaign: Campaign,
) -> None:
    body = signed_in(request.getfixturevalue(role)).get("/search/", {"q": typed}, headers=PALETTE).content
    assert (url in body.decode()) is may, campaign


def test_nothing_can_be_ordered_in_what_is_archived(
    manager: User, signed_in: SignIn, campaign: Campaign
) -> None:
    campaign.archived_at = timezone.now()
    campaign.save()
    body = signed_in(manager).get("/search/", {"q": "order bundle"}, headers=PALETTE).content.decode()
    assert "/order/" not in body


def test_what_was_opened_lately_is_offered_before_anything_is_typed(
    manager: User, signed_in: SignIn, campaign: Campaign
) -> None:
    browser = signed_in(manager)
    bundle = make_bundle(campaign, title="Glow launch")
    browser.get(campaign.get_absolute_url())
    browser.get(bundle.get_absolute_url())
    browser.get(bundle.get_absolute_url(), headers={"HX-Request": "true"})  # a poll
    body = browser.get("/search/", headers=PALETTE).content.decode()
    assert body.index("Glow launch") < body.index(">Spring-2026<")
    assert body.count("Glow launch") == 1


def test_what_one_may_no_longer_see_is_not_offered(
    outsider: User, signed_in: SignIn, campaign: Campaign
) -> None:
    remember_page(outsider, campaign.get_absolute_url())
    assert "Spring-2026" not in signed_in(outsider).get("/search/", headers=PALETTE).content.decode()


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_any_number_of_things_costs_the_same_few_queries(
    role: str, request: pytest.FixtureRequest, signed_in: SignIn, campaign: Campaign
) -> None:
    browser = signed_in(request.getfixturevalue(role))

    def queries() -> int:
        with CaptureQueriesContext(database) as asked:
            assert browser.get("/search/", {"q": "acme order"}).status_code == 200
        return len(asked)

    def add(number: int) -> None:
        client = make_client(f"acme-order-{number}", name=f"Acme order {number}")
        for user in User.objects.filter(role=User.Role.MANAGER):
            client.memberships.create(user=user)
        other = make_campaign(client, name="Acme order")
        bundle = make_bundle(other, title="Acme order", external_ref=f"acme-order-{number}")
        make_video(bundle, 1, description="Acme order")
        make_account(other, username="acme_order", visible_name="Acme order")
        make_post(other, caption="Acme order")
        make_command(other, external_ref=f"acme-order-{number}")
        make_entry(description="Acme order", upstream_id=f"t{number}", created_at=NOW + timedelta(1))

    add(1)
    few = queries()
    for number in range(2, 12):
        add(number)
    assert queries() <= few <= 15


def test_signing_out_by_a_link_asks_first(manager: User, signed_in: SignIn) -> None:
    browser = signed_in(manager)
    assert "Sign out?" in browser.get("/sign-out/").content.decode()
    assert browser.get("/").status_code == 200
    browser.post("/sign-out/")
    assert browser.get("/").status_code == 302


def test_a_persons_recent_pages_are_their_own(manager: User, signed_in: SignIn, campaign: Campaign) -> None:
    signed_in(manager).get(campaign.get_absolute_url())
    colleague = make_user("cora", clients=(campaign.client,))
    assert "Opened lately" not in signed_in(colleague).get("/search/", headers=PALETTE).content.decode()
