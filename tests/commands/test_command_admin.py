"""Commands in the admin console: nobody edits one; its buttons call the actions of the pages."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from agency.models import User
from campaigns.models import Campaign, Command
from tests.factories import NOW, make_command, make_user

LIST = "admin:campaigns_command_changelist"


@pytest.fixture
def console(db: None) -> Browser:
    browser = Browser()
    browser.force_login(make_user("root", role=User.Role.OWNER, is_staff=True, is_superuser=True))
    return browser


def test_a_command_is_shown_and_not_edited(console: Browser, campaign: Campaign) -> None:
    command = make_command(campaign)
    assert console.get(reverse(LIST)).status_code == 200
    page = reverse("admin:campaigns_command_change", args=[command.pk])
    assert console.get(page).status_code == 200
    assert console.post(page, {"state": "succeeded"}).status_code == 403
    assert console.get(reverse("admin:campaigns_command_add")).status_code == 403


def test_its_buttons_are_those_of_the_pages(console: Browser, campaign: Campaign) -> None:
    waiting = make_command(campaign)
    sending = make_command(campaign, state=Command.State.SENDING, lease_until=NOW)
    chosen = [waiting.pk, sending.pk]
    console.post(reverse(LIST), {"action": "take_back", "_selected_action": chosen})
    waiting.refresh_from_db()
    sending.refresh_from_db()
    assert (waiting.state, sending.state) == (Command.State.VOID, Command.State.SENDING)
    assert (
        console.post(reverse(LIST), {"action": "look_again", "_selected_action": chosen}).status_code == 302
    )


@pytest.mark.parametrize("model", ["post", "accountprofile"])
def test_posts_and_profiles_are_for_looking(console: Browser, model: str) -> None:
    assert console.get(reverse(f"admin:campaigns_{model}_changelist")).status_code == 200
    assert console.get(reverse(f"admin:campaigns_{model}_add")).status_code == 403
