"""The part of a result that was looked for, marked."""

import re
from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from agency.search import Text, excerpt

register = template.Library()


@register.filter
def marked(text: str, sought: Text) -> SafeString:
    """The part of `text` in which the first word stands, with each word that was typed in a <mark>."""
    words = sought.words
    shown = excerpt(str(text), words)
    if not words:
        return format_html("{}", shown)
    return format_html_join("", "{}", ((piece,) for piece in _pieces(shown, words)))


def _pieces(text: str, words: Sequence[str]) -> list[str]:
    pattern = "|".join(re.escape(word.lstrip("@#")) for word in words if word.lstrip("@#"))
    if not pattern:
        return [text]
    # split() with a group gives the text between two finds and the finds in turns.
    return [
        format_html("<mark>{}</mark>", piece) if place % 2 else piece
        for place, piece in enumerate(re.split(f"({pattern})", text, flags=re.IGNORECASE))
    ]
