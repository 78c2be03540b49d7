"""Which client a page is about, and where the same page is for another one."""

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from agency.models import User
from clients.access import visible_clients
from clients.models import Client

# Lists that one can narrow to a client → the filter that does it, and what it wants to be told of the client.
FILTERS = {
    "campaign_list": ("client", "{client.slug}"),
    "bundle_list": ("client", "{client.slug}"),
    "command_list": ("client", "{client.slug}"),
    "account_list": ("client", "{client.slug}"),
    "credit_list": ("whose", "client:{client.pk}"),
    "report_list": ("q", "{client.slug}"),
}


def match_of(path: str) -> ResolverMatch | None:
    try:
        return resolve(path)
    except Resolver404:
        return None


def client_of_filters(request: HttpRequest, user: User) -> Client | None:
    """The client that the filters of a list name. One query where they name any, else none."""
    match = request.resolver_match
    name, form = FILTERS.get(match.url_name or "", ("", "")) if match else ("", "")
    chosen = request.GET.get(name, "")
    if not chosen or "\0" in chosen:
        return None
    if form == "client:{client.pk}":
        pk = chosen.removeprefix("client:")
        return visible_clients(user).filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 10 else None
    return visible_clients(user).filter(slug=chosen).first()


def same_page(match: ResolverMatch | None, client: Client) -> str:
    """The address of the page `match`, for `client`: the same list or month, else the client's own page."""
    name = match.url_name if match else None
    if match and name == "client_report":
        return reverse(name, kwargs={**match.kwargs, "slug": client.slug})
    if name not in FILTERS:
        return client.get_absolute_url()
    query = QueryDict(mutable=True)
    parameter, form = FILTERS[name]
    query[parameter] = form.format(client=client)
    return f"{reverse(name)}?{query.urlencode()}"


def all_clients_page(match: ResolverMatch | None) -> str:
    """Where one leaves a client: the same list without its filter, else the list of clients."""
    name = match.url_name if match else None
    return reverse(name if name in FILTERS else "client_list")
