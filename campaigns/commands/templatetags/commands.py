"""What rows say in TokPortal's words or ours, in the reader's language."""

from django import template

from campaigns.commands import refusals
from campaigns.commands.reports import requests
from campaigns.models import Command

register = template.Library()


@register.filter
def said(command: Command) -> str:
    """Why it is not simply done; empty where there is nothing to say."""
    return refusals.said(command)


@register.filter
def video_type(name: str) -> str:
    """`video`, `carousel` or `story`."""
    return requests.video_type(name)
