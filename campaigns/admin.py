"""Campaigns, Commands and mirrors in the workshop: to look at. The buttons call the same actions as the pages."""

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from agency.admin import ReadOnlyAdmin
from agency.models import User
from campaigns import actions
from campaigns.commands.actions import WrongMove, check_again, withdraw
from campaigns.models import Bundle, Campaign, Command, Market, Namespace, SavedAccount, Video
from campaigns.models.campaign import CampaignQuerySet
from campaigns.models.command import CommandQuerySet


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ["name", "client", "slug", "starts_on", "ends_on", "archived_at"]
    list_filter = ["client", ("archived_at", admin.EmptyFieldListFilter)]
    list_select_related = ["client"]
    search_fields = ["name", "slug", "client__name"]
    actions = ["archive", "restore"]

    @admin.action(description=_("Archive: nothing more can be ordered"), permissions=["view"])
    def archive(self, request: HttpRequest, campaigns: CampaignQuerySet) -> None:
        for campaign in campaigns:
            actions.archive_campaign(campaign=campaign, now=timezone.now())
        messages.success(request, gettext("Archived."))

    @admin.action(description=_("Restore"), permissions=["view"])
    def restore(self, request: HttpRequest, campaigns: CampaignQuerySet) -> None:
        for campaign in campaigns:
            actions.restore_campaign(campaign=campaign)
        messages.success(request, gettext("Restored."))


@admin.register(Market)
class MarketAdmin(ReadOnlyAdmin):
    list_display = ["campaign", "country", "platform"]
    list_filter = ["country", "platform"]
    list_select_related = ["campaign"]


@admin.register(Namespace)
class NamespaceAdmin(ReadOnlyAdmin):
    list_display = ["prefix", "campaign", "is_own", "created_at"]
    list_select_related = ["campaign"]
    search_fields = ["prefix"]


@admin.register(Command)
class CommandAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "kind",
        "client",
        "state",
        "quoted_credits",
        "credits_charged",
        "asked_by",
        "asked_at",
    ]
    list_filter = ["state", "kind", "needs_person", "is_charged_differently", "client"]
    list_select_related = ["client", "asked_by"]
    search_fields = ["key", "external_ref", "request_id"]
    date_hierarchy = "asked_at"
    actions = ["look_again", "take_back"]

    @admin.action(description=_("Look for the effect of unknown ones again"), permissions=["view"])
    def look_again(self, request: HttpRequest, commands: CommandQuerySet) -> None:
        unknown = commands.filter(state=Command.State.UNKNOWN)
        for command in unknown:
            check_again(command=command, now=timezone.now())
        said = ngettext("%(count)d is being checked.", "%(count)d are being checked.", len(unknown))
        messages.success(request, said % {"count": len(unknown)})

    @admin.action(description=_("Withdraw those that have not left yet"), permissions=["view"])
    def take_back(self, request: HttpRequest, commands: CommandQuerySet) -> None:
        assert isinstance(request.user, User)  # nobody else gets into the console
        waiting = commands.filter(state=Command.State.QUEUED).select_related("connection")
        for command in waiting:
            try:
                withdraw(command=command, by=request.user, note="", now=timezone.now())
            except WrongMove as refusal:
                messages.warning(
                    request, gettext("%(order)s: %(refusal)s") % {"order": command, "refusal": refusal}
                )
        said = ngettext("%(count)d was waiting.", "%(count)d were waiting.", len(waiting))
        messages.success(request, said % {"count": len(waiting)})


@admin.register(Bundle)
class BundleAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "title",
        "external_ref",
        "campaign",
        "country",
        "platform",
        "status",
        "account_status",
    ]
    list_filter = ["status", "account_status", "bundle_type", "platform", "country"]
    list_select_related = ["campaign"]
    search_fields = ["upstream_id", "external_ref", "title"]


@admin.register(Video)
class VideoAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "bundle",
        "position",
        "status",
        "publish_date",
        "platform_url",
        "has_download_issue",
    ]
    list_filter = ["status", "has_download_issue", "video_type"]
    list_select_related = ["bundle"]
    search_fields = ["upstream_id", "external_ref", "platform_url"]


@admin.register(SavedAccount)
class SavedAccountAdmin(ReadOnlyAdmin):
    list_display = ["id", "username", "platform", "country", "campaign", "is_banned", "analytics_at"]
    list_filter = ["platform", "country", "is_banned"]
    list_select_related = ["campaign"]
    search_fields = ["upstream_id", "username"]
    exclude = ["raw"]  # the answer may carry the account's mail address
