"""The few clients that the switcher offers: pinned ones, those used lately, or what a search finds."""

from collections.abc import Sequence

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from agency.models import User
from clients.access import visible_clients
from clients.models import Client, ClientPin

MOST = 10


def switcher_clients(user: User, *, q: str = "", recent: Sequence[int] = ()) -> QuerySet[Client]:
    """At most MOST visible clients, each with `is_pinned` and `is_recent`, in the order to show them.

    `recent`: primary keys, the last used first; whoever keeps them may be wrong about them.
    """
    clients = visible_clients(user).active()
    if q:
        clients = clients.filter(Q(name__icontains=q) | Q(slug__icontains=q))
    used = [When(pk=pk, then=Value(place)) for place, pk in enumerate(recent)]
    return clients.annotate(
        is_pinned=Exists(ClientPin.objects.filter(user=user, client=OuterRef("pk"))),
        is_recent=Case(When(pk__in=recent, then=True), default=False),
        begins=Case(When(name__istartswith=q, then=True), default=False),
        place=Case(*used, default=Value(len(recent))),
    ).order_by(*(("-begins",) if q else ()), "-is_pinned", "place", "name", "pk")[:MOST]
