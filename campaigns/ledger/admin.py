"""The books in the workshop: nobody edits them, not even here."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agency.admin import ReadOnlyAdmin
from agency.models import User
from campaigns.ledger.actions import WrongAllocation, reverse_allocations
from campaigns.ledger.models import Allocation, Budget, CreditDrift, CreditEntry, Reservation


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ["client", "campaign", "credits"]
    list_select_related = ["client", "campaign"]


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    list_display = ["command", "client", "campaign", "state", "credits", "created_at", "settled_at"]
    list_filter = ["state"]
    list_select_related = ["command", "client", "campaign"]


class AllocationInline(admin.TabularInline):
    model = Allocation
    fields = ["amount", "owner", "client", "campaign", "command", "rule", "confidence", "made_by", "made_at"]
    readonly_fields = [
        "amount",
        "owner",
        "client",
        "campaign",
        "command",
        "rule",
        "confidence",
        "made_by",
        "made_at",
    ]
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(CreditEntry)
class CreditEntryAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "type", "amount", "balance_after", "description", "upstream_id"]
    list_filter = ["connection", "type"]
    search_fields = ["upstream_id", "description"]
    ordering = ["-created_at", "-pk"]
    date_hierarchy = "created_at"
    inlines = [AllocationInline]
    actions = ["take_back"]

    @admin.action(
        description=_("Take back from its owner (the entry is unassigned afterwards)"), permissions=["view"]
    )
    def take_back(self, request: HttpRequest, entries: QuerySet[CreditEntry]) -> None:
        assert isinstance(request.user, User)
        now = timezone.now()
        for entry in entries.select_related("connection"):
            try:
                at = entry.connection.upstream_now(now)
                reverse_allocations(entry, by=request.user, reason="Taken back in the workshop.", now=at)
            except WrongAllocation as refusal:
                messages.warning(request, f"{entry}: {refusal}")
            else:
                messages.success(request, _("%(entry)s belongs to nobody again.") % {"entry": entry})


@admin.register(CreditDrift)
class CreditDriftAdmin(ReadOnlyAdmin):
    list_display = ["entry", "seen_at"]
    list_select_related = ["entry"]


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    list_display = [
        "made_at",
        "entry",
        "amount",
        "owner",
        "client",
        "campaign",
        "rule",
        "confidence",
        "made_by",
    ]
    list_filter = ["owner", "rule"]
    list_select_related = ["entry", "client", "campaign", "made_by"]
    ordering = ["-pk"]
