"""What the tests of the pages share."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from agency.models import User
from campaigns.commands import sync

HTMX = {"HX-Request": "true"}
SignIn = Callable[[User], Browser]


def work() -> None:
    """What the workers do with the Commands that wait."""
    sync.sweep_commands(now=timezone.now())


def url(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def token_in(html: str) -> str:
    """The price that a form carries."""
    found = re.search(r'name="quote" value="([^"]+)"', html)
    assert found, html
    return found[1]


def new_key() -> dict[str, str]:
    return {"key": str(uuid4())}


def an_order(**changes: Any) -> dict[str, Any]:
    return {
        **new_key(),
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "USA",
        "videos_quantity": "5",
        "edits_quantity": "0",
        "warming": "none",
        "auto_finalize_videos": "on",
        **changes,
    }


def a_slot(position: int, **changes: Any) -> dict[str, Any]:
    """The fields of one slot's form, with a day that nobody has taken."""
    fields = {
        "video_type": "video",
        "publish_date": (timezone.now().date() + timedelta(days=4 + position)).isoformat(),
        "caption": "New drop #acme",
        "media": "https://cdn.example.com/clip.mp4",
        "ai_content_disclaimer": "no",
        "disclose_as_ads": "on",
        "external_ref": f"acme-spring-2026-usa-{position}",
        "name": "",
        "use": "",
        "version": "0",
        **changes,
    }
    return {f"slot-{position}-{name}": value for name, value in fields.items() if value is not None}
