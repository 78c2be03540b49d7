"""The admin console: a workshop to look into. Changes go through the pages, or through buttons that call actions."""

import pghistory.core
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.models import Connection, User

admin.site.site_header = admin.site.site_title = _("Workshop")
admin.site.index_title = _("Rows as they are")


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that nobody edits by hand: mirrors, ledger, audit trail."""

    show_full_result_count = False  # counting large tables takes longer than reading them

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """Every column, so that no form is made for what nobody may edit."""
        if self.has_change_permission(request, obj):
            return list(self.readonly_fields)
        hidden = set(self.exclude or ())
        return [field.name for field in self.opts.get_fields() if field.concrete and field.name not in hidden]

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """People are added and changed on the page People, which keeps a last owner."""

    list_display = ["username", "name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    exclude = ["password", "groups", "user_permissions"]


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """The key and the webhook's secrets and address are never shown; the settings page replaces them."""

    list_display = ["name", "base_url", "is_active", "balance", "balance_at", "last_answer_at", "trouble"]
    exclude = ["api_key", "webhook_secret", "webhook_previous_secret", "webhook_path_key"]


class ChangeAdmin(ReadOnlyAdmin):
    """The audit trail of one sort of row, as the database wrote it."""

    list_display = ["pgh_created_at", "pgh_label", "pgh_obj_id", "who"]
    list_filter = ["pgh_label"]
    list_select_related = ["pgh_context"]
    date_hierarchy = "pgh_created_at"

    @admin.display(description=_("by user"))
    def who(self, event: models.Model) -> str:
        context = getattr(event, "pgh_context", None)
        return str((context.metadata if context else {}).get("user") or gettext("the system"))


for event_model in pghistory.core.event_models():
    tracked = event_model.pgh_tracked_model  # type: ignore[attr-defined]
    event_model._meta.verbose_name_plural = format_lazy(
        _("changes of {rows}"), rows=tracked._meta.verbose_name_plural
    )
    admin.site.register(event_model, ChangeAdmin)
