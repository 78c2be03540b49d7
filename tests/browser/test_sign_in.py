"""The first page that anybody sees."""

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_a_wrong_password_is_told_and_the_name_is_kept(new_page: Callable[..., Page]) -> None:
    page = new_page(role="")
    page.goto("/clients/")
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("owner")


def test_signing_in_leads_to_the_page_that_was_asked_for(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.goto("/clients/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Acme").first).to_be_visible()
