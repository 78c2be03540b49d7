"""The same order in several countries: what is common to all, and what each market has of its own."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agency.countries import by_name, country_name
from agency.models import Connection
from agency.tokportal import normalise_country
from campaigns.commands.forms.orders import BundleOrderForm
from campaigns.content.forms import PROFILE_FIELDS, ProfileForm
from campaigns.models import Bundle, Campaign, Post
from campaigns.models.mirror import platform_name

MOST_MARKETS = 20  # each has its price asked while a person waits
OWN_FIELDS = (
    "username",
    "visible_name",
    "biography",
)  # of a market; the rest of the profile is the same for all
POSTS_SHOWN = 60


def profile_fields(names: Iterable[str], *, is_shared: bool) -> dict[str, forms.Field]:
    """Fields of a profile, none of them needed: what is left empty is written later, or is the common one."""
    found = {}
    for name in names:
        field = deepcopy(ProfileForm.base_fields[name])
        field.required = False
        if not is_shared:
            field.help_text = ""
        found[name] = field
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """A box of the grid of countries and platforms: `value` is `USA:tiktok`."""

    value: str
    label: str
    is_chosen: bool


class LaunchForm(BundleOrderForm):
    """What all markets have in common, and which they are."""

    markets = forms.MultipleChoiceField(
        label=gettext_lazy("Countries"),
        error_messages={"required": gettext_lazy("Choose at least one country.")},
    )
    publishes = forms.BooleanField(
        label=gettext_lazy("Publish each as soon as it is ready"),
        required=False,
        help_text=gettext_lazy("Without it each waits for you, ready to publish."),
    )

    def __init__(self, *args: Any, campaign: Campaign, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, campaign=campaign, connection=connection, **kwargs)
        kind: Any = self.fields["bundle_type"]
        kind.choices = [choice for choice in kind.choices if choice[0] != Bundle.Type.VIDEOS_ONLY]
        self._offer_places(connection)
        del self.fields["account_id"], self.fields["country"], self.fields["platform"], self.fields["quote"]
        self.fields |= profile_fields(PROFILE_FIELDS, is_shared=True)

    def _offer_places(self, connection: Connection) -> None:
        """Every open country on every open platform, the campaign's own markets first and chosen."""
        platform: Any = self.fields["platform"]
        open_platforms = [value for value, _name in platform.choices if value not in platform.widget.closed]
        names = {
            normalise_country(row["code"]): row.get("name", "")
            for row in connection.countries
            if not row.get("videos_only")
        }
        places = [f"{code}:{value}" for code in names for value in open_platforms]
        own = {f"{market.country}:{market.platform}" for market in self.campaign.markets.all()}
        field: Any = self.fields["markets"]
        field.choices = [(place, place) for place in places]
        field.initial = [place for place in places if place in own]
        listed = by_name(names)
        is_own = {code for code, _name in listed if any(f"{code}:{value}" in own for value in open_platforms)}
        self.platforms = [platform_name(value) for value in open_platforms]
        self._listed = sorted(listed, key=lambda row: row[0] not in is_own)
        self._open_platforms = open_platforms

    @property
    def market_rows(self) -> list[tuple[str, list[Place]]]:
        """Country → a box for each platform."""
        ticked = set(self["markets"].value() or ())
        return [
            (
                name,
                [
                    Place(f"{code}:{value}", f"{name}, {platform_name(value)}", f"{code}:{value}" in ticked)
                    for value in self._open_platforms
                ],
            )
            for code, name in self._listed
        ]

    def _check_market(self) -> None:
        markets = self.cleaned_data.get("markets") or []
        if len(markets) > MOST_MARKETS:
            self.add_error("markets", _("At most %(most)s at once.") % {"most": MOST_MARKETS})
        # Deep warming exists for Instagram only: the order's own rule asks for the platform.
        platforms = {value.partition(":")[2] for value in markets}
        self.cleaned_data["platform"] = "instagram" if platforms == {"instagram"} else "several"

    def body_for(self, country: str, platform: str) -> dict[str, Any]:
        """The order of one market, without a reference."""
        self.cleaned_data |= {"country": country, "platform": platform}
        return self.body()

    @property
    def places(self) -> list[tuple[str, str]]:
        """Country and platform of each chosen market."""
        return [
            (code, value) for code, _colon, value in (m.partition(":") for m in self.cleaned_data["markets"])
        ]


class MarketForm(forms.Form):
    """What one market has of its own. `quote` carries the price that was shown."""

    quote = forms.CharField(widget=forms.HiddenInput, required=False)
    posts = forms.ModelMultipleChoiceField(
        Post.objects.none(),
        required=False,
        label=gettext_lazy("Posts for its slots"),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any, *, launch: LaunchForm, country: str, platform: str) -> None:
        prefix = f"{country}:{platform}"
        is_priced = f"{prefix}-quote" in data
        super().__init__(data if is_priced else None, prefix=prefix)
        self.launch, self.country, self.platform = launch, country, platform
        self.fields |= profile_fields(OWN_FIELDS, is_shared=False)
        for name in OWN_FIELDS:
            self.fields[name].widget.attrs["placeholder"] = launch.cleaned_data.get(name) or _(
                "to be written"
            )
        self._offer_posts()

    def _offer_posts(self) -> None:
        posts: Any = self.fields["posts"]
        if not launch_has_videos(self.launch):
            del self.fields["posts"]
            return
        free = Post.objects.filter(campaign=self.launch.campaign, video=None)
        fitting = free.filter(Q(market_country=self.country) | Q(market_country=""))
        posts.queryset = fitting.order_by("publish_date", "pk")[:POSTS_SHOWN]
        posts.queryset = Post.objects.filter(pk__in=[post.pk for post in posts.queryset]).order_by(
            "publish_date", "pk"
        )

    @property
    def label(self) -> str:
        return f"{country_name(self.country)} · {platform_name(self.platform)}"

    def profile(self) -> dict[str, str]:
        """The columns of an AccountProfile; empty where a person writes it later."""
        common = self.launch.cleaned_data
        given = {name: common.get(name) or "" for name in PROFILE_FIELDS}
        given |= {name: self.cleaned_data[name] for name in OWN_FIELDS if self.cleaned_data.get(name)}
        if self.platform != "instagram":
            given["link_in_bio"] = ""
        return given if given["username"] and given["visible_name"] else {}

    def clean(self) -> None:
        super().clean()
        chosen = self.cleaned_data.get("posts") or []
        most = self.launch.cleaned_data.get("videos_quantity") or 0
        if len(chosen) > most:
            said = ngettext(
                "There is %(most)s slot: choose fewer.", "There are %(most)s slots: choose fewer.", most
            )
            self.add_error("posts", said % {"most": most})


def launch_has_videos(form: LaunchForm) -> bool:
    return bool(form.has_videos and form.cleaned_data.get("videos_quantity"))


def market_forms(data: Mapping[str, Any], launch: LaunchForm) -> list[MarketForm]:
    return [
        MarketForm(data, launch=launch, country=country, platform=platform)
        for country, platform in launch.places
    ]


def refuse_shared_posts(forms_: Iterable[MarketForm]) -> None:
    """A post sits in one slot at the most."""
    seen: dict[int, str] = {}
    for form in forms_:
        for post in form.cleaned_data.get("posts") or []:
            if post.pk in seen:
                said = _("“%(post)s” is chosen for %(market)s already.")
                form.add_error("posts", said % {"post": post, "market": seen[post.pk]})
            seen[post.pk] = form.label
