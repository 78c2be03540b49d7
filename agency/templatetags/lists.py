"""Heads of columns that sort, and the line above a list: what is filtered, how many rows, the same as a file."""

from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agency.forms import SearchForm
from agency.tables import Sort, chips_of, without

register = template.Library()


@register.simple_tag(takes_context=True)
def sort_head(context: Context, sort: Sort, key: str, label: str, css: str = "") -> SafeString:
    """The `th` of a column that the list can be sorted by. It links to the same list, sorted, from page one."""
    query = context["request"].GET.copy()
    for name in ("page", "sort"):
        query.pop(name, None)
    if link := sort.link(key):
        query["sort"] = link
    state = sort.state(key)
    return format_html(
        '<th scope="col"{}{}><a href="?{}">{}</a></th>',
        format_html(' class="{}"', css) if css else "",
        format_html(' aria-sort="{}"', state) if state else "",
        query.urlencode(),
        label,
    )


@register.inclusion_tag("components/list_head.html", takes_context=True)
def list_head(
    context: Context, form: SearchForm, count: int, csv_url: str = "", sort: Sort | None = None
) -> dict[str, Any]:
    """`csv_url`: an address of its own, which gets the same query; or `?format=csv` for the list's own."""
    query = context["request"].GET
    filters = form.filters()
    if csv_url:
        rest = without(query).removeprefix("?")
        csv_url = (
            "&".join(part for part in (csv_url, rest) if part) if "?" in csv_url else f"{csv_url}?{rest}"
        )
    return {
        "count": count,
        "chips": chips_of(form, filters, query),
        "clear_url": without(query, *filters),
        "sort": sort.asked if sort else "",
        "csv_url": csv_url,
    }
