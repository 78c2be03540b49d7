from typing import Any

from django import forms
from django.db.models import F, Q, QuerySet

from agency.forms import SearchForm, offer
from campaigns.models import SavedAccount
from campaigns.models.campaign import Platform
from clients.models import Client

METRICS = {"views": "Views", "followers": "Followers", "likes": "Likes", "comments": "Comments"}
DAYS = {"30": "30 days", "90": "90 days", "": "All"}


class AccountSearchForm(SearchForm):
    client = forms.ChoiceField(required=False)
    platform = forms.ChoiceField(
        required=False, label="Platform", choices=[("", "Any platform"), *Platform.choices]
    )
    country = forms.CharField(
        required=False, max_length=8, widget=forms.TextInput(attrs={"placeholder": "Country", "size": 8})
    )
    state = forms.ChoiceField(
        required=False,
        label="State",
        choices=[
            ("", "Any state"),
            ("working", "Working"),
            ("banned", "Banned"),
            ("no_data", "Without figures"),
        ],
    )
    sort = forms.ChoiceField(
        required=False,
        label="Order",
        choices=[
            ("", "Most views"),
            ("followers", "Most followers"),
            ("name", "By name"),
            ("age", "Oldest data"),
        ],
    )

    ORDERS: dict[str, tuple[Any, ...]] = {
        "": (F("views").desc(nulls_last=True), "username", "pk"),
        "followers": (F("followers").desc(nulls_last=True), "username", "pk"),
        "name": ("username", "pk"),
        "age": (F("analytics_at").asc(nulls_first=True), "pk"),
    }

    def __init__(self, *args: Any, clients: QuerySet[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "client", [("", "Any client"), *clients.order_by("name").values_list("slug", "name")])

    def narrow(self, accounts: QuerySet[SavedAccount]) -> QuerySet[SavedAccount]:
        given = self.filters()
        if "q" in given:
            text = given["q"].removeprefix("@")
            accounts = accounts.filter(
                Q(username__icontains=text) | Q(visible_name__icontains=text) | Q(upstream_id=text)
            )
        if "client" in given:
            accounts = accounts.filter(campaign__client__slug=given["client"])
        if "platform" in given:
            accounts = accounts.filter(platform=given["platform"])
        if "country" in given:
            accounts = accounts.filter(country__iexact=given["country"])
        if "state" in given:
            accounts = {
                "working": accounts.filter(is_banned=False),
                "banned": accounts.filter(is_banned=True),
                "no_data": accounts.filter(snapshots=None),
            }[given["state"]]
        return accounts.order_by(*self.ORDERS[given.get("sort", "")])


class ChartForm(forms.Form):
    """Which line is drawn. What is rubbish in the address gives the usual one."""

    metric = forms.ChoiceField(choices=list(METRICS.items()), required=False)
    days = forms.ChoiceField(choices=list(DAYS.items()), required=False)

    def chosen(self) -> tuple[str, str]:
        self.full_clean()
        return self.cleaned_data.get("metric") or "views", self.cleaned_data.get("days", "90")
