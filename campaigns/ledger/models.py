"""Money in whole credits: what may be spent, what is held, what TokPortal booked, and whose it was."""

import json

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from agency.models import Connection, audited
from campaigns.models import Bundle, Campaign, Command
from campaigns.models.mirror import searchable
from clients.models import Client

APPEND_ONLY = [
    pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
]


@audited()
class Budget(models.Model):
    """How many credits may be spent for a client, or for one campaign of it. No row = no limit."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="budgets")
    campaign = models.OneToOneField(
        Campaign, on_delete=models.CASCADE, null=True, blank=True, related_name="budget"
    )
    credits = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(campaign__isnull=True), name="budget_one_per_client"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credits} credits for {self.campaign or self.client}"


@audited()
class ApprovalRule(models.Model):
    """Orders that cost more than `credits` need a second person. Without a client it is everybody's."""

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, null=True, blank=True, related_name="approval_rule"
    )
    credits = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(client__isnull=True),
                nulls_distinct=False,
                name="approval_rule_one_for_the_agency",
            ),
        ]

    def __str__(self) -> str:
        return f"above {self.credits} credits for {self.client or 'everybody'}"


@audited()
class Reservation(models.Model):
    """Credits held for a Command against the pool and the budgets, until it settles or is void."""

    class State(models.TextChoices):
        HELD = "held", _("Held")
        SETTLED = "settled", _("Charged")
        VOID = "void", _("Given back")

    command = models.OneToOneField(Command, on_delete=models.PROTECT, related_name="reservation")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="reservations")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="reservations")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="reservations")
    state = models.CharField(max_length=10, choices=State, default=State.HELD)
    credits = (
        models.PositiveIntegerField()
    )  # held: the quote; settled: what was charged; void: what had been held
    created_at = models.DateTimeField()  # TokPortal's time, as all times here
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["held", "settled", "void"]), name="reservation_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["connection"], condition=Q(state="held"), name="reservation_held"),
            models.Index(
                fields=["connection", "settled_at"],
                condition=Q(state="settled"),
                name="reservation_settled",
            ),
            models.Index(fields=["client", "state"], name="reservation_by_client"),
            models.Index(fields=["campaign", "state"], name="reservation_by_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.credits} credits {self.state} for {self.command}"


class CreditEntryQuerySet(models.QuerySet["CreditEntry"]):
    def unassigned(self) -> "CreditEntryQuerySet":
        """Those that no standing allocation gives to anybody."""
        return self.filter(waiting__isnull=False)


class CreditEntry(models.Model):
    """One row of the organisation's credit history, as TokPortal wrote it. Only ever added."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="credit_entries")
    upstream_id = models.CharField(max_length=64)
    type = models.CharField(max_length=40, blank=True, default="")
    amount = models.IntegerField()  # negative = spent
    description = models.TextField(blank=True, default="")
    breakdown = models.JSONField(default=dict)
    balance_after = models.IntegerField()
    created_at = models.DateTimeField()  # TokPortal's clock
    imported_at = models.DateTimeField()  # machine time
    raw = models.JSONField(default=dict)

    objects = CreditEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "upstream_id"], name="credit_entry_once_per_connection"
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "created_at", "id"], name="credit_entry_in_order"),
            searchable("description", "upstream_id", name="credit_entry_search"),
        ]
        triggers = [
            *APPEND_ONLY,
            pgtrigger.Trigger(
                name="waits_for_an_owner",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.amount <> 0 THEN
                        INSERT INTO ledger_unassignedentry (entry_id) VALUES (NEW.id);
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]
        verbose_name_plural = "credit entries"

    def __str__(self) -> str:
        return f"{self.amount:+d} on {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def balance_before(self) -> int:
        return self.balance_after - self.amount

    def pretty_raw(self) -> str:
        return json.dumps(self.raw, indent=2, ensure_ascii=False)


class UnassignedEntry(models.Model):
    """The entries without an owner. Kept by triggers alone, so that asking for them costs little at any size."""

    entry = models.OneToOneField(
        CreditEntry, on_delete=models.CASCADE, primary_key=True, related_name="waiting"
    )

    class Meta:
        verbose_name_plural = "unassigned entries"

    def __str__(self) -> str:
        return f"entry {self.entry_id} belongs to nobody"


class CreditDrift(models.Model):
    """A known entry came back with other content. The entry stays as it was; this row says what changed."""

    entry = models.ForeignKey(CreditEntry, on_delete=models.PROTECT, related_name="drifts")
    raw = models.JSONField()
    seen_at = models.DateTimeField()

    class Meta:
        triggers = APPEND_ONLY

    def __str__(self) -> str:
        return f"drift of entry {self.entry_id}"

    def pretty_raw(self) -> str:
        return json.dumps(self.raw, indent=2, ensure_ascii=False)


class AllocationQuerySet(models.QuerySet["Allocation"]):
    def standing(self) -> "AllocationQuerySet":
        """Those that count: neither reversed, nor reversals."""
        # Written so that PostgreSQL looks at the few reversals only.
        reversals = Allocation.objects.filter(reverses=OuterRef("pk"), reverses__isnull=False)
        return self.filter(~Exists(reversals), reverses=None)


class Allocation(models.Model):
    """To whom a whole or a part of an entry belongs. A wrong one is reversed, never edited."""

    class Owner(models.TextChoices):
        CLIENT = "client", _("Client")
        SHARED = "shared", _("Shared by all clients")
        AGENCY = "agency", _("The agency's own cost")
        POOL = "pool", _("The pool itself")  # top-ups, expiries

    entry = models.ForeignKey(CreditEntry, on_delete=models.PROTECT, related_name="allocations")
    owner = models.CharField(max_length=10, choices=Owner)
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="allocations"
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="allocations"
    )
    bundle = models.ForeignKey(
        Bundle, on_delete=models.PROTECT, null=True, blank=True, related_name="allocations"
    )
    command = models.ForeignKey(
        Command, on_delete=models.PROTECT, null=True, blank=True, related_name="allocations"
    )
    amount = models.IntegerField()  # signed like the entry; a reversal has the opposite sign
    rule = models.CharField(max_length=40)  # which rule decided: "command-exact", "command-time", "person" …
    confidence = models.PositiveSmallIntegerField(default=100)  # percent
    reason = models.CharField(max_length=300, blank=True, default="")
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()

    objects = AllocationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owner="client", client__isnull=False)
                | (~Q(owner="client") & Q(client__isnull=True)),
                name="allocation_names_a_client_or_none",
            ),
            models.CheckConstraint(
                condition=Q(confidence__lte=100), name="allocation_confidence_is_a_percentage"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="allocation_is_not_nothing"),
        ]
        indexes = [
            models.Index(F("client"), F("entry"), name="allocation_by_client"),
            models.Index(fields=["campaign"], name="allocation_by_campaign"),
        ]
        triggers = [
            *APPEND_ONLY,
            pgtrigger.Trigger(
                name="entry_has_an_owner",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.reverses_id IS NULL THEN
                        DELETE FROM ledger_unassignedentry WHERE entry_id = NEW.entry_id;
                    ELSIF NOT EXISTS (
                        SELECT FROM ledger_allocation AS made
                        WHERE made.entry_id = NEW.entry_id AND made.reverses_id IS NULL AND NOT EXISTS (
                            SELECT FROM ledger_allocation AS reversal WHERE reversal.reverses_id = made.id
                        )
                    ) THEN
                        INSERT INTO ledger_unassignedentry (entry_id) VALUES (NEW.entry_id)
                            ON CONFLICT DO NOTHING;
                    END IF;
                    RETURN NULL;
                """,
            ),
            # M5: an entry's allocations add up to its amount, or to zero (unassigned). A part is signed like
            # the entry and a reversal mirrors what it reverses, so that sums and standing rows agree.
            pgtrigger.Trigger(
                name="parts_equal_the_whole",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                declare=[("allocated", "bigint"), ("whole", "bigint")],
                # The row lock makes two transactions that allocate one entry wait for each other.
                func="""
                    SELECT amount INTO whole FROM ledger_creditentry WHERE id = NEW.entry_id FOR UPDATE;
                    SELECT COALESCE(SUM(amount), 0) INTO allocated
                        FROM ledger_allocation WHERE entry_id = NEW.entry_id;
                    IF allocated <> 0 AND allocated <> whole THEN
                        RAISE EXCEPTION 'allocations of entry % add up to %, not to % or 0',
                            NEW.entry_id, allocated, whole
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_parts_equal_the_whole';
                    END IF;
                    IF NEW.reverses_id IS NULL AND sign(NEW.amount) <> sign(whole) THEN
                        RAISE EXCEPTION 'a part of entry % is not signed like the whole', NEW.entry_id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_is_signed_like_its_entry';
                    END IF;
                    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
                        SELECT FROM ledger_allocation AS reversed
                        WHERE reversed.id = NEW.reverses_id AND reversed.reverses_id IS NULL
                            AND (reversed.entry_id, -reversed.amount, reversed.owner)
                                = (NEW.entry_id, NEW.amount, NEW.owner)
                            AND (reversed.client_id, reversed.campaign_id, reversed.command_id)
                                IS NOT DISTINCT FROM (NEW.client_id, NEW.campaign_id, NEW.command_id)
                    ) THEN
                        RAISE EXCEPTION 'allocation % does not mirror what it reverses', NEW.id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_reversal_mirrors';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+d} to {self.client or self.get_owner_display()}"

    @property
    def owner_name(self) -> str:
        """Whose it is, to stand inside a sentence."""
        if self.client is None:
            return self.get_owner_display().lower()
        return f"{self.client} · {self.campaign}" if self.campaign else str(self.client)


class Commitment(models.Model):
    """What uses up budgets: a view over Reservations and Allocations, written in the migration 0003.

    A Command counts by its Reservation until an entry is allocated to it, and by the entry from then on: so
    nothing counts twice, and an entry that was given to somebody else by hand counts there.
    """

    key = models.TextField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.DO_NOTHING, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.DO_NOTHING, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.DO_NOTHING, null=True, related_name="+")
    credits = models.IntegerField()  # spoken for; negative where an allocation was reversed
    booked_at = models.DateTimeField(null=True)  # when TokPortal booked it; null = not in the history yet

    class Meta:
        managed = False
        db_table = "ledger_commitment"

    def __str__(self) -> str:
        return f"{self.credits} credits of {self.client}"
