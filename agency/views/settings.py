"""The settings of the agency, for owners: the way to TokPortal, its prices, its webhooks."""

from dataclasses import dataclass

from django.conf import settings as configuration
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from agency import connection_actions
from agency.approval_forms import ApprovalRuleForm
from agency.bell import ring
from agency.connection_forms import ConnectionForm
from agency.formats import number
from agency.forms import CommandForm
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tokportal import CreditCosts, Refused, TokPortalError
from campaigns.commands import refusals
from campaigns.commands.actions import CannotSend
from campaigns.events import actions as events
from campaigns.events import endpoint, reports, tasks
from campaigns.ledger import actions as ledger
from campaigns.ledger.reports import approval_rule
from campaigns.models.mirror import platform_name
from clients.access import require_owner

# TokPortal's names of what has a price, in words of ours; one that is new is shown as TokPortal spells it.
PRICE_NAMES = {
    "account_creation": gettext_noop("Account creation"),
    "account_edit": gettext_noop("Account edit"),
    "ad_code": gettext_noop("Ad code"),
    "advanced_warming": gettext_noop("Advanced warming"),
    "comment_task": gettext_noop("Comment task"),
    "coverage_period": gettext_noop("Coverage period"),
    "deep_warming": gettext_noop("Deep warming"),
    "edit_slot": gettext_noop("Edit slot"),
    "moderation": gettext_noop("Moderation"),
    "niche_warming": gettext_noop("Niche warming"),
    "sound_volume": gettext_noop("Sound volume"),
    "story_repost": gettext_noop("Story repost"),
    "video_archive": gettext_noop("Video archive"),
    "video_edit": gettext_noop("Video edit"),
    "video_slot": gettext_noop("Video slot"),
    "video_upload": gettext_noop("Video upload"),
}


@dataclass(frozen=True, slots=True)
class Price:
    """One line of TokPortal's price list, in whole credits."""

    name: str
    credits: str


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    connection = Connection.objects.active()
    form = ConnectionForm(
        request.POST or None, connection=connection, base_url=configuration.TOKPORTAL_BASE_URL
    )
    if form.is_valid():
        try:
            connected = connection_actions.connect(now=timezone.now(), **form.cleaned_data)
        except connection_actions.CannotConnect as refusal:
            form.add_error(None, str(refusal))
        else:
            ring(tasks.refresh_reference, is_forced=True)
            ring(tasks.sweep_lists)
            if connection and connected.pk != connection.pk:
                messages.warning(
                    request,
                    _("This is another workspace: it has books of its own, and the one before is kept."),
                )
            messages.success(request, _("TokPortal answers, and the key is good."))
            return redirect("settings")
    return _page(request, connection, form)


@require_POST
def settings_dry_runs(request: HtmxRequest) -> HttpResponse:
    connection = _connection(request)
    if request.POST.get("trust") == "yes":
        connection_actions.trust_dry_runs(connection=connection)
        messages.success(request, _("Prices are asked by dry run again."))
    else:
        connection_actions.distrust_dry_runs(connection=connection)
        messages.success(request, _("Prices are estimates from the price list now, and labelled so."))
    return redirect("settings")


@require_POST
def settings_reference(request: HtmxRequest) -> HttpResponse:
    _connection(request)
    ring(tasks.refresh_reference, is_forced=True)
    messages.success(request, _("Prices, countries and the balance are being read."))
    return redirect("settings")


@require_POST
def settings_webhook(request: HtmxRequest) -> HttpResponse:
    """Set the webhooks up, or replace the endpoint: the one before stays valid until the new one is there."""
    connection = _connection(request)
    form = CommandForm(request.POST)
    if form.is_valid():
        try:
            offered = endpoint.offered_kinds(connection)
            events.set_up_webhook(
                connection=connection,
                by=request.user,
                key=form.cleaned_data["key"],
                offered=offered,
                now=timezone.now(),
            )
        except Refused as error:
            messages.error(request, refusals.sentence(error))
        except TokPortalError:
            messages.error(
                request, _("TokPortal does not answer. Nothing was changed; try again in a minute.")
            )
        except CannotSend as refusal:
            messages.error(request, str(refusal))
    return redirect("settings")


@require_POST
def settings_webhook_test(request: HtmxRequest) -> HttpResponse:
    connection = _connection(request)
    if connection.webhook_endpoint_id:
        events.test_webhook(connection=connection, now=timezone.now())
    return redirect("settings")


@require_POST
def settings_webhook_remove(request: HtmxRequest) -> HttpResponse:
    events.remove_webhook(connection=_connection(request))
    messages.success(request, _("Webhooks are off. Pages follow TokPortal every ten minutes."))
    return redirect("settings")


@require_POST
def settings_approvals(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    form = ApprovalRuleForm(request.POST)
    if form.is_valid():
        limit = form.cleaned_data["approval_limit"]
        ledger.set_approval_rule(client=None, credits=limit)
        said = (
            _("One person is enough for an order from now on.")
            if limit is None
            else _("Orders above %(credits)s credits need a second person from now on.")
            % {"credits": number(limit)}
        )
        messages.success(request, said)
    else:
        messages.error(request, _("The limit is a whole number of credits, or empty."))
    return redirect("settings")


def _connection(request: HtmxRequest) -> Connection:
    """The buttons of this page are drawn only where there is one."""
    require_owner(request.user)
    connection = Connection.objects.active()
    if connection is None:
        raise Http404("TokPortal is not connected.")
    return connection


def _page(request: HtmxRequest, connection: Connection | None, form: ConnectionForm) -> HttpResponse:
    now = timezone.now()
    context: dict[str, object] = {
        "connection": connection,
        "form": form,
        "now": now,
        "approvals": ApprovalRuleForm(initial={"approval_limit": approval_rule(client=None)}),
    }
    if connection:
        state = reports.webhook_state(connection, now=now)
        test = reports.test_state(connection, now=now) if connection.webhook_endpoint_id else None
        context |= {
            "upstream_now": connection.upstream_now(now),
            "prices": price_list(connection),
            "others": Connection.objects.filter(is_active=False).order_by("-pk"),
            "webhook": state,
            "test": test,
            "is_settling": state.is_settling or bool(test and test.is_settling),
            "forgeries": reports.forgeries_today(connection, now=now),
            "missing_kinds": reports.missing_kinds(connection),
            "webhook_form": CommandForm(),
        }
    status = 422 if form.is_bound else 200
    partial = "connection-form" if form.is_bound else "webhooks"
    return page_or_partial(request, "agency/settings.html", partial, context, status=status)


def price_list(connection: Connection) -> list[Price]:
    """TokPortal's prices as lines; a price by platform is one line each."""
    lines = []
    for name, cost in CreditCosts.from_json(connection.prices or {}).costs.items():
        words = _(PRICE_NAMES[name]) if name in PRICE_NAMES else name.replace("_", " ").capitalize()
        if isinstance(cost, dict):
            lines += [
                Price(f"{words}, {platform_name(key)}", str(value))
                for key, value in cost.items()
                if _is_price(value)
            ]
        elif _is_price(cost):
            lines.append(Price(words, str(cost)))
    return lines


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
