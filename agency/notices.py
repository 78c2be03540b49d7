"""What the bell shows a person: what needs them, and the long work that is under way for them."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext as _

from agency.models import Connection, User
from campaigns.analytics import reports as analytics
from campaigns.attention import Need, needs
from campaigns.credits import progress as credit_import
from clients.access import visible_clients

COUNT_SECONDS = 60  # how long a count may be old before somebody counts again


@dataclass(frozen=True, slots=True)
class Job:
    """Long work and how far it is. `total` None = nobody knows yet."""

    what: str
    done: int
    total: int | None
    url: str


@dataclass(frozen=True, slots=True)
class Notices:
    needs: list[Need]
    jobs: list[Job]
    upstream_now: datetime  # the clock of the needs


def notices(user: User, *, now: datetime) -> Notices:
    connection = Connection.objects.active()
    upstream_now = connection.upstream_now(now) if connection else now
    clients = {client.pk: client for client in visible_clients(user).active()}
    waiting = needs(clients, connection=connection, now=upstream_now, for_owner=user.is_owner)
    remember_count(user, len(waiting))
    return Notices(waiting, _jobs(user, connection, now), upstream_now)


def _jobs(user: User, connection: Connection | None, now: datetime) -> list[Job]:
    jobs = []
    reading = analytics.progress(analytics.visible_accounts(user), now=now)
    if reading and reading.is_running:
        jobs.append(Job(_("Reading figures"), reading.done, reading.total, reverse("account_list")))
    importing = credit_import.of(connection, now=now) if connection and user.is_owner else None
    if importing and importing.is_under_way:
        what = _("Importing the credit history")
        jobs.append(Job(what, importing.done, importing.total, reverse("credit_list")))
    return jobs


def remember_count(user: User, count: int) -> None:
    cache.set(_key(user), count, COUNT_SECONDS)


def remembered_count(user: User) -> int | None:
    """How many things needed this person when it was last counted; None when that is too long ago."""
    count: int | None = cache.get(_key(user))
    return count


def _key(user: User) -> str:
    return f"notices:{user.pk}"
