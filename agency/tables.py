"""What every list has beside its rows: sorting by a column, filters that can be taken away, tabs. All by address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.db.models import F, Model, QuerySet
from django.db.models.expressions import OrderBy
from django.http import HttpRequest, QueryDict
from django.utils import formats

Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True, slots=True)
class Column:
    """What a list can be sorted by.

    `by`: fields of the query, the first one as the person chose, the others always ascending.
    """

    by: tuple[str, ...]
    most_first: bool = False  # figures and times: the first click shows the most and the latest
    may_be_empty: bool = False  # rows without a value come last, whichever way


Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Sort:
    """One way to sort one list: `?sort=views` ascending, `?sort=-views` descending."""

    columns: Columns
    key: str
    is_descending: bool
    asked: str  # as it stands in the address, empty for the usual order

    def order(self, rows: Rows) -> Rows:
        """The last word is the primary key's, so that pages neither repeat nor lose a row."""
        column = self.columns[self.key]
        first, *others = column.by
        key = "-pk" if self.is_descending else "pk"
        return rows.order_by(self._first(first, column), *others, key)

    def _first(self, field: str, column: Column) -> str | OrderBy:
        if not column.may_be_empty:
            return f"-{field}" if self.is_descending else field
        return F(field).desc(nulls_last=True) if self.is_descending else F(field).asc(nulls_last=True)

    def link(self, key: str) -> str:
        """What a click on the column's head asks for: first one way, then the other, then the usual order."""
        first = f"-{key}" if self.columns[key].most_first else key
        if key != self.key:
            return first
        if self.asked and self.asked != first:
            return ""
        return key if self.is_descending else f"-{key}"

    def state(self, key: str) -> str:
        """The column's `aria-sort`, empty where the list is sorted by another."""
        if key != self.key:
            return ""
        return "descending" if self.is_descending else "ascending"


def sort_of(request: HttpRequest, columns: Columns, *, usual: str) -> Sort:
    """The sorting that `?sort=` asks for; the usual one where it asks for nothing that is known."""
    asked = request.GET.get("sort", "")
    if asked.removeprefix("-") not in columns:
        asked = ""
    chosen = asked or usual
    return Sort(columns, chosen.removeprefix("-"), chosen.startswith("-"), asked)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address of the list without it."""

    label: str
    value: str
    url: str


def chips_of(form: forms.Form, filters: Mapping[str, Any], query: QueryDict) -> list[Chip]:
    """A chip for each of `filters`, which are valid values of `form` by field name."""
    return [
        Chip(str(form[name].label), _in_words(form.fields[name], value), without(query, name))
        for name, value in filters.items()
    ]


def without(query: QueryDict, *names: str) -> str:
    """The list's address without these filters, on its first page."""
    rest = query.copy()
    for name in (*names, "page"):
        rest.pop(name, None)
    return f"?{rest.urlencode()}"


def _in_words(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.ChoiceField) and not isinstance(value, Model):
        choices: Any = field.choices
        return str(dict(_flat(choices)).get(value, value))
    return str(formats.localize(value))


def _flat(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):  # a group
            yield from _flat(label)
        else:
            yield value, label


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    count: int | None = None
    is_current: bool = False
    tone: str = ""  # of the count: bad and wait call for a person
