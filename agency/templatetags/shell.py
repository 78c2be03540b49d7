"""The frame of every page: navigation, credit meter, troubles, and how long ago something was."""

from dataclasses import dataclass
from datetime import datetime

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from redis import RedisError

from agency import heartbeats
from agency.models import Connection, User
from agency.times import age, clock_difference
from campaigns.ledger import reports as ledger
from campaigns.models import Bundle, Command, Platform, Video
from campaigns.states import Pill, bundle_pill, command_pill, video_pill
from clients.models import Client

register = template.Library()

# Heading, label, URL name, for owners only.
NAVIGATION = (
    ("", "Today", "today", False),
    ("", "Clients", "client_list", False),
    ("", "Campaigns", "campaign_list", False),
    ("", "Bundles", "bundle_list", False),
    ("", "Orders", "command_list", False),
    ("", "Accounts", "account_list", False),
    ("Money", "Credits", "credit_list", True),
    ("Money", "Reports", "report_list", False),
    ("Agency", "Operations", "operations", True),
    ("Agency", "Events", "event_list", True),
    ("Agency", "People", "people", True),
    ("Agency", "Settings", "settings", True),
)
# Pages whose address stands below another entry's → the entry that they belong to.
UNDER = {"client_report": "report_list"}


@dataclass(frozen=True, slots=True)
class Entry:
    heading: str  # of the group that begins here, else empty
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the agency's work stands still, and what becomes of it."""

    tone: str
    what: str
    then: str
    url: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    client: Client | None  # whose page this is
    navigation: list[Entry]
    troubles: list[Trouble]
    pool: ledger.Pool | None

    @property
    def free(self) -> int:
        """Credits that nobody holds, never below zero: the width of the meter's first part."""
        return max(self.pool.available or 0, 0) if self.pool else 0


@register.simple_tag(takes_context=True)
def shell(context: Context) -> Shell:
    """What the frame shows. Two queries where the page has not asked them already, and one question to Redis."""
    request = context["request"]
    connection, pool = context.get("connection"), context.get("pool")
    if not isinstance(connection, Connection) or not connection.is_active:
        connection = Connection.objects.active()
    if connection and not isinstance(pool, ledger.Pool):
        pool = ledger.pool(connection)
    return Shell(
        client=_client_of(context),
        navigation=_navigation(request.user, _place(request)),
        troubles=_troubles(request.user, connection, timezone.now()),
        pool=pool if connection else None,
    )


def _client_of(context: Context) -> Client | None:
    """A page about a client, a campaign or a bundle has that in its context."""
    bundle, campaign, client = (context.get(name) for name in ("bundle", "campaign", "client"))
    found = client or getattr(campaign or getattr(bundle, "campaign", None), "client", None)
    return found if isinstance(found, Client) else None


def _place(request: HttpRequest) -> str:
    """The address that says where in the navigation the page is."""
    page = request.resolver_match.url_name if request.resolver_match else None
    return reverse(UNDER[page]) if page in UNDER else request.path


def _navigation(user: User, path: str) -> list[Entry]:
    entries: list[Entry] = []
    heading = ""
    for group, label, name, for_owners in NAVIGATION:
        if for_owners and not user.is_owner:
            continue
        url = reverse(name)
        is_current = path == url if url == "/" else path.startswith(url)
        entries.append(Entry(group if group != heading else "", label, url, is_current))
        heading = group
    return entries


def _troubles(user: User, connection: Connection | None, now: datetime) -> list[Trouble]:
    settings_link = {"url": reverse("settings"), "link": "Open settings"} if user.is_owner else {}
    troubles = []
    if connection is None or not connection.api_key:
        then = (
            "Clients and campaigns can be prepared; prices and orders need the API key that an owner enters."
        )
        troubles.append(Trouble("info", "TokPortal is not connected yet.", then, **settings_link))
    elif connection.key_refused_at:
        then = "Nothing is sent or charged until an owner enters a valid one. Orders wait."
        troubles.append(Trouble("bad", "TokPortal refuses the API key.", then, **settings_link))
    elif connection.trouble:
        since = (
            f" since {age(connection.trouble_at, now).removesuffix(' ago')}" if connection.trouble_at else ""
        )
        then = f"It has been so{since}. Figures may be old; orders wait and are sent by themselves, once."
        troubles.append(Trouble("wait", connection.trouble, then))
    try:
        missing = heartbeats.missing()
    except RedisError:
        then = "Orders are kept and sent when it is back. Tell whoever runs this dashboard."
        return [*troubles, Trouble("bad", "The queue cannot be reached.", then)]
    if missing:
        then = "Orders are kept and sent as soon as it runs again. Tell whoever runs this dashboard."
        what = "No worker is at work." if len(missing) == 3 else f"Not at work: {', '.join(missing)}."
        troubles.append(Trouble("wait", what, then))
    return troubles


register.filter("age", age)
register.filter("clock_difference", clock_difference)


@register.filter
def platform_name(platform: str) -> str:
    """`TikTok` for `tiktok`; a platform that we do not know is shown as TokPortal calls it."""
    return Platform(platform).label if platform in Platform else platform


@register.filter
def state_pill(row: Bundle | Command | Video) -> Pill:
    """The human state of a mirrored row or a Command."""
    if isinstance(row, Command):
        return command_pill(row)
    return video_pill(row) if isinstance(row, Video) else bundle_pill(row)
