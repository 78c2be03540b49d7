"""What the log of calls and the list of drift are searched by."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agency.forms import SearchForm, offer
from agency.models import ApiCall, Drift

# What the log is searched through, unless the person asks for more: it may hold millions of rows.
USUAL_HOURS = 24


class CallFilterForm(SearchForm):
    operation = forms.ChoiceField(required=False, label=gettext_lazy("Operation"))
    result = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Result"),
        choices=[
            ("", gettext_lazy("Any result")),
            ("failed", gettext_lazy("Failed")),
            ("unanswered", gettext_lazy("Without an answer")),
            ("charged", gettext_lazy("Charged credits")),
        ],
    )
    status = forms.IntegerField(
        required=False,
        min_value=100,
        max_value=599,
        label=gettext_lazy("HTTP status"),
        widget=forms.NumberInput(attrs={"placeholder": gettext_lazy("HTTP status")}),
    )
    hours = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=gettext_lazy("Since"),
        choices=[
            ("", gettext_lazy("Last 24 hours")),
            (1, gettext_lazy("Last hour")),
            (7 * 24, gettext_lazy("Last 7 days")),
            (90 * 24, gettext_lazy("Last 90 days")),
        ],
    )
    command = forms.IntegerField(required=False, widget=forms.HiddenInput, label=gettext_lazy("Order"))

    def __init__(self, *args: Any, operations: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "operation", [("", _("Any operation")), *((name, name) for name in operations)])

    def narrow(self, calls: QuerySet[ApiCall], *, now: datetime) -> QuerySet[ApiCall]:
        """The search finds request ids, error codes and ids of bundles, accounts and slots."""
        given = self.filters()
        if "command" in given:
            calls = calls.filter(command_id=given["command"])
        else:
            calls = calls.filter(at__gt=now - timedelta(hours=given.get("hours", USUAL_HOURS)))
        if q := given.get("q"):
            calls = calls.annotate(named=Cast("ids", TextField())).filter(
                Q(request_id=q) | Q(error_code__iexact=q) | Q(named__icontains=q)
            )
        if operation := given.get("operation"):
            calls = calls.filter(operation=operation)
        if status := given.get("status"):
            calls = calls.filter(status=status)
        match given.get("result"):
            case "failed":
                return calls.exclude(failure="")
            case "unanswered":
                return calls.filter(status=None)
            case "charged":
                return calls.filter(credits_charged__gt=0, is_replay=False, is_dry_run=False)
        return calls


class DriftFilterForm(SearchForm):
    kind = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Kind"),
        choices=[("", gettext_lazy("Any kind")), *Drift.Kind.choices],
    )
    shown = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Show"),
        choices=[
            ("", gettext_lazy("Not seen yet")),
            ("seen", gettext_lazy("Seen")),
            ("all", gettext_lazy("All of them")),
        ],
    )

    def narrow(self, drifts: QuerySet[Drift]) -> QuerySet[Drift]:
        given = self.filters()
        if q := given.get("q"):
            drifts = drifts.filter(Q(word__icontains=q) | Q(place__icontains=q))
        if kind := given.get("kind"):
            drifts = drifts.filter(kind=kind)
        match given.get("shown"):
            case "seen":
                return drifts.exclude(seen_at=None)
            case "all":
                return drifts
        return drifts.filter(seen_at=None)
