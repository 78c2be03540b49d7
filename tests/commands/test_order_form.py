"""The order form: the documents' rules, before TokPortal is asked."""

from typing import Any

import pytest

from agency.models import Connection
from campaigns.commands.forms.orders import BundleOrderForm, initial_from, wrong_terms
from campaigns.models import Campaign, Market
from tests.factories import make_account, make_campaign, make_connection

ALL_PRICES = {
    "costs": {
        "account_creation": 32,
        "video_upload": 2,
        "video_edit": 3,
        "advanced_warming": 1,
        "niche_warming": 15,
        "deep_warming": 5,
        "moderation": 5,
    }
}
COUNTRIES = [
    {"code": "FR", "name": "France", "videos_only": False},
    {"code": "UK", "name": "United Kingdom", "videos_only": False},
    {"code": "USA", "name": "United States", "videos_only": False},
    {"code": "PH", "name": "Philippines", "videos_only": True},
]
PLATFORMS = [
    {"value": "tiktok", "name": "TikTok", "enabled": True},
    {"value": "instagram", "name": "Instagram", "enabled": True},
    {"value": "youtube", "name": "YouTube", "enabled": None},
]
GOOD: dict[str, Any] = {
    "key": "7b0c3a2e-57a4-4c34-9d4a-2f1e7c1f6a10",
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": "5",
    "edits_quantity": "0",
    "warming": "none",
    "auto_finalize_videos": "on",
}


@pytest.fixture
def pool(db: None) -> Connection:
    return make_connection(prices=ALL_PRICES, countries=COUNTRIES, platforms=PLATFORMS)


def form_of(campaign: Campaign, pool: Connection, **changes: Any) -> BundleOrderForm:
    return BundleOrderForm(GOOD | changes, campaign=campaign, connection=pool)


def test_a_plain_order_becomes_the_request_of_the_documents(campaign: Campaign, pool: Connection) -> None:
    form = form_of(campaign, pool, title="Acme - US")
    assert form.is_valid(), form.errors
    assert form.body() == {
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "USA",
        "videos_quantity": 5,
        "edits_quantity": 0,
        "auto_finalize_videos": True,
        "title": "Acme - US",
    }


@pytest.mark.parametrize(("typed", "sent"), [("US", "USA"), ("us", "USA"), ("GB", "UK"), ("FR", "FR")])
def test_either_form_of_a_country_is_taken(
    campaign: Campaign, pool: Connection, typed: str, sent: str
) -> None:
    form = form_of(campaign, pool, country=typed)
    assert form.is_valid(), form.errors
    assert form.body()["country"] == sent


TERMS = "fitness\ngym\nrunning"
REFUSED = [
    ("country", {"country": ""}, "Choose a country"),
    ("country", {"country": "XX"}, "valid choice"),
    ("country", {"country": "PH"}, "valid choice"),  # no new accounts there
    ("platform", {"platform": "youtube"}, "cannot be ordered yet"),
    ("platform", {"platform": "myspace"}, "valid choice"),
    ("videos_quantity", {"videos_quantity": ""}, "how many videos"),
    ("videos_quantity", {"videos_quantity": "0"}, "From 1 to 500"),
    ("videos_quantity", {"videos_quantity": "501"}, "From 1 to 500"),
    ("videos_quantity", {"videos_quantity": "many"}, "whole number"),
    ("edits_quantity", {"edits_quantity": "6"}, "At most one edit for each video"),
    ("edits_quantity", {"edits_quantity": "-1"}, "Not fewer than none"),
    ("title", {"title": "x" * 201}, "At most 200"),
    ("warming", {"warming": "deep"}, "Instagram only"),
    ("niche_warming_instructions", {"warming": "niche"}, "Say what the account should look at"),
    ("advanced_warming_terms", {"warming": "advanced"}, "Give the search terms"),
    ("advanced_warming_terms", {"warming": "advanced", "advanced_warming_terms": "one"}, "There is 1 term"),
    (
        "advanced_warming_terms",
        {"warming": "advanced", "advanced_warming_terms": "a\nrunning\ngym"},
        "2 to 50 characters",
    ),
    (
        "advanced_warming_terms",
        {"warming": "advanced", "advanced_warming_terms": "Gym\ngym\nrunning"},
        "Twice in the list",
    ),
    (
        "advanced_warming_terms_count",
        {"warming": "advanced", "advanced_warming_terms": TERMS, "advanced_warming_terms_count": "6"},
        "There are 3 terms",
    ),
    (
        "advanced_warming_terms_count",
        {"warming": "advanced", "advanced_warming_terms_count": "4"},
        "3, 6, 9",
    ),
    ("account_id", {"bundle_type": "videos_only"}, "Choose the account"),
    ("bundle_type", {"bundle_type": "everything"}, "valid choice"),
]


@pytest.mark.parametrize(("field", "changes", "sentence"), REFUSED)
def test_what_the_documents_forbid_is_refused_at_its_field(
    campaign: Campaign, pool: Connection, field: str, changes: dict[str, str], sentence: str
) -> None:
    form = form_of(campaign, pool, **changes)
    assert not form.is_valid()
    assert sentence in " ".join(form.errors[field])


def test_edits_are_not_compared_with_an_impossible_number_of_videos(
    campaign: Campaign, pool: Connection
) -> None:
    form = form_of(campaign, pool, videos_quantity="-3")
    assert set(form.errors) == {"videos_quantity"}


