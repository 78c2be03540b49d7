"""The frame of every page as people use it: drawer, sidebar, switcher, panels, focus, themes, phones, no JavaScript."""

import re
import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Demo, sign_in

NewPage = Callable[..., Page]
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def drawer(page: Page) -> Locator:
    return page.locator("#drawer[open]")


def open_first(page: Page, address: str, *, row: int = 0) -> Locator:
    """Open the detail of a row in the drawer, and come back with the row's link."""
    page.goto(address)
    link = page.locator("main a[data-drawer]").nth(row)
    link.click()
    expect(drawer(page)).to_be_visible()
    return link


# Drawer


def test_a_detail_opens_beside_its_list_under_its_own_address(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    link = open_first(page, "/bundles/")
    name = link.inner_text()
    expect(page).to_have_url(re.compile(r"/bundles/\d+/$"))
    expect(page).to_have_title(name)
    expect(drawer(page).get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator("main").get_by_role("heading", level=1)).to_have_text("Bundles")
    page.reload()
    expect(page.locator("main").get_by_role("heading", level=1)).to_have_text(name)
    expect(drawer(page)).to_have_count(0)


def test_back_closes_the_drawer_and_forward_opens_it_again(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    link = open_first(page, "/bundles/", row=1)
    address = page.url
    page.go_back()
    expect(drawer(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/bundles/$"))
    expect(page).to_have_title("Bundles")
    expect(link).to_be_focused()
    page.go_forward()
    expect(drawer(page)).to_be_visible()
    expect(page).to_have_url(address)


def test_escape_and_the_button_close_the_drawer_and_give_the_focus_back(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    link = open_first(page, "/orders/", row=2)
    page.keyboard.press("Escape")
    expect(drawer(page)).to_have_count(0)
    expect(link).to_be_focused()
    link.click()
    drawer(page).get_by_role("button", name="Close").click()
    expect(drawer(page)).to_have_count(0)
    expect(link).to_be_focused()
    expect(page).to_have_url(re.compile(r"/orders/$"))


def test_another_row_takes_the_drawers_place_and_one_step_back_is_the_list(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    open_first(page, "/bundles/")
    other = page.locator("main a[data-drawer]").nth(2)
    other.click()
    expect(drawer(page).get_by_role("heading", level=1)).to_have_text(other.inner_text())
    page.go_back()
    expect(drawer(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/bundles/$"))


def test_after_a_reload_back_leads_to_the_list(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    open_first(page, "/accounts/")
    page.reload()
    expect(page.locator("#main")).to_be_visible()
    page.go_back()
    expect(page.locator("main").get_by_role("heading", level=1)).to_have_text("Accounts")


def test_the_list_can_be_filtered_beneath_the_drawer(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    open_first(page, "/bundles/")
    page.get_by_role("searchbox", name="Search").fill("holiday")
    expect(page).to_have_url(re.compile(r"/bundles/\?q=holiday"))
    expect(drawer(page)).to_have_count(0)
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.go_back()
    expect(page).to_have_url(re.compile(r"/bundles/$"))
    expect(page.locator("main").get_by_role("heading", level=1)).to_have_text("Bundles")


def test_a_form_in_the_drawer_is_answered_in_the_drawer(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    link = open_first(page, "/accounts/")
    account = page.url
    drawer(page).get_by_role("button", name="Refresh figures").click()
    expect(page.locator(".message.success")).to_be_visible()
    expect(page).to_have_url(account)
    expect(drawer(page).get_by_role("heading", level=1)).to_have_text(link.inner_text())
    assert page.locator("main").count() == 1


def test_a_tab_in_the_drawer_stays_in_the_drawer(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    open_first(page, "/accounts/")
    drawer(page).get_by_role("link", name="Likes", exact=True).click()
    expect(page).to_have_url(re.compile(r"metric=likes"))
    expect(drawer(page).get_by_role("link", name="Likes", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    page.go_back()
    expect(page).to_have_url(re.compile(r"/accounts/$"))


def test_the_drawer_can_be_left_for_the_page(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    open_first(page, "/orders/")
    address = page.url
    drawer(page).get_by_role("link", name="Open as page").click()
    expect(page.locator("main .page, main#main")).to_be_visible()
    expect(drawer(page)).to_have_count(0)
    expect(page).to_have_url(address)


def test_a_phone_follows_the_link_instead(new_page: NewPage) -> None:
    page = new_page(**PHONE)
    page.goto("/bundles/")
    link = page.locator("main a[data-drawer]").first
    name = link.inner_text()
    link.click()
    expect(page.locator("main").get_by_role("heading", level=1)).to_have_text(name)
    expect(drawer(page)).to_have_count(0)


# Sidebar, switcher, panels


def test_a_folded_sidebar_stays_folded_and_keeps_its_names(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    width = "document.getElementById('menu').offsetWidth"
    assert page.evaluate(width) == 240
    page.get_by_role("button", name="Collapse").click()
    assert page.evaluate(width) == 60
    answer = page.reload()
    assert answer is not None
    assert 'data-sidebar="narrow"' in answer.text()  # drawn so by the server: nothing jumps
    assert page.evaluate(width) == 60
    page.get_by_role("link", name="Bundles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bundles")
    page.get_by_role("button", name="Collapse").click()
    assert page.evaluate(width) == 240


def test_switching_clients_finds_while_one_types_and_keeps_the_page(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/orders/")
    page.get_by_role("button", name="Change client").click()
    panel = page.get_by_role("dialog", name="Change client")
    search = panel.get_by_role("searchbox", name="Find a client")
    expect(search).to_be_focused()
    search.press_sequentially("lum", delay=30)
    expect(panel.get_by_role("link", name="Acme")).to_have_count(0)
    expect(panel.get_by_role("link", name="Lumen")).to_be_visible()
    search.press("Enter")
    expect(page).to_have_url(re.compile(r"/orders/\?client=lumen$"))
    expect(page.get_by_role("button", name="Change client: Lumen")).to_be_visible()
    expect(page.locator(".top.scoped")).to_be_visible()


def test_a_client_is_pinned_and_the_last_ones_are_remembered(new_page: NewPage) -> None:
    page = new_page(role="manager", **DESKTOP)
    page.goto("/clients/nordlys/")
    page.goto("/clients/acme/")
    page.goto("/help/")
    page.get_by_role("button", name="Change client").click()
    panel = page.get_by_role("dialog", name="Change client")
    names = panel.locator("li .word")
    expect(names.first).to_have_text("Acme")
    star = panel.get_by_role("button", name="Pin Nordlys")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(names.first).to_have_text("Nordlys")
    expect(star).to_be_focused()
    star.click()  # other tests share this person
    expect(star).to_have_attribute("aria-pressed", "false")


def test_arrows_walk_through_the_clients(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.get_by_role("button", name="Change client").focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Change client")
    expect(panel.locator("li a").nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(panel.locator("li a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(panel.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()


def test_the_bell_and_the_meter_open_by_keyboard(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.get_by_role("button", name=re.compile("What needs you")).focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="What needs you")
    expect(panel.get_by_role("link", name=re.compile("on Today"))).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#credit-meter").focus()
    page.keyboard.press("Enter")
    pool = page.get_by_role("dialog", name="The pool")
    expect(pool.get_by_text("Held by orders under way")).to_be_visible()
    expect(pool.get_by_text("Unassigned charges")).to_be_visible()


# Focus, words, themes


def test_focus_survives_a_swap_and_the_rows_are_announced(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/clients/")
    search = page.get_by_role("searchbox", name="Search")
    search.press_sequentially("acme", delay=30)
    expect(page).to_have_url(re.compile("q=acme"))
    expect(search).to_be_focused()
    search.fill("nothing is called that")
    expect(page.locator("#announcer")).to_have_text("No client matches")


def test_good_news_leaves_and_bad_news_stays(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/help/")
    page.evaluate(
        """() => {
          for (const kind of ["success", "error"]) {
            const message = document.createElement("div");
            message.className = `message ${kind}`;
            message.textContent = kind;
            document.getElementById("messages").append(message);
          }
          document.dispatchEvent(new Event("shell:told"));
        }"""
    )
    expect(page.locator(".message.success")).to_be_visible()
    expect(page.locator(".message.success")).to_have_count(0, timeout=9_000)
    expect(page.locator(".message.error")).to_be_visible()


def test_the_chosen_theme_beats_the_device(new_page: NewPage) -> None:
    page = new_page(role="analyst", color_scheme="light", **DESKTOP)
    canvas = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(canvas)
    page.goto("/me/")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(canvas) != light
    page.get_by_label("Theme").select_option("system")
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "system")
    assert page.evaluate(canvas) == light


def test_a_slow_answer_shows_the_line_on_top(new_page: NewPage) -> None:
    page = new_page(**DESKTOP)
    page.goto("/clients/")
    page.route("**/clients/?q=*", lambda route: (page.wait_for_timeout(800), route.continue_()))
    page.get_by_role("searchbox", name="Search").fill("acme")
    expect(page.locator("html.is-busy")).to_have_count(1)
    expect(page.locator("html.is-busy")).to_have_count(0)


# Narrow screens


# What reaches over the right edge, so that a failure says where to look.
TOO_WIDE = """() => [...document.querySelectorAll("*")].filter(element => element.getBoundingClientRect().right > 361)
    .slice(0, 9).map(element => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/clients/",
        "/campaigns/",
        "/bundles/",
        "/orders/",
        "/accounts/",
        "/credits/",
        "/reports/",
        "/help/",
    ],
)
def test_a_phone_scrolls_no_page_sideways(new_page: NewPage, address: str) -> None:
    page = new_page(**PHONE)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, page.evaluate(TOO_WIDE)


def test_the_menu_of_a_phone_leads_on(new_page: NewPage) -> None:
    page = new_page(**PHONE)
    expect(page.get_by_role("link", name="Bundles", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Bundles", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bundles")


def test_long_crumbs_give_way_in_the_middle(new_page: NewPage) -> None:
    page = new_page(**PHONE)
    page.goto("/bundles/")
    page.locator("main a[data-drawer]").first.click()
    crumbs = page.locator(".top .crumbs")
    expect(crumbs).to_be_visible()
    assert crumbs.evaluate("bar => bar.scrollWidth <= bar.clientWidth")
    assert crumbs.locator("b").evaluate("here => here.getBoundingClientRect().right") <= 360


# Without JavaScript


def test_the_main_forms_work_without_javascript(new_page: NewPage, demo: Demo) -> None:
    page = new_page(role="", java_script_enabled=False, **DESKTOP)
    sign_in(page, *demo.users["owner"])
    slug = f"plain-{secrets.token_hex(2)}"
    page.goto("/clients/new/")
    page.get_by_label("Name", exact=True).first.fill("Plain")
    page.get_by_label("Short name").fill(slug)
    page.get_by_role("button", name="Add client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain")
    expect(page.locator("#messages")).to_contain_text("Plain")
    page.get_by_role("link", name="New campaign").first.click()
    page.get_by_label("Name", exact=True).first.fill("By hand")
    page.get_by_label("Short name").fill("by-hand")
    page.get_by_label("First day").fill("2026-11-01")
    page.get_by_label("Last day").fill("2027-03-31")
    page.get_by_label("United States, TikTok").check()
    page.get_by_role("button", name="Add campaign").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("By hand")
    page.goto("/bundles/")
    page.locator("main a[data-drawer]").first.click()
    expect(page).to_have_url(re.compile(r"/bundles/\d+/$"))
    page.get_by_role("button", name="Change client").click()  # the popover needs no JavaScript
    page.get_by_role("searchbox", name="Find a client").fill("Plain")
    page.get_by_role("searchbox", name="Find a client").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Clients")
