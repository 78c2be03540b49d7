"""The options of a drop-down, drawn without a template: lists of all clients and campaigns are on many pages."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def options(choices: Iterable[dict[str, Any]]) -> SafeString:
    """The `option` elements of one group of a Select's `optgroups`."""
    return format_html_join(
        "\n",
        '<option value="{}"{}>{}</option>',
        ((row["value"], flatatt(row["attrs"]) if row["attrs"] else "", row["label"]) for row in choices),
    )
