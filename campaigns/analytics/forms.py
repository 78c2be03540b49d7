from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from agency.forms import SearchForm, offer
from agency.tables import Column
from campaigns.models import SavedAccount
from campaigns.models.campaign import Platform
from clients.models import Client

METRICS = {"views": _("Views"), "followers": _("Followers"), "likes": _("Likes"), "comments": _("Comments")}
DAYS = {"30": _("30 days"), "90": _("90 days"), "": pgettext_lazy("days", "All")}

ACCOUNT_SORTS = {
    "username": Column(("username",)),
    "client": Column(("campaign__client__name", "username"), may_be_empty=True),
    "market": Column(("country", "platform", "username")),
    "followers": Column(("followers", "username"), most_first=True, may_be_empty=True),
    "views": Column(("views", "username"), most_first=True, may_be_empty=True),
    "age": Column(("analytics_at",), may_be_empty=True),  # of the figures
}


class AccountSearchForm(SearchForm):
    client = forms.ChoiceField(required=False, label=_("Client"))
    platform = forms.ChoiceField(
        required=False, label=_("Platform"), choices=[("", _("Any platform")), *Platform.choices]
    )
    country = forms.CharField(
        required=False,
        label=_("Country"),
        max_length=8,
        widget=forms.TextInput(attrs={"placeholder": _("Country"), "size": 8}),
    )
    state = forms.ChoiceField(
        required=False,
        label=_("State"),
        choices=[
            ("", _("Any state")),
            ("working", _("Working")),
            ("banned", _("Banned")),
            ("no_data", _("Without figures")),
        ],
    )

    def __init__(self, *args: Any, clients: QuerySet[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "client", [("", _("Any client")), *clients.order_by("name").values_list("slug", "name")])

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
        return accounts


class ChartForm(forms.Form):
    """Which line is drawn. What is rubbish in the address gives the usual one."""

    metric = forms.ChoiceField(choices=list(METRICS.items()), required=False)
    days = forms.ChoiceField(choices=list(DAYS.items()), required=False)

    def chosen(self) -> tuple[str, str]:
        self.full_clean()
        return self.cleaned_data.get("metric") or "views", self.cleaned_data.get("days", "90")
