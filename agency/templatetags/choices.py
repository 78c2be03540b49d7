"""The options of a drop-down, drawn without a template: lists of all clients and campaigns are on many pages."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def options(choices: Iterable[dict[str, Any]]) -> SafeString:
    """The `option` elements of one group of a Select's `optgroups`."""
    # By hand: format_html takes three times as long, which shows at three hundred options.
    drawn = (
        f'<option value="{escape(row["value"])}"{flatatt(row["attrs"]) if row["attrs"] else ""}>'
        f"{conditional_escape(row['label'])}</option>"
        for row in choices
    )
    return SafeString("\n".join(drawn))