WARMINGS = [
    ({"warming": "deep", "platform": "instagram"}, {"wants_deep_warming": True}),
    (
        {"warming": "niche", "niche_warming_instructions": "Gyms"},
        {"wants_niche_warming": True, "niche_warming_instructions": "Gyms"},
    ),
    (
        {"warming": "advanced", "advanced_warming_terms": TERMS, "advanced_warming_terms_count": "3"},
        {"wants_advanced_warming": True, "advanced_warming_terms": ["fitness", "gym", "running"]},
    ),
    (
        {"warming": "advanced", "advanced_warming_terms": "fitness, gym; trail  running"},
        {"wants_advanced_warming": True, "advanced_warming_terms": ["fitness", "gym", "trail running"]},
    ),
    (
        {"warming": "advanced", "advanced_warming_terms_count": "30"},
        {"wants_advanced_warming": True, "advanced_warming_terms_count": 30},
    ),
]


@pytest.mark.parametrize(("changes", "fields"), WARMINGS)
def test_each_warming_is_sent_with_its_own_fields(
    campaign: Campaign, pool: Connection, changes: dict[str, str], fields: dict[str, Any]
) -> None:
    form = form_of(campaign, pool, **changes)
    assert form.is_valid(), form.errors
    body = form.body()
    assert {name: value for name, value in body.items() if "warming" in name} == fields


def test_an_account_alone_has_no_videos_whatever_was_typed(campaign: Campaign, pool: Connection) -> None:
    form = form_of(campaign, pool, bundle_type="account_only", videos_quantity="rubbish", edits_quantity="9")
    assert form.is_valid(), form.errors
    assert "videos_quantity" not in form.body()


def test_videos_on_an_account_name_it_and_neither_country_nor_platform(
    campaign: Campaign, pool: Connection
) -> None:
    account = make_account(campaign)
    form = form_of(
        campaign, pool, bundle_type="videos_only", account_id=account.pk, country="", warming="deep"
    )
    assert form.is_valid(), form.errors
    assert form.body() == {
        "bundle_type": "videos_only",
        "account_id": account.upstream_id,
        "videos_quantity": 5,
        "edits_quantity": 0,
        "auto_finalize_videos": True,
    }


def test_an_account_of_another_client_cannot_be_chosen(campaign: Campaign, pool: Connection) -> None:
    theirs = make_account(make_campaign())
    form = form_of(campaign, pool, bundle_type="videos_only", account_id=theirs.pk)
    assert "account_id" in form.errors


def test_moderation_is_sent_with_its_notice(campaign: Campaign, pool: Connection) -> None:
    form = form_of(campaign, pool, wants_moderation="on", moderation_notice="No logos")
    assert form.is_valid()
    assert (form.body()["wants_moderation"], form.body()["moderation_notice"]) == (True, "No logos")


def test_what_has_no_price_is_shown_disabled_with_the_reason_and_is_not_taken(
    campaign: Campaign, pool: Connection
) -> None:
    pool.prices = {"costs": {"account_creation": 32, "video_slots": 2, "advanced_warming_term": 1}}
    form = form_of(campaign, pool, warming="niche", wants_moderation="on", edits_quantity="2")
    assert "no price" in form.errors["warming"][0]
    assert form.fields["wants_moderation"].disabled
    assert form.fields["edits_quantity"].disabled
    assert "not sold today" in str(form["warming"])
    form = form_of(campaign, pool, wants_moderation="on", edits_quantity="2")
    assert form.is_valid()
    assert form.body()["edits_quantity"] == 0
    assert "wants_moderation" not in form.body()


def test_youtube_is_shown_as_not_yet(campaign: Campaign, pool: Connection) -> None:
    drawn = str(BundleOrderForm(campaign=campaign, connection=pool)["platform"])
    assert "YouTube" in drawn
    assert "not yet" in drawn


def test_the_campaigns_markets_come_first(campaign: Campaign, pool: Connection) -> None:
    Market.objects.create(campaign=campaign, country="UK", platform="instagram")
    form = BundleOrderForm(campaign=campaign, connection=pool)
    assert form.fields["country"].choices[1] == ("This campaign", [("UK", "United Kingdom")])
    assert (form["country"].value(), form["platform"].value()) == ("UK", "instagram")


def test_refusals_of_tokportal_stand_at_their_fields(campaign: Campaign, pool: Connection) -> None:
    form = form_of(campaign, pool)
    assert form.is_valid()
    form.refuse({"wants_deep_warming": ["no"], "country": ["closed"], "brand_new": ["odd"], "": ["whole"]})
    assert form.errors["warming"] == ["no"]
    assert form.errors["country"] == ["closed"]
    assert form.non_field_errors() == ["brand_new: odd", "whole"]


def test_an_earlier_order_fills_the_form_again(campaign: Campaign, pool: Connection) -> None:
    form = form_of(campaign, pool, warming="advanced", advanced_warming_terms=TERMS, title="Again")
    assert form.is_valid()
    again = BundleOrderForm(campaign=campaign, connection=pool, initial=initial_from(form.body()))
    shown = {name: again[name].value() for name in again.fields}
    resent = BundleOrderForm({**shown, "key": GOOD["key"]}, campaign=campaign, connection=pool)
    assert resent.is_valid(), resent.errors
    assert resent.body() == form.body()


@pytest.mark.parametrize(
    ("terms", "wrong"),
    [
        (["ab", "cd", "ef"], 0),
        (["ab"] * 3, 1),
        (["ab", "cd"], 1),
        ([f"term {number}" for number in range(30)], 0),
        ([f"term {number}" for number in range(33)], 1),
        (["x" * 51, "cd", "ef"], 1),
    ],
)
def test_search_terms_are_counted_measured_and_compared(terms: list[str], wrong: int) -> None:
    assert len(wrong_terms(terms)) == wrong
