"""The books of the pool are the agency's: owners alone see them."""

from django.http import Http404

from agency.models import User
from campaigns.ledger.models import CreditEntry, CreditEntryQuerySet
from clients.access import require_owner


def visible_entries(user: User) -> CreditEntryQuerySet:
    """None for everybody but owners."""
    entries = CreditEntry.objects.all()
    return entries if user.is_owner and user.is_active else entries.none()


def visible_entry(user: User, entry_id: int) -> CreditEntry:
    """Raises Http404 for everybody but owners, and where there is no such entry."""
    require_owner(user)
    entry = CreditEntry.objects.select_related("connection").filter(pk=entry_id).first()
    if entry is None:
        raise Http404("No such entry.")
    return entry
