"""The lists of bundles and Commands: filters, and rows for a CSV file."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy

from agency.forms import SearchForm, offer
from agency.models import User
from agency.tables import Column
from agency.tokportal import normalise_country
from campaigns.access import visible_campaigns
from campaigns.commands.refusals import said
from campaigns.lifecycle import STAGES, in_stage
from campaigns.models import Command, Platform
from campaigns.models.command import CommandQuerySet
from campaigns.models.mirror import BundleQuerySet
from campaigns.states import bundle_pill, command_pill
from clients.access import visible_clients


class OwnerFilterForm(SearchForm):
    """Search, client and campaign, limited to what the person may see."""

    client = forms.ChoiceField(label=gettext_lazy("Client"), required=False)
    campaign = forms.ChoiceField(label=gettext_lazy("Campaign"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clients = visible_clients(user).order_by("name").values_list("slug", "name")
        offer(self, "client", [("", gettext("All clients")), *clients])
        rows = visible_campaigns(user).order_by("client__name", "name")
        campaigns = [
            (str(pk), f"{client} · {name}")
            for pk, client, name in rows.values_list("pk", "client__name", "name")
        ]
        offer(self, "campaign", [("", gettext("All campaigns")), *campaigns])


class BundleSearchForm(SearchForm):
    """What bundles of one campaign are found by."""

    platform = forms.ChoiceField(
        label=gettext_lazy("Platform"),
        required=False,
        choices=[("", gettext_lazy("All platforms")), *Platform.choices],
    )
    country = forms.CharField(
        label=gettext_lazy("Country"),
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Country")}),
    )

    def narrow(self, bundles: BundleQuerySet) -> BundleQuerySet:
        chosen = self.filters()
        if text := chosen.get("q"):
            bundles = bundles.filter(
                Q(external_ref__icontains=text)
                | Q(title__icontains=text)
                | Q(upstream_id=text)
                | Q(saved_account__username__icontains=text)
                | Q(profile__username__icontains=text)
            )
        if client := chosen.get("client"):
            bundles = bundles.filter(campaign__client__slug=client)
        if campaign := chosen.get("campaign"):
            bundles = bundles.filter(campaign=campaign)
        if code := chosen.get("state"):
            bundles = bundles.filter(in_stage(next(stage for stage in STAGES if stage.code == code)))
        if platform := chosen.get("platform"):
            bundles = bundles.filter(platform=platform)
        if country := chosen.get("country"):
            bundles = bundles.filter(country=normalise_country(country))
        return bundles


def _stage_choices() -> list[tuple[str, str]]:
    return [("", gettext("All states")), *((stage.code, stage.word) for stage in STAGES)]


class BoardFilterForm(OwnerFilterForm, BundleSearchForm):
    """Without a state: a board shows them all."""

    field_order = ("q", "client", "campaign", "state", "platform", "country")


class BundleFilterForm(BoardFilterForm):
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False, choices=_stage_choices)


class CommandFilterForm(OwnerFilterForm):
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[
            ("", gettext_lazy("All states")),
            ("person", gettext_lazy("Needs a person")),
            ("open", gettext_lazy("Under way")),
            ("different", gettext_lazy("Charged differently")),
            *Command.State.choices,
        ],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=[("", gettext_lazy("All kinds")), *Command.Kind.choices],
    )

    def narrow(self, commands: CommandQuerySet) -> CommandQuerySet:
        chosen = self.filters()
        if text := chosen.get("q"):
            commands = commands.filter(
                Q(external_ref__icontains=text)
                | Q(request_id=text)
                | Q(bundle__external_ref__icontains=text)
                | Q(bundle__title__icontains=text)
            )
        if client := chosen.get("client"):
            commands = commands.filter(client__slug=client)
        if campaign := chosen.get("campaign"):
            commands = commands.filter(campaign=campaign)
        if kind := chosen.get("kind"):
            commands = commands.filter(kind=kind)
        state = chosen.get("state")
        if state == "person":
            return commands.filter(needs_person=True)
        if state == "open":
            return commands.filter(state__in=Command.UNSETTLED)
        if state == "different":
            return commands.filter(is_charged_differently=True)
        return commands.filter(state=state) if state else commands


BUNDLE_SORTS = {
    "ordered": Column(("pk",), most_first=True),
    "reference": Column(("external_ref",)),
    "client": Column(("campaign__client__name", "campaign__name"), may_be_empty=True),
    "market": Column(("country", "platform")),
    "state": Column(("status_since",), most_first=True),  # what changed last
}
BUNDLE_COLUMNS = (
    "reference",
    "title",
    "client",
    "campaign",
    "type",
    "platform",
    "country",
    "state",
    "tokportal_status",
    "account",
    "videos",
    "videos_set_up",
    "videos_live",
    "created_at",
)


def bundle_rows(bundles: BundleQuerySet) -> Iterator[list[object]]:
    """Rows under BUNDLE_COLUMNS; `bundles` with_progress."""
    for bundle in bundles.iterator(chunk_size=500):
        yield [
            bundle.external_ref,
            bundle.title,
            bundle.campaign.client.name if bundle.campaign else "",
            bundle.campaign.name if bundle.campaign else "",
            bundle.bundle_type,
            bundle.platform,
            bundle.country,
            bundle_pill(bundle).word,
            bundle.status,
            bundle.saved_account.username if bundle.saved_account else "",
            *(getattr(bundle, name) for name in ("videos_total", "videos_filled", "videos_live")),
            bundle.upstream_created_at,
        ]


COMMAND_SORTS = {
    "asked": Column(("pk",), most_first=True),
    "kind": Column(("kind", "-pk")),
    "client": Column(("client__name", "campaign__name"), may_be_empty=True),
    "credits": Column(("credits_charged",), most_first=True, may_be_empty=True),
    "state": Column(("state_since",), most_first=True),
}
COMMAND_COLUMNS = (
    "order",
    "asked_at",
    "asked_by",
    "kind",
    "client",
    "campaign",
    "reference",
    "state",
    "quoted_credits",
    "charged_credits",
    "request_id",
    "message",
)


def command_rows(commands: CommandQuerySet) -> Iterator[list[object]]:
    """Rows under COMMAND_COLUMNS."""
    for command in commands.iterator(chunk_size=500):
        yield [
            command.pk,
            command.asked_at,
            command.asked_by.name if command.asked_by else "",
            command.get_kind_display(),
            command.client.name if command.client else "",
            command.campaign.name if command.campaign else "",
            command.external_ref or (command.bundle.external_ref if command.bundle else ""),
            command_pill(command).word,
            command.quoted_credits,
            command.credits_charged,
            command.request_id,
            said(command),
        ]
