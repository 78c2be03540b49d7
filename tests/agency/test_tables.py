"""Sorting, chips and the line above a list: all of it stands in the address."""

import pytest
from django import forms
from django.db.models import F
from django.template import Context, Template
from django.test import RequestFactory

from agency.forms import SearchForm
from agency.models import User
from agency.tables import Column, chips_of, sort_of, without
from tests.factories import make_user

COLUMNS = {
    "name": Column(("first_name", "username")),
    "seen": Column(("last_login",), most_first=True, may_be_empty=True),
}


def asked(query: str):  # type: ignore[no-untyped-def]
    return RequestFactory().get(f"/people/?{query}")


class PeopleForm(SearchForm):
    role = forms.ChoiceField(required=False, choices=[("", "All"), ("Staff", [("owner", "Owner")])])
    since = forms.IntegerField(required=False)


@pytest.mark.parametrize(
    ("query", "key", "is_descending", "kept"),
    [
        ("", "seen", True, ""),
        ("sort=name", "name", False, "name"),
        ("sort=-name", "name", True, "-name"),
        ("sort=password", "seen", True, ""),
        ("sort=--name", "seen", True, ""),
        ("sort=", "seen", True, ""),
    ],
)
def test_the_address_says_how_a_list_is_sorted(query: str, key: str, is_descending: bool, kept: str) -> None:
    sort = sort_of(asked(query), COLUMNS, usual="-seen")
    assert (sort.key, sort.is_descending, sort.asked) == (key, is_descending, kept)


def test_rows_without_a_value_come_last_either_way(db: None) -> None:
    first, second, never = (make_user(name) for name in ("first", "second", "never"))
    for user, hour in ((first, 8), (second, 9)):
        User.objects.filter(pk=user.pk).update(last_login=f"2026-11-20T{hour:02}:00Z")
    for query, order in (("sort=seen", [first, second, never]), ("sort=-seen", [second, first, never])):
        assert list(sort_of(asked(query), COLUMNS, usual="name").order(User.objects.all())) == order


def test_rows_that_are_alike_keep_one_order(db: None) -> None:
    users = [make_user(f"user{n}", first_name="Same") for n in range(3)]
    User.objects.update(username=F("username"), first_name="Same")
    columns = {"name": Column(("first_name",))}
    assert list(sort_of(asked("sort=name"), columns, usual="name").order(User.objects.all())) == users
    assert list(sort_of(asked("sort=-name"), columns, usual="name").order(User.objects.all())) == users[::-1]


def head(query: str, key: str) -> str:
    context = Context({"request": asked(query), "sort": sort_of(asked(query), COLUMNS, usual="-seen")})
    return Template(f'{{% load lists %}}{{% sort_head sort "{key}" "Seen" "num" %}}').render(context)


def test_a_head_says_how_it_sorts_and_links_to_the_other_way() -> None:
    assert (
        head("", "seen")
        == '<th scope="col" class="num" aria-sort="descending"><a href="?sort=seen">Seen</a></th>'
    )
    assert head("q=x&page=3&sort=seen", "seen") == (
        '<th scope="col" class="num" aria-sort="ascending"><a href="?q=x">Seen</a></th>'
    )
    assert head("q=x", "name") == '<th scope="col" class="num"><a href="?q=x&amp;sort=name">Seen</a></th>'
    assert 'href="?sort=-seen"' in head("sort=name", "seen")


def test_the_third_click_brings_the_usual_order_back() -> None:
    assert 'href="?sort=-name"' in head("sort=name", "name")
    assert 'href="?q=x"' in head("q=x&sort=-name", "name")


def test_each_filter_has_a_chip_that_takes_it_away() -> None:
    query = asked("q=olive&role=owner&since=1200&page=2&sort=name").GET
    form = PeopleForm(query)
    chips = chips_of(form, form.filters(), query)
    assert [(chip.label, chip.value) for chip in chips] == [
        ("Search", "olive"),
        ("Role", "Owner"),
        ("Since", "1200"),
    ]
    assert chips[0].url == "?role=owner&since=1200&sort=name"
    assert without(query, "q", "role", "since") == "?sort=name"


def line(query: str, tag: str) -> str:
    context = Context({"request": asked(query), "form": PeopleForm(asked(query).GET)})
    return Template(f"{{% load lists %}}{{% {tag} %}}").render(context)


def test_the_file_has_the_rows_of_the_list() -> None:
    assert 'href="/people.csv?q=olive"' in line("q=olive&page=2", 'list_head form 3 csv_url="/people.csv"')
    assert 'href="?format=csv&amp;q=olive"' in line("q=olive", 'list_head form 3 csv_url="?format=csv"')
    assert 'href="?format=csv"' in line("", 'list_head form 3 csv_url="?format=csv"')
    assert "CSV" not in line("", "list_head form 3")


def test_rubbish_is_no_filter_and_has_no_chip() -> None:
    assert "chip" not in line("role=nobody&since=x", "list_head form 3")
