"""The admin console shows every row to owners, edits none behind the actions' back, and tells no secret."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import reverse

from agency.models import User
from campaigns.models import Campaign
from clients.models import Client
from tests.factories import make_account, make_bundle, make_command, make_connection, make_user

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


@pytest.fixture
def console(signed_in: SignedIn) -> Browser:
    return signed_in(make_user("olive", role=User.Role.OWNER, is_staff=True, is_superuser=True))


def test_every_model_of_ours_opens_and_only_clients_are_edited(console: Browser, campaign: Campaign) -> None:
    make_bundle(campaign, videos=1)
    make_account(campaign)
    make_command(campaign)
    assert console.get("/admin/").status_code == 200
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert console.get(reverse(f"{name}_changelist")).status_code == 200, model
        row = model._default_manager.first()
        if row is None:
            continue
        page = console.get(reverse(f"{name}_change", args=[row.pk]))
        assert page.status_code == 200, model
        assert page.context["has_change_permission"] is (model is Client), model
        assert console.get(reverse(f"{name}_add")).status_code == 403, model
        assert console.get(reverse(f"{name}_delete", args=[row.pk])).status_code == 403, model


def test_secrets_are_never_shown(console: Browser) -> None:
    connection = make_connection(api_key="sk_very_secret", webhook_secret="whsec_hidden")
    page = console.get(reverse("admin:agency_connection_change", args=[connection.pk])).content.decode()
    assert "sk_very_secret" not in page
    assert "whsec_hidden" not in page
    assert connection.webhook_path_key not in page


def test_a_client_saved_here_keeps_its_frozen_slug(console: Browser, client_row: Client) -> None:
    address = reverse("admin:clients_client_change", args=[client_row.pk])
    form = {"name": "Acme Ltd", "slug": "other", "colour": "#112233", "contact_name": "", "notes": ""}
    assert console.post(address, form).status_code == 302
    client_row.refresh_from_db()
    assert (client_row.name, client_row.slug, client_row.colour) == ("Acme Ltd", "acme", "#112233")


def test_buttons_call_the_actions(console: Browser, campaign: Campaign) -> None:
    address = reverse("admin:campaigns_campaign_changelist")
    console.post(address, {"action": "archive", "_selected_action": [campaign.pk]})
    campaign.refresh_from_db()
    assert campaign.archived_at
    console.post(address, {"action": "restore", "_selected_action": [campaign.pk]})
    campaign.refresh_from_db()
    assert campaign.archived_at is None


def test_nobody_but_owners_gets_in(signed_in: SignedIn, manager: User) -> None:
    answer = signed_in(manager).get("/admin/")
    assert answer.status_code == 302
    assert "/admin/login/" in answer.url
