"""The whole way, as a person goes it: from a new client to the CSV of its month, checked against the true books."""

import csv
import io
import re
import secrets
from collections.abc import Callable
from datetime import timedelta

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo

PRICE = 32 + 2 * 2
SLUG = f"borealis-{secrets.token_hex(2)}"  # a demo may have seen this test before


def test_from_a_new_client_to_its_report(new_page: Callable[..., Page], demo: Demo) -> None:
    page = new_page()
    make_client(page)
    make_campaign(page)
    ref = order(page, demo)
    bundle_url = page.url
    set_up_account(page)
    page.goto(bundle_url)
    fill_slots(page, demo)
    page.goto(bundle_url)
    publish(page)
    upstream_id = bundle_at_tokportal(demo, ref)
    the_manager_delivers(page, demo, bundle_url, upstream_id)
    the_videos_go_live(page, demo, bundle_url, upstream_id)
    figures_come(page, demo)
    check_report(page, demo, ref)


def make_client(page: Page) -> None:
    page.goto("/clients/new/")
    page.get_by_label("Name", exact=True).first.fill("Borealis")
    page.get_by_label("Short name").fill(SLUG)
    page.get_by_role("button", name="Add client").click()
    expect(page.get_by_role("heading", level=1, name="Borealis")).to_be_visible()


def make_campaign(page: Page) -> None:
    page.get_by_role("link", name="New campaign").first.click()
    page.get_by_label("Name", exact=True).first.fill("First light")
    page.get_by_label("Short name").fill("first-light")
    page.get_by_label("First day").fill("2026-11-01")
    page.get_by_label("Last day").fill("2027-03-31")
    page.get_by_label("Budget in credits").fill("100")
    page.get_by_label("United States, TikTok").check()
    page.get_by_role("button", name="Add campaign").click()
    expect(page.get_by_role("heading", level=1, name="First light")).to_be_visible()


def order(page: Page, demo: Demo) -> str:
    """Order with the price on the button, pressed twice; one bundle and one charge come of it."""
    charges_before = len(demo.sandbox.books())
    page.get_by_role("link", name="Order a bundle").first.click()
    country = page.get_by_role("combobox", name="Country")
    country.fill("united states")
    country.press("Enter")
    page.get_by_label(re.compile("^Videos")).fill("2")
    page.get_by_label("Title").fill("Borealis US")
    page.get_by_label("Accept videos without a review").uncheck()
    button = page.get_by_role("button", name=f"Order · {PRICE} credits")
    expect(button).to_be_enabled()
    button.dblclick()
    expect(page.get_by_text("Done", exact=False).first).to_be_visible()
    link = page.get_by_role("link", name="Open the bundle")
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("heading", level=1, name="Borealis US")).to_be_visible()
    new = demo.sandbox.books()[charges_before:]
    assert [entry["amount"] for entry in new] == [-PRICE]
    return str(new[0]["external_ref"])


def set_up_account(page: Page) -> None:
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_label("Username").first.fill("borealis_us")
    page.get_by_label("Name", exact=True).first.fill("Borealis")
    page.get_by_label("Biography").first.fill("Northern lights, every night.")
    page.get_by_label("Picture").first.fill("https://cdn.example.com/borealis/profile.jpg")
    page.get_by_role("button", name="Save and send").click()
    expect(page.get_by_text("Done").or_(page.get_by_text("Set up")).first).to_be_visible()


def fill_slots(page: Page, demo: Demo) -> None:
    day = (demo.sandbox.now() + timedelta(days=4)).date()
    page.get_by_role("link", name="Fill slots").first.click()
    for index in range(2):
        slot = page.locator(f"#slot-{index + 1}")
        slot.get_by_label("Caption").fill(f"Borealis clip {index + 1} #northernlights")
        slot.get_by_label("Goes live").fill((day + timedelta(days=index)).isoformat())
        slot.get_by_label("Media").fill(f"https://cdn.example.com/borealis/{index + 1}.mp4")
        slot.get_by_label("Made with AI?").select_option(label="No")
    page.get_by_role("button", name="Save and send").click()
    expect(page.get_by_text("Done").or_(page.get_by_text("Set up")).first).to_be_visible()


def publish(page: Page) -> None:
    expect(page.get_by_role("button", name="Publish")).to_be_enabled()
    page.get_by_role("button", name="Publish").click()
    confirm(page)
    expect(
        page.get_by_text("With manager").or_(page.get_by_role("link", name="Open the bundle")).first
    ).to_be_visible()


