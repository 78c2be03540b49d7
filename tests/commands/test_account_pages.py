"""The account of a bundle: the wanted profile, its limits, stale edits, and the review of what came."""

from typing import Any

import pytest
from django.utils import timezone

from agency.connections import tokportal
from agency.models import User
from campaigns.models import AccountProfile, Bundle, Campaign, Command
from campaigns.sync import refresh_bundle
from tests.commands.pages import SignIn, a_slot, new_key, url, work
from tests.factories import NOW, make_account, make_bundle
from tests.sandbox_process import Sandbox

K = Command.Kind


def a_profile(**changes: Any) -> dict[str, Any]:
    return {
        **new_key(),
        "username": "acme_us",
        "visible_name": "Acme",
        "biography": "New launches weekly.",
        "profile_picture_url": "https://cdn.example.com/acme/profile.jpg",
        "version": "0",
        **changes,
    }


def read_again(bundle: Bundle) -> None:
    refresh_bundle(tokportal(bundle.connection), bundle.connection, bundle.upstream_id, now=timezone.now())
    bundle.refresh_from_db()


def test_saving_sends_the_profile_once(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    browser, form = signed_in(manager), a_profile()
    for _ in range(2):
        answer = browser.post(url("bundle_account", bundle.pk), form)
        assert answer.headers["Location"] == bundle.get_absolute_url()
        work()
    command = Command.objects.get(kind=K.CONFIGURE_ACCOUNT)
    assert command.state == Command.State.SUCCEEDED
    bundle.refresh_from_db()
    assert bundle.account_listing["username"] == "acme_us"
    assert bundle.profile.version == 1
    html = browser.get(bundle.get_absolute_url()).content.decode()
    assert "Account profile complete" in html


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "acme us"),
        ("username", "a" * 25),
        ("username", ""),
        ("visible_name", "A" * 31),
        ("visible_name", ""),
        ("biography", "b" * 81),
        ("profile_picture_url", "not a link"),
        ("profile_picture_url", "javascript:alert(1)"),
    ],
)
def test_limits_are_kept_before_tokportal_is_asked(
    bundle: Bundle, manager: User, signed_in: SignIn, field: str, value: str
) -> None:
    answer = signed_in(manager).post(url("bundle_account", bundle.pk), a_profile(**{field: value}))
    assert answer.status_code == 422
    assert 'class="errorlist"' in answer.content.decode()
    assert not AccountProfile.objects.exists()


def test_line_ends_count_once_and_an_upload_path_is_a_picture(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    form = a_profile(biography="b" * 40 + "\r\n" + "c" * 39, profile_picture_url="profile-pictures/a/pfp.jpg")
    assert signed_in(manager).post(url("bundle_account", bundle.pk), form).status_code == 302


def test_an_edit_that_somebody_else_overtook_is_refused_with_the_difference(
    bundle: Bundle, manager: User, owner: User, signed_in: SignIn
) -> None:
    address = url("bundle_account", bundle.pk)
    signed_in(owner).post(address, a_profile(visible_name="Acme Inc"))
    browser = signed_in(manager)
    answer = browser.post(address, a_profile(visible_name="Acme Ltd"))
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody else saved this meanwhile" in html
    assert "Acme Inc" in html
    assert "Acme Ltd" in html
    assert Command.objects.filter(kind=K.CONFIGURE_ACCOUNT).count() == 1
    assert 'name="version" value="1"' in html  # saving again is now a decision
    assert browser.post(address, a_profile(visible_name="Acme Ltd", version="1")).status_code == 302
    assert AccountProfile.objects.get().visible_name == "Acme Ltd"


def test_a_published_bundle_keeps_its_profile(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    Bundle.objects.update(status="published")
    answer = signed_in(manager).post(url("bundle_account", bundle.pk), a_profile())
    assert answer.status_code == 422
    assert "Unpublish the bundle first" in answer.content.decode()
    assert not AccountProfile.objects.exists()  # what cannot be sent is not saved


def test_a_profile_that_was_set_up_elsewhere_is_where_the_form_starts(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    listing = {"username": "made_by_make", "visible_name": "Make", "biography": None}
    bundle = make_bundle(campaign, account_listing=listing)
    html = signed_in(manager).get(url("bundle_account", bundle.pk)).content.decode()
    assert 'value="made_by_make"' in html


def test_link_in_bio_is_for_instagram(campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    tiktok, instagram = make_bundle(campaign), make_bundle(campaign, platform="instagram")
    browser = signed_in(manager)
    assert "link_in_bio" not in browser.get(url("bundle_account", tiktok.pk)).content.decode()
    assert "link_in_bio" in browser.get(url("bundle_account", instagram.pk)).content.decode()


# The review


@pytest.fixture
def reviewed(campaign: Campaign) -> Bundle:
    account = make_account(campaign, username="acme_us1", visible_name="Acme", biography="New launches")
    bundle = make_bundle(
        campaign,
        status="accepted",
        account_status="in_review",
        account_status_since=NOW,
        saved_account=account,
    )
    AccountProfile.objects.create(
        bundle=bundle, username="acme_us", visible_name="Acme", biography="New launches"
    )
    return bundle


def test_what_came_stands_beside_what_was_ordered_with_the_clock(
    reviewed: Bundle, manager: User, signed_in: SignIn
) -> None:
    html = signed_in(manager).get(url("bundle_account", reviewed.pk)).content.decode()
    assert html.count('class="differs"') == 1
    assert "It finalises itself" in html
    assert "cannot be taken back" in html


@pytest.mark.parametrize(
    "form",
    [
        {"comment": "", "username": "Use acme_us"},
        {"comment": "Please", "username": ""},
        {"comment": "Please", "username": "x" * 501},
    ],
)
def test_a_correction_needs_a_comment_and_a_field(
    reviewed: Bundle, manager: User, signed_in: SignIn, form: dict[str, str]
) -> None:
    answer = signed_in(manager).post(url("account_correct", reviewed.pk), {**new_key(), **form})
    assert answer.status_code == 422
    assert not Command.objects.exists()


def test_corrections_and_finalisation_go_to_tokportal(
    bundle: Bundle, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    browser = signed_in(manager)
    browser.post(url("bundle_account", bundle.pk), a_profile())
    fill = {**new_key(), **a_slot(1)}
    browser.post(url("bundle_videos", bundle.pk), fill)
    work()
    browser.post(url("bundle_publish", bundle.pk), new_key())
    work()
    for step in ("accept", "submit_account"):
        sandbox.manager(step, bundle_id=bundle.upstream_id)
    read_again(bundle)
    assert bundle.account_status == "in_review"
    correction = {**new_key(), "username": "acme_us please", "comment": "See the brief."}
    for _ in range(2):
        browser.post(url("account_correct", bundle.pk), correction)
        work()
    command = Command.objects.get(kind=K.CORRECT_ACCOUNT)
    assert command.body["fields"] == {"username": "acme_us please"}
    bundle.refresh_from_db()
    assert bundle.account_status == "pending_corrections"
    sandbox.manager("resubmit_account", bundle_id=bundle.upstream_id)
    read_again(bundle)
    browser.post(url("account_finalize", bundle.pk), new_key())
    work()
    bundle.refresh_from_db()
    assert bundle.account_status == "finalized"


def test_what_is_not_in_review_cannot_be_finalised(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, status="accepted", account_status="finalized")
    signed_in(manager).post(url("account_finalize", bundle.pk), new_key())
    assert not Command.objects.exists()
