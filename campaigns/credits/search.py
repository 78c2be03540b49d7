"""Lines of the ledger, as the search finds them. Owners alone have any."""

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agency.formats import moment, signed
from agency.models import User
from agency.search import Hit, Matches, Rank, Source, Text
from campaigns.credits.access import visible_entries
from campaigns.ledger.models import CreditEntry


def _matches(text: Text) -> Matches:
    exactly = Q(upstream_id=text.typed)
    amount = text.typed.replace(",", "").lstrip("+-−")
    if amount.isdecimal() and len(amount) < 10:
        exactly |= Q(amount__in=[int(amount), -int(amount)])
    matches = [(Rank.EXACT, exactly)]
    if not text.is_short:
        matches.append((Rank.HOLDS, text.says("description", "upstream_id")))
    return matches


def _slim_entries(user: User) -> QuerySet[CreditEntry]:
    return visible_entries(user).defer("raw", "breakdown")


def _hit(entry: CreditEntry) -> Hit:
    return Hit(
        title=_("%(amount)s credits") % {"amount": signed(entry.amount)},
        url=reverse("credit_entry", args=[entry.pk]),
        detail=f"{moment(entry.created_at)} · {entry.description}",
        ref=entry.upstream_id,
    )


SOURCES = (
    Source(
        group="credits",
        visible=_slim_entries,
        matches=_matches,
        hit=_hit,
        page="credit_entry",
        found_by={"entry_id": "pk"},
    ),
)
