"""Text of the reports' pages → clean values."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agency.forms import SearchForm
from campaigns.ledger.months import Month, NotAMonth


class ReportSearchForm(SearchForm):
    """Which clients, and the last of the months that are shown."""

    until = forms.CharField(
        required=False,
        max_length=7,
        label=_("Up to"),
        widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-11"}),
    )

    def clean_until(self) -> Month | None:
        written: Any = self.cleaned_data["until"]
        try:
            return Month.read(written) if written else None
        except NotAMonth as error:
            raise forms.ValidationError(str(error)) from None
