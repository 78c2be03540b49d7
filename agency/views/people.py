"""Who works here, for owners: roles, clients, passwords."""

from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from agency import people_actions
from agency.downloads import csv_download
from agency.forms import SearchForm, page_of
from agency.history import Change, history_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.models import User
from agency.people_forms import PersonForm
from agency.tables import Column, sort_of
from clients.access import require_owner
from clients.models import Client, Membership

SORTS = {
    "name": Column(("first_name", "last_name", "username")),
    "username": Column(("username",)),
    "role": Column(("role", "first_name", "username")),
    "seen": Column(("last_login",), most_first=True, may_be_empty=True),
}
COLUMNS = ("name", "user_name", "email", "role", "is_active", "clients", "last_signed_in_at")


@require_safe
def people(request: HtmxRequest) -> HttpResponseBase:
    require_owner(request.user)
    search = SearchForm(request.GET)
    sort = sort_of(request, SORTS, usual="name")
    found = User.objects.prefetch_related(
        Prefetch("memberships", Membership.objects.select_related("client").order_by("client__name"))
    )
    if q := search.filters().get("q"):
        found = found.filter(
            Q(username__icontains=q)
            | Q(first_name__icontains=q)
            | Q(last_name__icontains=q)
            | Q(email__icontains=q)
        )
    found = sort.order(found)
    if request.GET.get("format") == "csv":
        return csv_download("people", COLUMNS, _cells(found))
    context = {"page": page_of(found, request), "search": search, "sort": sort, "now": timezone.now()}
    return page_or_partial(request, "agency/people.html", "people-table", context)


def _cells(people: QuerySet[User]) -> Iterator[list[object]]:
    """Rows under COLUMNS. An owner works for every client, whatever their memberships."""
    for person in people.iterator(chunk_size=500):
        clients = [row.client.slug for row in person.memberships.all()]
        yield [
            person.name,
            person.username,
            person.email,
            person.role,
            "yes" if person.is_active else "no",
            "all" if person.is_owner else " ".join(clients),
            person.last_login,
        ]


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def person_new(request: HtmxRequest) -> HttpResponse:
    require_owner(request.user)
    form = PersonForm(request.POST or None)
    if form.is_valid():
        cleaned = form.cleaned_data
        person = people_actions.add_person(
            fields=form.columns, password=cleaned["password"], clients=cleaned["clients"]
        )
        messages.success(
            request,
            _("%(person)s can sign in as %(username)s. Tell them the password in person.")
            % {"person": person.name, "username": person.username},
        )
        return redirect("people")
    return render(request, "agency/person_form.html", {"form": form}, status=422 if form.is_bound else 200)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def person_edit(request: HtmxRequest, user_id: int) -> HttpResponse:
    require_owner(request.user)
    person = get_object_or_404(User, pk=user_id)
    initial = {"clients": [row.client_id for row in person.memberships.all()]}
    form = PersonForm(request.POST or None, instance=User.objects.get(pk=user_id), initial=initial)
    if form.is_valid():
        try:
            people_actions.edit_person(
                person=person,
                fields=form.columns,
                clients=form.cleaned_data["clients"],
                password=form.cleaned_data["password"],
                by=request.user,
            )
        except people_actions.CannotSave as refusal:
            form.add_error(None, str(refusal))
        else:
            person.refresh_from_db()
            if person == request.user:
                update_session_auth_hash(request, person)  # one's own new password keeps one signed in
            messages.success(request, _("%(person)s is saved.") % {"person": person.name})
            return redirect("people")
    context = {"form": form, "person": person, "events": _history(person)}
    return render(request, "agency/person_form.html", context, status=422 if form.is_bound else 200)


def _history(person: User) -> list[Change]:
    """What happened to the account, with its clients by name instead of the person's own."""
    clients = dict(Client.objects.values_list("pk", "name"))
    return history_of(person, [User, Membership], names={"client_id": clients})
