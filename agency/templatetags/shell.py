"""The frame of every page: navigation, credit meter, troubles, and how long ago something was."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django import template
from django.db.models import Q
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from redis import RedisError

from agency import heartbeats
from agency.formats import moment
from agency.formats import time as clock
from agency.models import Connection, User
from agency.notices import remember_count, remembered_count
from agency.run import HEARTBEAT_KEYS
from agency.scope import client_of_filters
from agency.times import age, clock_difference
from campaigns.ledger import reports as ledger
from campaigns.models import Bundle, Campaign, Command, Platform, Stop, Video
from campaigns.models.stop import any_stop_stands
from campaigns.states import Pill, bundle_pill, command_pill, video_pill
from clients.models import Client

register = template.Library()

# Heading, label, icon, URL name, for owners only.
NAVIGATION = (
    ("", _("Today"), "today", "today", False),
    ("", _("Clients"), "clients", "client_list", False),
    ("", _("Campaigns"), "campaigns", "campaign_list", False),
    ("", _("Bundles"), "bundles", "bundle_list", False),
    ("", _("Orders"), "orders", "command_list", False),
    ("", _("Accounts"), "accounts", "account_list", False),
    (_("Money"), _("Credits"), "credits", "credit_list", True),
    (_("Money"), _("Reports"), "reports", "report_list", False),
    (_("Agency"), _("Operations"), "operations", "operations", True),
    (_("Agency"), _("Events"), "events", "event_list", True),
    (_("Agency"), _("People"), "people", "people", True),
    (_("Agency"), _("Settings"), "settings", "settings", True),
)
# Pages whose address stands below another entry's → the entry that they belong to.
UNDER = {"client_report": "report_list"}
NARROW_COOKIE = ("sidebar", "narrow")  # written by static/js/shell.js


@dataclass(frozen=True, slots=True)
class Entry:
    heading: str  # of the group that begins here, else empty
    label: str
    icon: str
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
    needs_count: int | None  # None = nobody has counted lately
    is_narrow: bool  # the sidebar shows icons alone

    @property
    def free(self) -> int:
        """Credits that nobody holds, never below zero: the width of the meter's first part."""
        return max(self.pool.available or 0, 0) if self.pool else 0


@register.simple_tag(takes_context=True)
def shell(context: Context) -> Shell:
    """What the frame shows. Two queries where the page has not asked them already, and three questions to Redis.

    A list that is narrowed to a client costs a third query, and so does a stop that stands.
    """
    request = context["request"]
    connection, pool = context.get("connection"), context.get("pool")
    if not isinstance(connection, Connection) or not connection.is_active:
        connection = Connection.objects.defer("prices", "countries", "platforms").active()  # long, not shown
    if connection and not isinstance(pool, ledger.Pool):
        pool = ledger.pool(connection)
    name, value = NARROW_COOKIE
    return Shell(
        client=page_client(context) or client_of_filters(request, request.user),
        navigation=_navigation(request.user, _place(request)),
        troubles=[
            *_stops(context, request.user, timezone.now()),
            *_troubles(request.user, connection, timezone.now()),
        ],
        pool=pool if connection else None,
        needs_count=_needs_count(context),
        is_narrow=request.COOKIES.get(name) == value,
    )


@register.simple_tag
def drawn_once(name: str, for_owners: bool) -> SafeString:
    """A part of the frame that depends on nothing but the language and on who is asking: drawn once a process."""
    return _drawn(name, get_language(), for_owners=for_owners)


@cache
def _drawn(name: str, language: str, *, for_owners: bool) -> SafeString:
    return render_to_string(name, {"for_owners": for_owners})


