"""Campaigns as people type them."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.countries import by_name
from agency.forms import DateInput, SearchForm
from agency.models import Connection
from agency.tokportal import normalise_country
from campaigns.actions import CampaignFields
from campaigns.models import Bundle, Campaign, Platform
from campaigns.models.campaign import CampaignQuerySet, is_prefix
from campaigns.models.mirror import BundleQuerySet
from clients.models import Client, ClientQuerySet, is_slug


class CampaignSearchForm(SearchForm):
    client = forms.ModelChoiceField(
        queryset=Client.objects.none(),
        required=False,
        label=_("Client"),
        to_field_name="slug",
        empty_label=_("All clients"),
    )
    state = forms.ChoiceField(
        required=False,
        label=_("State"),
        choices=[
            ("", _("Running and planned")),
            ("running", _("Running")),
            ("planned", _("Planned")),
            ("over", _("Over")),
            ("archived", _("Archived")),
            ("all", _("All")),
        ],
    )

    def __init__(self, *args: Any, clients: ClientQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"].queryset = clients  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Market:
    """One box of the market grid: `value` is `USA:tiktok`."""

    value: str
    label: str
    is_chosen: bool
    is_open: bool  # TokPortal takes new orders there


@dataclass(frozen=True, slots=True)
class MarketRow:
    name: str
    code: str
    markets: list[Market]


class MarketsField(forms.MultipleChoiceField):
    """Country and platform, as `USA:tiktok`. Either form of a country's code is understood."""

    def to_python(self, value: Any) -> list[str]:
        pairs = [entry.partition(":") for entry in super().to_python(value)]
        return list(dict.fromkeys(f"{normalise_country(code)}:{platform}" for code, _, platform in pairs))


class CampaignForm(forms.Form):
    """`connection`: what TokPortal offers there decides the markets; those that a campaign has stay choosable."""

    name = forms.CharField(max_length=80, label=_("Name"))
    slug = forms.CharField(
        max_length=60,
        required=False,
        validators=[is_slug],
        label=_("Short name"),
        help_text=_("Second part of every reference. Left empty, it is made from the name."),
    )
    starts_on = forms.DateField(widget=DateInput, label=_("First day"))
    ends_on = forms.DateField(widget=DateInput, label=_("Last day"))
    goal = forms.CharField(
        max_length=200,
        required=False,
        label=_("Goal"),
        help_text=_("Such as “10 live videos in each market”."),
    )
    budget = forms.IntegerField(
        required=False,
        min_value=0,
        label=_("Budget in credits"),
        help_text=_("Orders that would go over it are refused. Empty: only the client's budget counts."),
    )
    markets = MarketsField(required=False, label=_("Markets"))

    def __init__(
        self,
        *args: Any,
        client: Client,
        connection: Connection | None,
        campaign: Campaign | None = None,
        frozen: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection
        self.fields["slug"].help_text = gettext("%(help)s They begin with %(slug)s-…") % {
            "help": self.fields["slug"].help_text,
            "slug": client.slug,
        }
        if frozen:
            self.fields["slug"].disabled = True
            self.fields["slug"].help_text = frozen
        self.chosen = [f"{m.country}:{m.platform}" for m in campaign.markets.all()] if campaign else []
        self.initial.setdefault("markets", self.chosen)
        self.fields["markets"].choices = [  # type: ignore[attr-defined]
            (market.value, market.label) for row in self.market_rows for market in row.markets
        ]

    @property
    def platforms(self) -> list[tuple[str, bool]]:
        """Name of each platform, and whether it can be ordered now."""
        offered = self.connection.platforms if self.connection else []
        known = {platform["value"]: bool(platform["enabled"]) for platform in offered}
        chosen = {value.partition(":")[2]: False for value in self.chosen}
        return list({**chosen, **known}.items())

    @property
    def market_rows(self) -> list[MarketRow]:
        """Countries × platforms, with what is chosen in this form."""
        offered = self.connection.countries if self.connection else []
        names = {normalise_country(country["code"]): country["name"] for country in offered}
        names |= {code: code for code in (v.partition(":")[0] for v in self.chosen) if code not in names}
        ticked = set(self["markets"].value() or ())
        return [
            MarketRow(
                name,
                code,
                [
                    Market(
                        value := f"{code}:{platform}",
                        Platform(platform).label if platform in Platform else platform,
                        value in ticked,
                        is_open or value in self.chosen,
                    )
                    for platform, is_open in self.platforms
                ],
            )
            for code, name in by_name(names)
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned.get("name") and "slug" in cleaned and not cleaned["slug"]:
            cleaned["slug"] = slugify(cleaned["name"])[:60].strip("-")
            if not cleaned["slug"]:
                self.add_error("slug", gettext("The name gives no short name. Type one in letters a to z."))
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            self.add_error("ends_on", gettext("The last day is before the first one."))
        return cleaned

    @property
    def campaign_fields(self) -> CampaignFields:
        """The valid form as the actions take it."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "markets"}
        markets = [tuple(value.split(":")) for value in self.cleaned_data["markets"]]
        return CampaignFields(**values, markets=markets)


class NamespaceForm(forms.Form):
    namespace = forms.CharField(
        max_length=120,
        label=_("Prefix"),
        validators=[is_prefix],
        help_text=_("References that are this prefix, or begin with it and a hyphen, are this campaign's."),
    )

    def clean_namespace(self) -> str:
        prefix: str = self.cleaned_data["namespace"].strip("-")
        if not prefix:
            raise forms.ValidationError(gettext("Letters or digits are needed."))
        return prefix


class ClaimForm(forms.Form):
    """Whose bundles are that somebody ordered elsewhere."""

    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.none(), label=_("Campaign"), empty_label=_("Choose a campaign")
    )
    bundles = forms.ModelMultipleChoiceField(
        queryset=Bundle.objects.none(),
        label=_("Bundles"),
        error_messages={"required": _("Tick the bundles that belong to it.")},
    )

    def __init__(
        self, *args: Any, campaigns: CampaignQuerySet, bundles: BundleQuerySet, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        campaign: Any = self.fields["campaign"]
        campaign.queryset = campaigns.order_by("client__name", "name")
        campaign.label_from_instance = lambda row: f"{row.client} · {row}"
        field: Any = self.fields["bundles"]
        field.queryset = bundles
