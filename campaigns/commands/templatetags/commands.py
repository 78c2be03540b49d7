"""What a Command's row says, in the reader's language."""

from django import template

from campaigns.commands import refusals
from campaigns.models import Command

register = template.Library()


@register.filter
def said(command: Command) -> str:
    """Why it is not simply done; empty where there is nothing to say."""
    return refusals.said(command)
