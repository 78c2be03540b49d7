"""Ordering in the browser: a price from the sandbox first, then exactly one Command."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands.quotes import SALT
from campaigns.ledger.actions import set_budget
from campaigns.models import Bundle, Campaign, Command
from tests.commands.pages import HTMX, SignIn, an_order, new_key, token_in, work
from tests.factories import make_account, make_bundle, make_campaign
from tests.sandbox_process import Sandbox


def order_url(campaign: Campaign) -> str:
    return reverse("bundle_order", args=[campaign.pk])


def quote_url(campaign: Campaign) -> str:
    return reverse("bundle_quote", args=[campaign.pk])


def test_the_form_is_drawn_with_what_can_be_ordered(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    page = signed_in(manager).get(order_url(campaign))
    assert page.status_code == 200
    html = page.content.decode()
    assert "Order a bundle" in html
    assert "not yet" in html  # YouTube
    assert "United States" in html or "USA" in html


def test_the_form_says_that_its_campaign_is_over(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, today = signed_in(manager), priced.upstream_now(timezone.now()).date()
    campaign.starts_on = campaign.ends_on = today
    campaign.save()
    assert "This campaign ended" not in browser.get(order_url(campaign)).content.decode()
    campaign.starts_on = campaign.ends_on = today - timedelta(days=1)
    campaign.save()
    assert "an order still counts for it" in browser.get(order_url(campaign)).content.decode()


def test_every_change_is_answered_with_the_price_and_what_it_leaves(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    set_budget(client=campaign.client, campaign=None, credits=100)
    answer = signed_in(manager).post(quote_url(campaign), an_order(), headers=HTMX)
    html = answer.content.decode()
    assert answer.status_code == 200
    price = int(re.search(r"Order · (\d+) credits", html)[1])  # type: ignore[index]
    assert price > 0
    assert f"{priced.balance - price:,}" in html.replace("\xa0", "") if priced.balance else True
    assert f"100 →</span> {100 - price}" in html
    assert token_in(html)
    assert "load," not in html  # the fragment does not ask for itself again
    assert Command.objects.count() == 0


def test_an_incomplete_form_gets_no_price_but_says_what_is_missing(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    answer = signed_in(manager).post(quote_url(campaign), an_order(country=""), headers=HTMX)
    assert "Order · " not in answer.content.decode()
    assert "Choose a country" in answer.content.decode()


def test_the_price_then_the_order_makes_one_bundle(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    browser, order = signed_in(manager), an_order()
    token = token_in(browser.post(quote_url(campaign), order, headers=HTMX).content.decode())
    for _ in range(2):  # a double click
        answer = browser.post(order_url(campaign), {**order, "quote": token})
        command = Command.objects.get()
        assert answer.headers["Location"] == command.get_absolute_url()
        work()
    command.refresh_from_db()
    assert command.state == Command.State.SUCCEEDED
    assert command.asked_by == manager
    assert Bundle.objects.get().campaign == campaign
    assert len([entry for entry in sandbox.books() if entry["amount"] < 0]) == 1


def test_without_javascript_the_first_submit_shows_the_price_and_the_second_orders(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, order = signed_in(manager), an_order()
    first = browser.post(order_url(campaign), order)
    assert first.status_code == 200
    assert "Order · " in first.content.decode()
    assert Command.objects.count() == 0
    second = browser.post(order_url(campaign), {**order, "quote": token_in(first.content.decode())})
    assert second.status_code == 302
    assert Command.objects.count() == 1


def test_a_price_that_was_tampered_with_is_not_taken(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, order = signed_in(manager), an_order()
    cheap = signing.dumps({"credits": 1, "digest": "x"}, salt="other", compress=True)
    answer = browser.post(order_url(campaign), {**order, "quote": cheap})
    assert answer.status_code == 422
    assert "price is too old" in answer.content.decode()
    assert Command.objects.count() == 0


def test_a_price_of_another_order_is_shown_anew(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser = signed_in(manager)
    token = token_in(browser.post(quote_url(campaign), an_order(), headers=HTMX).content.decode())
    answer = browser.post(order_url(campaign), an_order(videos_quantity="9", quote=token))
    assert answer.status_code == 422
    assert "changed after it was priced" in answer.content.decode()
    assert "Order · " in answer.content.decode()
    assert Command.objects.count() == 0


def test_an_old_price_is_not_taken(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, order = signed_in(manager), an_order()
    token = token_in(browser.post(quote_url(campaign), order, headers=HTMX).content.decode())
    fields = signing.loads(token, salt=SALT)
    with monkeypatch.context() as patch:
        patch.setattr(signing.time, "time", lambda: 1_700_000_000)  # type: ignore[attr-defined]
        old = signing.dumps(fields, salt=SALT, compress=True)
    answer = browser.post(order_url(campaign), {**order, "quote": old})
    assert answer.status_code == 422
    assert Command.objects.count() == 0


def test_the_same_key_with_another_order_is_refused_and_gets_a_new_key(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, order = signed_in(manager), an_order()
    token = token_in(browser.post(quote_url(campaign), order, headers=HTMX).content.decode())
    browser.post(order_url(campaign), {**order, "quote": token})
    changed = {**order, "videos_quantity": "6"}
    token = token_in(browser.post(quote_url(campaign), changed, headers=HTMX).content.decode())
    answer = browser.post(order_url(campaign), {**changed, "quote": token})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "already sent with other content" in html
    assert order["key"] not in html
    assert token_in(html)  # the price is there again,
    assert "No price yet" not in html
    assert Command.objects.count() == 1


def test_an_order_beyond_the_budget_says_so_and_its_button_is_disabled(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    set_budget(client=campaign.client, campaign=campaign, credits=3)
    browser, order = signed_in(manager), an_order()
    html = browser.post(quote_url(campaign), order, headers=HTMX).content.decode()
    assert "too few. Raise the budget" in html
    assert re.search(r'<button class="btn go" disabled>Order', html)
    answer = browser.post(order_url(campaign), {**order, "quote": token_in(html)})
    assert answer.status_code == 422
    assert Command.objects.count() == 0


def test_a_tokportal_that_is_down_gives_no_price_and_another_try(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    sandbox.fault("500", times=9)
    answer = signed_in(manager).post(quote_url(campaign), an_order(), headers=HTMX)
    html = answer.content.decode()
    assert "so there is no price. Nothing was sent or charged." in html
    assert "Try again" in html


def test_a_refused_key_is_told_in_words(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    Connection.objects.update(api_key="sk_wrong")
    answer = signed_in(manager).post(quote_url(campaign), an_order(), headers=HTMX)
    assert "TokPortal refuses the API key" in answer.content.decode()


def test_a_price_check_that_was_carried_out_is_recorded_and_shown(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    sandbox.fault("ignore_dry_run")
    answer = signed_in(manager).post(quote_url(campaign), an_order(), headers=HTMX)
    command = Command.objects.get()
    assert answer.headers["HX-Redirect"] == command.get_absolute_url()
    assert command.credits_charged
    priced.refresh_from_db()
    assert not priced.may_dry_run
    html = signed_in(manager).post(quote_url(campaign), an_order(), headers=HTMX).content.decode()
    assert "Estimate" in html


def test_videos_for_an_account_with_an_active_bundle_are_offered_as_slots_there(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    account = make_account(campaign)
    bundle = make_bundle(campaign, status="accepted", saved_account=account)
    order = an_order(bundle_type="videos_only", account_id=account.pk)
    html = signed_in(manager).post(quote_url(campaign), order, headers=HTMX).content.decode()
    assert reverse("bundle_add_slots", args=[bundle.pk]) in html


def test_another_clients_bundle_on_the_same_account_is_not_offered(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    account = make_account(campaign)
    make_bundle(make_campaign(), status="accepted", saved_account=account, title="Zanzibar")
    order = an_order(bundle_type="videos_only", account_id=account.pk)
    assert b"Zanzibar" not in signed_in(manager).post(quote_url(campaign), order, headers=HTMX).content


def test_an_earlier_order_can_be_ordered_again(
    priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser, order = signed_in(manager), an_order(title="The first", videos_quantity="7")
    token = token_in(browser.post(quote_url(campaign), order, headers=HTMX).content.decode())
    browser.post(order_url(campaign), {**order, "quote": token})
    html = browser.get(order_url(campaign), {"again": Command.objects.get().pk}).content.decode()
    assert 'value="The first"' in html
    assert 'value="7"' in html


def test_without_a_connection_the_page_says_what_is_missing(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    browser = signed_in(manager)
    assert "not connected yet" in browser.get(order_url(campaign)).content.decode()
    answer = browser.post(quote_url(campaign), an_order(), headers=HTMX)
    assert answer.headers["HX-Redirect"] == order_url(campaign)


def test_strangers_find_nothing_and_onlookers_may_not_order(
    campaign: Campaign, analyst: User, outsider: User, signed_in: SignIn
) -> None:
    for url in (order_url(campaign), quote_url(campaign)):
        assert signed_in(outsider).post(url, an_order()).status_code == 404
        assert signed_in(analyst).post(url, an_order()).status_code == 403
    assert signed_in(outsider).get(order_url(campaign)).status_code == 404
    assert signed_in(analyst).get(order_url(campaign)).status_code == 403


# More slots for a bundle


def test_slots_are_added_once_at_the_price_that_was_shown(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    browser = signed_in(manager)
    form = {**new_key(), "what": "videos", "quantity": "3"}
    priced = browser.post(reverse("bundle_add_slots_quote", args=[bundle.pk]), form, headers=HTMX)
    html = priced.content.decode()
    assert re.search(r"Add · \d+ credits", html)
    for _ in range(2):
        answer = browser.post(
            reverse("bundle_add_slots", args=[bundle.pk]), {**form, "quote": token_in(html)}
        )
        assert answer.status_code == 302
        work()
    bundle.refresh_from_db()
    assert bundle.videos_quantity == 8
    assert Command.objects.filter(kind=Command.Kind.ADD_VIDEO_SLOTS).count() == 1


def test_more_edits_than_videos_are_refused(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    form = {**new_key(), "what": "edits", "quantity": "6"}
    answer = signed_in(manager).post(reverse("bundle_add_slots", args=[bundle.pk]), form)
    assert answer.status_code == 422


@pytest.mark.parametrize("quantity", ["0", "-1", "501", "x", ""])
def test_slots_come_in_whole_numbers_up_to_500(
    bundle: Bundle, manager: User, signed_in: SignIn, quantity: str
) -> None:
    form = {**new_key(), "what": "videos", "quantity": quantity}
    url = reverse("bundle_add_slots_quote", args=[bundle.pk])
    assert "credits</button>" not in signed_in(manager).post(url, form, headers=HTMX).content.decode()
    page = signed_in(manager).post(reverse("bundle_add_slots", args=[bundle.pk]), form)
    assert page.status_code == 422
    assert page.content.decode().count("Say how many with a whole number from 1 to 500.") == 1
