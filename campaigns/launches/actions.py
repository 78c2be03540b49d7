"""What people ask about launches: launch in several countries, and go on with one that has stopped.

Nothing is sent here: the lines are written, and the bell rings for the chain. `now` is machine time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from agency.bell import ring
from agency.models import Connection, User
from campaigns.commands.actions import CannotSend
from campaigns.commands.quotes import Quote
from campaigns.launches import tasks
from campaigns.launches.chain import RELATED, rows_of
from campaigns.launches.models import Launch, LaunchLine, LaunchPost, Step
from campaigns.launches.steps import Dot, Mark, current, dots
from campaigns.models import Campaign, Post


@dataclass(frozen=True, slots=True)
class Country:
    """What a person wants in one market of a launch."""

    country: str
    platform: str
    body: Mapping[str, Any]
    quote: Quote
    profile: Mapping[str, str] = field(default_factory=dict)
    posts: Sequence[Post] = ()


def launch(
    *,
    campaign: Campaign,
    connection: Connection,
    by: User,
    key: UUID,
    countries: Sequence[Country],
    publishes: bool,
    now: datetime,
) -> Launch:
    """Order in each country, and carry each on by itself. The same key again gives the launch of the first time.

    What one country's order is refused for says its line; the others go on.
    """
    with transaction.atomic():
        asked = {
            "campaign": campaign,
            "connection": connection,
            "asked_by": by,
            "asked_at": connection.upstream_now(now),
            "publishes": publishes,
        }
        row, is_new = Launch.objects.get_or_create(key=key, defaults=asked)
        if is_new:
            for country in countries:
                _add_line(row, country)
            ring(tasks.advance_launch, launch_id=row.pk)
    return row


def _add_line(launch: Launch, country: Country) -> None:
    line = LaunchLine.objects.create(
        launch=launch,
        country=country.country,
        platform=country.platform,
        body=dict(country.body),
        profile=dict(country.profile),
        quote=_kept(country.quote),
    )
    LaunchPost.objects.bulk_create(
        LaunchPost(line=line, post=post, position=position) for position, post in enumerate(country.posts, 1)
    )


def _kept(quote: Quote) -> dict[str, Any]:
    return {
        "credits": quote.credits,
        "breakdown": dict(quote.breakdown),
        "at": quote.at.isoformat(),
        "is_estimate": quote.is_estimate,
    }


def where_it_stopped(line: LaunchLine, *, now: datetime) -> Dot | None:
    """The step that waits for a person's word, if one does."""
    today = line.launch.connection.upstream_now(now).date()
    dot = current(dots(line, rows_of(line), today=today))
    return dot if dot and dot.mark == Mark.STOPPED else None


def go_on(*, line: LaunchLine, now: datetime, quote: Quote | None = None) -> None:
    """Take the step that had stopped once more. An order needs today's price, which a person has seen.

    Raises CannotSend where it does not wait for that (any more).
    """
    with transaction.atomic():
        row = LaunchLine.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=line.pk)
        stopped = where_it_stopped(row, now=now)
        if stopped is None or (stopped.step == Step.ORDER and quote is None):
            raise CannotSend(_("It has gone on meanwhile. Look at its page again."))
        again: dict[str, Any] = {"stopped_at_step": "", "stopped_because": ""}
        if stopped.step != Step.READY:
            again[str(stopped.step)] = None
        if quote and stopped.step == Step.ORDER:
            again["quote"] = _kept(quote)
        LaunchLine.objects.filter(pk=row.pk).update(**again)
        ring(tasks.advance_launch, launch_id=row.launch_id)
