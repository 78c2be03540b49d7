"""Every page of the house. Each room names its own pages in its `urls.py`."""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import include, path

from agency.views import (
    calls,
    health,
    operations,
    people,
    preferences,
    search,
    settings,
    shell,
    sign_in,
    styleguide,
    today,
)

admin.site.unregister(Group)  # Django's own; roles are a column of ours

urlpatterns = [
    path("", today.today, name="today"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("switch/", shell.client_switch, name="client_switch"),
    path("clients/<slug:slug>/pin/", shell.client_pin, name="client_pin"),
    path("meter/", shell.meter, name="meter"),
    path("bell/", shell.bell, name="bell"),
    path("help/", shell.help_page, name="help"),
    path("search/", search.search, name="search"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("me/", preferences.preferences, name="preferences"),
    path("me/password/", preferences.password, name="password"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/<int:user_id>/", people.person_edit, name="person_edit"),
    path("settings/", settings.settings, name="settings"),
    path("settings/dry-runs/", settings.settings_dry_runs, name="settings_dry_runs"),
    path("settings/reference/", settings.settings_reference, name="settings_reference"),
    path("settings/approvals/", settings.settings_approvals, name="settings_approvals"),
    path("settings/webhook/", settings.settings_webhook, name="settings_webhook"),
    path("settings/webhook/test/", settings.settings_webhook_test, name="settings_webhook_test"),
    path("settings/webhook/remove/", settings.settings_webhook_remove, name="settings_webhook_remove"),
    path("operations/", operations.operations, name="operations"),
    path("operations/start/<str:what>/", operations.operations_start, name="operations_start"),
    path("operations/calls/", calls.call_list, name="call_list"),
    path("operations/drift/", calls.drift_list, name="drift_list"),
    path("operations/drift/<int:drift_id>/seen/", calls.drift_seen, name="drift_seen"),
    path("health/live", health.health_live, name="health_live"),
    path("health/ready", health.health_ready, name="health_ready"),
    path("admin/", admin.site.urls),
    path("", include("clients.urls")),
    path("", include("campaigns.urls")),
    path("", include("campaigns.content.urls")),
    path("", include("campaigns.commands.urls")),
    path("", include("campaigns.launches.urls")),
    path("", include("campaigns.events.urls")),
    path("", include("campaigns.analytics.urls")),
    path("", include("campaigns.credits.urls")),
    path("", include("campaigns.reports.urls")),
]

handler500 = "agency.views.errors.server_error"
