"""Clients in the workshop. What is saved here goes through the same actions as on the pages."""

from django.contrib import admin, messages
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.admin import ReadOnlyAdmin
from agency.models import User
from clients import actions
from clients.models import Client, ClientQuerySet, Membership


@admin.register(Client)
class ClientAdmin(ReadOnlyAdmin):
    list_display = ["name", "slug", "contact_name", "archived_at"]
    list_filter = [("archived_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug", "contact_name", "contact_email"]
    fields = ["name", "slug", "colour", "contact_name", "contact_email", "notes", "created_at", "archived_at"]
    readonly_fields = ["slug", "created_at", "archived_at"]  # the slug is renamed on the client's page
    actions = ["archive", "restore"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and request.user.is_owner

    def save_model(self, request: HttpRequest, obj: Client, form: ModelForm, change: bool) -> None:
        assert isinstance(request.user, User)  # by the permission above
        fields = {name: form.cleaned_data[name] for name in form.changed_data}
        actions.edit_client(client=obj, fields=fields, by=request.user)

    @admin.action(description=_("Archive: nothing more can be ordered"))
    def archive(self, request: HttpRequest, clients: ClientQuerySet) -> None:
        for client in clients:
            actions.archive_client(client=client, now=timezone.now())
        messages.success(request, gettext("Archived."))

    @admin.action(description=_("Restore"))
    def restore(self, request: HttpRequest, clients: ClientQuerySet) -> None:
        for client in clients:
            actions.restore_client(client=client)
        messages.success(request, gettext("Restored."))


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "client"]
    list_select_related = ["user", "client"]
    search_fields = ["user__username", "client__name"]
