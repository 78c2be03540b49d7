"""Delivered accounts: what they are, and how they and their videos do."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from agency.charts import line_chart
from agency.downloads import csv_download
from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.tables import sort_of
from campaigns.access import visible_account, visible_bundles
from campaigns.analytics import actions, reports
from campaigns.analytics.forms import ACCOUNT_SORTS, DAYS, METRICS, AccountSearchForm, ChartForm
from clients.access import require_editor, visible_clients


@require_safe
def account_list(request: HtmxRequest) -> HttpResponseBase:
    now = timezone.now()
    form = AccountSearchForm(request.GET, clients=visible_clients(request.user))
    visible = reports.visible_accounts(request.user)
    sort = sort_of(request, ACCOUNT_SORTS, usual="-views")
    accounts = sort.order(form.narrow(visible))
    if request.GET.get("format") == "csv":
        return csv_download("accounts", reports.ACCOUNT_COLUMNS, reports.account_rows(accounts))
    context = {
        "form": form,
        "sort": sort,
        "page": page_of(accounts, request),
        "is_empty": not visible.exists(),
        "progress": reports.progress(visible, now=now),
        "now": now,
    }
    return page_or_partial(request, "analytics/account_list.html", "account-table", context)


@require_POST
def account_pull(request: HtmxRequest) -> HttpResponse:
    """Read the figures of all accounts that the filters show, now."""
    require_editor(request.user)
    form = AccountSearchForm(request.GET, clients=visible_clients(request.user))
    accounts = form.narrow(reports.visible_accounts(request.user))
    count = actions.ask_for_figures(accounts=accounts, by=request.user, now=timezone.now())
    sentence = ngettext(
        "Reading the figures of %(count)d account.", "Reading the figures of %(count)d accounts.", count
    )
    messages.success(request, sentence % {"count": count})
    return redirect(f"{request.path.removesuffix('pull/')}?{request.GET.urlencode()}")


@require_safe
def account_detail(request: HtmxRequest, account_id: int) -> HttpResponse:
    account = visible_account(request.user, account_id)
    bundles = visible_bundles(request.user).filter(saved_account=account)  # others may work on it too
    now = timezone.now()
    metric, days = ChartForm(request.GET).chosen()
    today = account.connection.upstream_now(now).date()
    since = today - timedelta(days=int(days)) if days else None
    series = reports.series(account, metric, since=since)
    changes = reports.changes(account, METRICS)
    context = {
        "account": account,
        "campaign": account.campaign,
        "pull": getattr(account, "pull", None),
        "bundles": bundles.defer("raw", "account_listing").order_by("-pk"),
        "changes": [(label, changes[name]) for name, label in METRICS.items()],
        "chart": line_chart({str(METRICS[metric]): series}),
        "metric": metric,
        "metric_name": METRICS[metric],
        "metrics": METRICS,
        "days": days,
        "ranges": DAYS,
        "page": page_of(reports.videos_of(bundles), request),
        "now": now,
        "upstream_now": account.connection.upstream_now(now),
    }
    return page_or_partial(request, "analytics/account_detail.html", "account-figures", context)


@require_POST
def account_refresh(request: HtmxRequest, account_id: int) -> HttpResponse:
    account = visible_account(request.user, account_id)
    require_editor(request.user)
    if actions.ask_for_figures(accounts=[account], by=request.user, now=timezone.now()):
        messages.success(request, _("TokPortal is asked for fresh figures. They appear here by themselves."))
    else:
        messages.error(request, _("A banned account has no figures any more."))
    return redirect("account_detail", account.pk)