def confirm(page: Page) -> None:
    with page.expect_navigation():
        page.locator("#confirm button[value=yes]").click()


def bundle_at_tokportal(demo: Demo, ref: str) -> str:
    entry = next(entry for entry in demo.sandbox.books() if entry["external_ref"] == ref)
    return str(entry["bundle_ids"][0])


def the_manager_delivers(page: Page, demo: Demo, bundle_url: str, upstream_id: str) -> None:
    """The webhook brings the page along without a reload; then the account is accepted."""
    page.goto(bundle_url)
    demo.sandbox.manager("work", bundle_id=upstream_id)
    expect(page.get_by_role("link", name="Review account")).to_be_visible(timeout=40_000)
    page.get_by_role("link", name="Review account").click()
    expect(page.get_by_text("It finalises itself")).to_be_visible()
    page.get_by_role("button", name="Accept account").click()
    confirm(page)
    expect(page.get_by_text("Done").first).to_be_visible()


def the_videos_go_live(page: Page, demo: Demo, bundle_url: str, upstream_id: str) -> None:
    demo.sandbox.advance(days=6)
    demo.sandbox.manager("work", bundle_id=upstream_id)
    page.goto(bundle_url)
    for position in (1, 2):
        review = page.get_by_role("link", name=f"Review video {position}")
        expect(review).to_be_visible(timeout=40_000)
        review.click()
        page.get_by_role("button", name="Accept video").click()
        confirm(page)
        expect(page.get_by_text("Done").or_(page.get_by_text("Live")).first).to_be_visible()
        page.goto(bundle_url)
        expect(page.get_by_text("Live", exact=False).nth(position - 1)).to_be_visible(timeout=40_000)


def figures_come(page: Page, demo: Demo) -> None:
    demo.sandbox.advance(days=3)
    page.get_by_role("link", name="Figures").click()
    page.get_by_role("button", name="Refresh figures").click()
    row = page.get_by_role("row").filter(has_text="Borealis clip 1")
    expect(row.get_by_text(re.compile(r"^[1-9][\d,]*$")).first).to_be_visible(timeout=40_000)


def check_report(page: Page, demo: Demo, ref: str) -> None:
    """The CSV says what TokPortal's own books and figures say, to the credit and to the view."""
    page.goto("/credits/")
    page.get_by_role("button", name="Import now").click()
    line = page.get_by_role("row").filter(has_text="Borealis").first
    done = page.get_by_role("link", name="Show the books")
    expect(line.or_(done).first).to_be_visible(timeout=40_000)
    page.goto("/credits/")
    expect(line).to_be_visible()

    mine = [entry for entry in demo.sandbox.books() if entry["external_ref"] == ref]
    ordered, posted = mine[0]["created_at"][:7], f"{demo.sandbox.now() - timedelta(days=4):%Y-%m}"
    page.goto(f"/clients/{SLUG}/reports/{ordered}/")
    expect(page.locator("main").get_by_text("Borealis").first).to_be_visible()
    rows = download_csv(page)
    charges = [int(row["credits"]) for row in rows if row["section"] == "charge"]
    assert charges == [-entry["amount"] for entry in mine] == [PRICE]
    summary = {row["item"]: row["value"] for row in rows if row["section"] == "summary"}
    assert (summary["opening"], summary["charged"], summary["closing"]) == ("0", str(PRICE), str(PRICE))
    assert [row["reference"] for row in rows if row["section"] == "bundle"] == [ref]

    page.goto(f"/clients/{SLUG}/reports/{posted}/")
    live = [row for row in download_csv(page) if row["section"] == "video"]
    assert len(live) == 2
    shown = {row["link"]: int(row["views"]) for row in live}
    seen = views_at_tokportal(demo, mine[0]["bundle_ids"][0])
    assert shown.keys() == seen.keys()
    # They go on growing while the page is read: a view in a few seconds.
    assert all(0 <= seen[link] - views < 10 for link, views in shown.items())


def download_csv(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text())))


def views_at_tokportal(demo: Demo, bundle_id: str) -> dict[str, int]:
    """Live link → views, asked from the API itself."""
    headers = {"X-API-Key": demo.sandbox.key}
    with httpx.Client(base_url=demo.sandbox.url, headers=headers) as api:
        account_id = api.get(f"/bundles/{bundle_id}").json()["data"]["saved_account_id"]
        posts = api.get(f"/accounts/{account_id}/analytics/videos").json()["data"]
    return {post["platform_url"]: post["views"] for post in posts}
