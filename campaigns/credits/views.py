"""The pool's books: the ledger, what belongs to nobody yet, and one entry. For owners alone."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from agency.downloads import csv_download
from agency.formats import signed
from agency.forms import ROWS_PER_PAGE, page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import Connection
from agency.tables import Column, Sort, sort_of
from campaigns.credits import actions, checks, progress, reports
from campaigns.credits.access import visible_entry
from campaigns.credits.forms import (
    MOST_PARTS,
    NOBODY_IN_PARTICULAR,
    BasePartFormSet,
    ChosenForm,
    EntrySearchForm,
    LedgerSearchForm,
    PartFormSet,
    ReasonForm,
    TakeBackForm,
)
from campaigns.ledger.actions import Part, WrongAllocation
from campaigns.ledger.models import Allocation, CreditEntry
from campaigns.ledger.months import months_between
from campaigns.models import Bundle, Campaign, Command
from clients.access import require_owner
from clients.models import Client

LIST, UNASSIGNED, ENTRY = (
    "credits/credit_list.html",
    "credits/credit_unassigned.html",
    "credits/credit_entry.html",
)
SORTS = {
    "when": Column(("created_at",), most_first=True),
    "credits": Column(("amount", "-created_at")),  # what was spent first, the most of it on top
}
CSV_COLUMNS = (
    "created_at",
    "tokportal_id",
    "type",
    "description",
    "amount",
    "balance_after",
    "part",
    "owner",
    "client",
    "campaign",
    "bundle_ref",
    "rule",
)


@require_safe
def credit_list(request: HtmxRequest) -> HttpResponse:
    """The whole ledger with its proof. While an import runs, its bar asks for itself."""
    require_owner(request.user)
    connection = Connection.objects.active()
    now = timezone.now()
    if connection is None:
        return render(request, LIST, {"connection": None, "now": now})
    context: dict[str, Any] = {
        "connection": connection,
        "now": now,
        "import": progress.of(connection, now=now),
    }
    if request.htmx and request.htmx.target == "import-progress":
        return page_or_partial(request, LIST, "import-progress", context)
    proof = checks.proof(connection)
    use = reports.pool_use(connection, closing=proof.chain.closing)
    form = _search(request, connection, proof, LedgerSearchForm)
    sort = sort_of(request, SORTS, usual="-when")
    context |= {
        "proof": proof,
        "use": use,
        "unassigned": connection.credit_entries.unassigned().count(),
        "form": form,
        "sort": sort,
        "page": _ledger_page(request, connection, form, sort, entries=proof.chain.entries),
    }
    return page_or_partial(request, LIST, "ledger-table", context)


def _search(
    request: HtmxRequest,
    connection: Connection,
    proof: checks.Proof,
    form: type[EntrySearchForm],
) -> EntrySearchForm:
    months = months_between(proof.chain.oldest_at, proof.chain.newest_at)
    return form(request.GET, types=reports.types(connection), months=months)


def _ledger_page(
    request: HtmxRequest, connection: Connection, form: EntrySearchForm, sort: Sort, *, entries: int
) -> Page[CreditEntry]:
    """The page that `?page=` names. All entries were counted for the proof: they are not counted again."""
    paginator = Paginator(sort.order(form.narrow(reports.ledger(connection))), ROWS_PER_PAGE)
    if not form.filters():
        paginator.count = entries
    return paginator.get_page(request.GET.get("page"))


@require_safe
def credit_csv(request: HtmxRequest) -> HttpResponseBase:
    """The ledger as it is filtered, newest first: a row for each part of an entry."""
    require_owner(request.user)
    connection = Connection.objects.active()
    if connection is None:
        return redirect("credit_list")
    proof = checks.proof(connection)
    entries = _search(request, connection, proof, LedgerSearchForm).narrow(reports.ledger(connection))

    def rows() -> Iterator[tuple[object, ...]]:
        for entry in entries.iterator(chunk_size=1000):
            facts = (
                entry.created_at,
                entry.upstream_id,
                entry.type,
                entry.description,
                entry.amount,
                entry.balance_after,
            )
            for made in entry.allocations.all() or (None,):
                yield (*facts, *_owner_cells(made))

    return csv_download("credits", CSV_COLUMNS, rows())


def _owner_cells(made: Allocation | None) -> tuple[object, ...]:
    if made is None:
        return ("", "unassigned", "", "", "", "")
    return (
        made.amount,
        made.owner,
        made.client.slug if made.client else "",
        made.campaign.name if made.campaign else "",
        made.bundle.external_ref if made.bundle else "",
        made.rule,
    )


@require_POST
def credit_import(request: HtmxRequest) -> HttpResponse:
    """Read the history now; `full` reads it from its first entry on."""
    require_owner(request.user)
    connection = Connection.objects.active()
    if connection is not None:
        full = bool(request.POST.get("full"))
        actions.request_import(connection=connection, full=full, now=timezone.now())
    return redirect("credit_list")


@require_safe
def credit_unassigned(request: HtmxRequest) -> HttpResponse:
    """Entries that belong to nobody yet, the oldest first, each with its best guess."""
    require_owner(request.user)
    connection = Connection.objects.active()
    if connection is None:
        return redirect("credit_list")
    proof = checks.proof(connection)
    form = _search(request, connection, proof, EntrySearchForm)
    unassigned = connection.credit_entries.unassigned()
    sort = sort_of(request, SORTS, usual="when")
    page = page_of(sort.order(form.narrow(unassigned)), request)
    guesses = reports.suggestions(connection, list(page))
    context = {
        "form": form,
        "sort": sort,
        "chosen": ChosenForm(entries=unassigned),
        "owners": _owners() if page else [],
        "page": page,
        "rows": [(entry, guesses[entry.pk]) for entry in page],
        "left": unassigned.aggregate(n=Count("pk"), credits=Sum("amount")),
        "now": timezone.now(),
    }
    return page_or_partial(request, UNASSIGNED, "unassigned-table", context)


@require_POST
def credit_assign_chosen(request: HtmxRequest) -> HttpResponse:
    """Give the chosen entries to one owner, all or none. Goes back to the list as it was filtered."""
    require_owner(request.user)
    connection = Connection.objects.active()
    if connection is None:
        return redirect("credit_list")
    form = ChosenForm(request.POST, entries=connection.credit_entries.unassigned())
    if form.is_valid():
        entries = list(form.cleaned_data["entries"])
        owner, client, campaign = form.cleaned_data["whose"]
        try:
            actions.assign_all(
                entries=entries,
                owner=owner,
                client=client,
                campaign=campaign,
                by=request.user,
                now=timezone.now(),
            )
        except WrongAllocation as refusal:
            messages.error(request, str(refusal))
        else:
            credits = sum(entry.amount for entry in entries)
            sentence = ngettext(
                "%(entries)s entry of %(credits)s credits has its owner.",
                "%(entries)s entries of %(credits)s credits in sum have their owner.",
                len(entries),
            )
            messages.success(request, sentence % {"entries": len(entries), "credits": signed(credits)})
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect(f"{reverse('credit_unassigned')}?{request.GET.urlencode()}")


@require_safe
def credit_entry(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """One entry: what TokPortal says, whose it was and is, and whose it could be."""
    entry = visible_entry(request.user, entry_id)
    asked = request.GET.get("parts", "1")
    parts = min(max(int(asked), 1), MOST_PARTS) if asked.isdecimal() and len(asked) < 4 else 1
    formset = PartFormSet(entry=entry, initial=[{} for _part in range(parts)], prefix="parts")
    return _entry_page(request, entry, formset=formset, reason=ReasonForm(prefix="assign"))


@require_POST
def credit_assign(request: HtmxRequest, entry_id: int) -> HttpResponse:
    entry = visible_entry(request.user, entry_id)
    formset = PartFormSet(request.POST, entry=entry, prefix="parts")
    reason = ReasonForm(request.POST, prefix="assign")
    if formset.is_valid() and reason.is_valid():
        try:
            actions.assign(
                entry=entry, parts=formset.parts(), by=request.user, now=timezone.now(), **reason.cleaned_data
            )
        except WrongAllocation as refusal:
            reason.add_error(None, str(refusal))
        else:
            messages.success(request, _owned(entry))
            return redirect("credit_entry", entry.pk)
    return _entry_page(request, entry, formset=formset, reason=reason, status=422)


@require_POST
def credit_accept(request: HtmxRequest, entry_id: int) -> HttpResponse:
    """A suggestion is right: `choice` is command:…, bundle:… or owner:…"""
    entry = visible_entry(request.user, entry_id)
    kind, _colon, what = request.POST.get("choice", "").partition(":")
    now = timezone.now()
    try:
        if kind == "command":
            command = Command.objects.select_related("client", "campaign", "bundle").get(pk=what)
            actions.assign_to_command(entry=entry, command=command, by=request.user, now=now)
        else:
            part = _part_of(entry, kind, what)
            actions.assign(entry=entry, parts=[part], by=request.user, now=now)
    except WrongAllocation as refusal:
        messages.error(request, str(refusal))
    except (ValueError, Command.DoesNotExist, Bundle.DoesNotExist):
        messages.error(request, _("That suggestion is gone. Nothing was assigned; look at the entry again."))
    else:
        messages.success(request, _owned(entry))
    following = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
    return redirect(following) if is_ours else redirect("credit_entry", entry.pk)


def _part_of(entry: CreditEntry, kind: str, what: str) -> Part:
    if kind == "bundle":
        bundle = Bundle.objects.select_related("campaign__client").get(pk=what)
        if bundle.campaign is None:
            raise WrongAllocation(_("That bundle belongs to no campaign yet: claim it first."))
        campaign = bundle.campaign
        return Part(entry.amount, Allocation.Owner.CLIENT, campaign.client, campaign, bundle)
    if kind != "owner" or what not in {
        Allocation.Owner.SHARED,
        Allocation.Owner.AGENCY,
        Allocation.Owner.POOL,
    }:
        raise ValueError(what)
    return Part(entry.amount, what)


@require_POST
def credit_take_back(request: HtmxRequest, entry_id: int) -> HttpResponse:
    entry = visible_entry(request.user, entry_id)
    form = TakeBackForm(request.POST, prefix="back")
    if form.is_valid():
        try:
            actions.take_back(entry=entry, by=request.user, now=timezone.now(), **form.cleaned_data)
        except WrongAllocation as refusal:
            form.add_error(None, str(refusal))
        else:
            sentence = _("The entry of %(credits)s credits belongs to nobody again.")
            messages.success(request, sentence % {"credits": f"{entry.amount:+,}"})
            return redirect("credit_entry", entry.pk)
    return _entry_page(request, entry, take_back=form, status=422)


def _entry_page(
    request: HtmxRequest,
    entry: CreditEntry,
    *,
    formset: BasePartFormSet | None = None,
    reason: ReasonForm | None = None,
    take_back: TakeBackForm | None = None,
    status: int = 200,
) -> HttpResponse:
    made = entry.allocations.select_related("client", "campaign", "bundle", "command", "made_by", "reverses")
    allocations = list(made.order_by("pk"))
    reversed_ids = {allocation.reverses_id for allocation in allocations if allocation.reverses_id}
    standing = [
        allocation
        for allocation in allocations
        if allocation.reverses_id is None and allocation.pk not in reversed_ids
    ]
    guesses = [] if standing else reports.suggestions(entry.connection, [entry])[entry.pk]
    context = {
        "entry": entry,
        "breakdown": reports.breakdown_lines(entry),
        "drifts": entry.drifts.order_by("pk"),
        "allocations": [(made, reports.WHY.get(made.rule, made.rule)) for made in allocations],
        "standing": standing,
        "suggestions": guesses,
        "formset": formset or PartFormSet(entry=entry, initial=[{}], prefix="parts"),
        "reason": reason or ReasonForm(prefix="assign"),
        "take_back": take_back or TakeBackForm(prefix="back"),
        "owners": [] if standing else _owners(),
        "near_bundles": [] if standing else reports.bundles_near(entry),
        "now": timezone.now(),
    }
    return page_or_partial(request, ENTRY, "entry", context, status=status)


def _owners() -> list[tuple[str, str]]:
    """What can be written for an owner, and how people call it."""
    clients = Client.objects.active().order_by("name").values_list("slug", "name")
    campaigns = (
        Campaign.objects.filter(archived_at=None, client__archived_at=None)
        .order_by("client__name", "name")
        .values_list("client__slug", "slug", "client__name", "name")
    )
    return [
        *((code, str(name)) for code, name in NOBODY_IN_PARTICULAR.items()),
        *clients,
        *((f"{client}/{campaign}", f"{name} · {title}") for client, campaign, name, title in campaigns),
    ]


def _owned(entry: CreditEntry) -> str:
    return _("The entry of %(credits)s credits has its owner.") % {"credits": f"{entry.amount:+,}"}