@register.simple_tag(takes_context=True)
def page_client(context: Context) -> Client | None:
    """Whose page this is: one about a client, a campaign, a bundle or an order has that in its context."""
    about = (context.get(name) for name in ("client", "campaign", "bundle", "command"))
    for row in about:
        own = row if isinstance(row, Client) else getattr(row, "client", None)
        found = own or getattr(getattr(row, "campaign", None), "client", None)
        if isinstance(found, Client):
            return found
    return None


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """A drawing of static/icons.svg. It says nothing to a screen reader: words stand beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name
    )


def _needs_count(context: Context) -> int | None:
    """The count of the bell: on Today that of the page itself, elsewhere as it was last counted."""
    request = context["request"]
    if request.resolver_match and request.resolver_match.url_name == "today":
        remember_count(request.user, context["needs_total"])
    return remembered_count(request.user)


def _place(request: HttpRequest) -> str:
    """The address that says where in the navigation the page is."""
    page = request.resolver_match.url_name if request.resolver_match else None
    return reverse(UNDER[page]) if page in UNDER else request.path


def _navigation(user: User, path: str) -> list[Entry]:
    entries: list[Entry] = []
    heading = ""
    for group, label, symbol, url, for_owners in _addressed():
        if for_owners and not user.is_owner:
            continue
        is_current = path == url if url == "/" else path.startswith(url)
        own_heading = str(group) if group else ""
        entries.append(
            Entry(own_heading if own_heading != heading else "", str(label), symbol, url, is_current)
        )
        heading = own_heading
    return entries


@cache
def _addressed() -> tuple[tuple[str | Promise, str | Promise, str, str, bool], ...]:
    """NAVIGATION with addresses for names: they never change, and every page asks for them."""
    return tuple(
        (group, label, symbol, reverse(name), owners) for group, label, symbol, name, owners in NAVIGATION
    )


def _stops(context: Context, user: User, now: datetime) -> Iterator[Trouble]:
    """What a person has stopped and this page is about: everything, its client, its campaign."""
    if not any_stop_stands():
        return
    client, campaign = page_client(context), _page_campaign(context)
    standing = Stop.objects.standing().filter(Q(client=None) | Q(client=client))
    if campaign:
        standing = standing.filter(Q(campaign=None) | Q(campaign=campaign))
    for stop in standing.select_related("client", "campaign", "stopped_by").order_by("pk"):
        about = {"scope": stop.campaign or stop.client}
        what = gettext("Sending is stopped for %(scope)s.") % about if stop.client_id else ""
        then = gettext(
            "%(who)s stopped it %(age)s: “%(reason)s”. New orders wait and hold their credits."
        ) % {
            "who": stop.stopped_by.name,
            "age": age(stop.stopped_at, now),
            "reason": stop.reason,
        }
        yield Trouble(
            "bad",
            what or gettext("Sending is stopped for everything."),
            then,
            stop.get_absolute_url(),
            gettext("See what waits"),
        )


def _page_campaign(context: Context) -> Campaign | None:
    own = context.get("campaign")
    if isinstance(own, Campaign):
        return own
    about = (context.get(name) for name in ("bundle", "command"))
    found = (getattr(row, "campaign", None) for row in about)
    return next((campaign for campaign in found if isinstance(campaign, Campaign)), None)


def _troubles(user: User, connection: Connection | None, now: datetime) -> list[Trouble]:
    settings_link = {"url": reverse("settings"), "link": gettext("Open settings")} if user.is_owner else {}
    troubles = []
    if connection is None or not connection.api_key:
        what = gettext("TokPortal is not connected yet.")
        then = gettext(
            "Clients and campaigns can be prepared; prices and orders need the API key that an owner enters."
        )
        troubles.append(Trouble("info", what, then, **settings_link))
    elif connection.key_refused_at:
        what = gettext("TokPortal refuses the API key.")
        then = gettext(
            "It has done so since %(time)s. Nothing is sent or charged until it takes the key again, or an owner"
            " enters a valid one. Orders wait."
        ) % {"time": moment(connection.key_refused_at)}
        troubles.append(Trouble("bad", what, f"{then} {_next_try(connection)}", **settings_link))
    elif connection.trouble:
        then = gettext("Figures may be old; orders wait and are sent by themselves, once.")
        if connection.trouble_at:
            length = timesince(connection.trouble_at, now, depth=1)
            then = gettext("It has been so for %(length)s.") % {"length": length} + " " + then
        if connection.paused_at:
            then = f"{then} {_next_try(connection)}"
        troubles.append(Trouble("wait", gettext(connection.trouble), then))
    if connection and connection.cooling_until and connection.cooling_until > now:
        what = gettext("TokPortal's capacity for orders is cooling down.")
        then = gettext(
            "Orders and publications wait until %(time)s and leave by themselves. Nothing was charged for them."
        )
        troubles.append(Trouble("wait", what, then % {"time": moment(connection.cooling_until)}))
    try:
        missing = heartbeats.missing()
    except RedisError:
        what = gettext("The queue cannot be reached.")
        then = gettext("Orders are kept and sent when it is back. Tell whoever runs this dashboard.")
        return [*troubles, Trouble("bad", what, then)]
    if missing:
        then = gettext("Orders are kept and sent as soon as it runs again. Tell whoever runs this dashboard.")
        what = gettext("Not at work: %(names)s.") % {"names": ", ".join(missing)}
        if len(missing) == len(HEARTBEAT_KEYS):
            what = gettext("No worker is at work.")
        troubles.append(Trouble("wait", what, then))
    return troubles


def _next_try(connection: Connection) -> str:
    if connection.next_probe_at is None:
        return ""
    return gettext("TokPortal is asked again at %(time)s.") % {"time": clock(connection.next_probe_at)}


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
