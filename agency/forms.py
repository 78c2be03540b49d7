"""What the forms of every room share."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

ROWS_PER_PAGE = 25


class CommandForm(forms.Form):
    """A form that becomes a Command. The key is made when it is drawn: sending it twice asks once (M1)."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class DateInput(forms.DateInput):
    """The browser's own calendar, which wants the ISO form."""

    input_type = "date"

    def __init__(self, attrs: dict[str, object] | None = None) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class SearchForm(forms.Form):
    """The search and filters of a list. What is rubbish in the address is left out; it is no error."""

    q = forms.CharField(
        required=False,
        max_length=100,
        label=_("Search"),
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Search")}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # they stand in a row, without labels of their own
            field.widget.attrs.setdefault("aria-label", field.label or name.replace("_", " ").capitalize())

    def filters(self) -> dict[str, Any]:
        """The valid values that were given, by field name."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


def offer(form: forms.Form, name: str, choices: list[Any]) -> None:
    """Fill a drop-down that depends on what there is."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def page_of(rows: QuerySet, request: HttpRequest, *, size: int = ROWS_PER_PAGE) -> Page:
    """The page of a list that `?page=` names; the nearest one where it names none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
