"""The books at the end: the sandbox's, which name every cause, against ours and the imported history."""

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from campaigns.credits import checks
from campaigns.credits.matching import WINDOW
from campaigns.credits.sync import import_history, match_entries
from campaigns.ledger import checks as ledger
from campaigns.ledger.models import Allocation, Reservation
from campaigns.models import Command
from tests.chaos.shop import Shop

K, S = Command.Kind, Command.State
Entry = dict[str, Any]


@dataclass
class Report:
    paid: int = 0
    commands: int = 0
    charged: int = 0
    double_charges: int = 0
    lost: int = 0
    unexplained: int = 0
    unassigned: int = 0
    states: dict[str, int] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)

    def expect(self, is_true: bool, otherwise: str) -> None:
        if not is_true:
            self.breaches.append(otherwise)


def compare(shop: Shop) -> Report:
    report = Report()
    shop.connection.refresh_from_db()
    later = timezone.now() + 2 * WINDOW  # of what is calm by now no entry can still come
    import_history(shop.connection, now=later)
    match_entries(shop.connection, now=later)  # what was settled at its quote is corrected first
    books = [entry for entry in shop.sandbox.books() if entry["origin"] == "api"]
    by_key: dict[str, list[Entry]] = defaultdict(list)
    for entry in books:
        by_key[entry["idempotency_key"] or ""].append(entry)
    commands = list(Command.objects.select_related("bundle").order_by("pk"))
    report.commands = len(commands)
    report.paid = sum(command.is_paid or command.kind in _BUYS for command in commands)
    report.states = dict(Counter(str(command.state) for command in commands))
    _each_command(report, shop, commands, by_key)
    _effects(report, shop, commands)
    _sums(report, shop, commands, books)
    _history(report, shop, by_key)
    return report


_BUYS = (K.CREATE_BUNDLE, K.ADD_VIDEO_SLOTS, K.ADD_EDIT_SLOTS)


def _each_command(
    report: Report, shop: Shop, commands: list[Command], by_key: dict[str, list[Entry]]
) -> None:
    """One call charged for each key, and exactly what our Command says."""
    for command in commands:
        entries = by_key.get(str(command.key), [])
        took, calls = -sum(entry["amount"] for entry in entries), {entry["request_id"] for entry in entries}
        if len(calls) > 1:
            report.double_charges += 1
            report.breaches.append(f"{command} was charged by {len(calls)} calls: {command.key}")
        if command.state == S.SUCCEEDED:
            told = command.credits_charged or 0
            report.expect(took == told, f"{command} took {took} credits and says {told}: {command.evidence}")
        elif command.is_settled:
            report.expect(not took, f"{command} is {command.state} and took {took} credits")
        else:
            report.lost += 1
            report.breaches.append(
                f"{command} is still {command.state} since {command.state_since}, try {command.attempts}:"
                f" {command.error_message} {command.evidence}"
            )
            report.unexplained += command.state == S.UNKNOWN and not command.evidence
    known = {str(command.key) for command in commands}
    for key in by_key.keys() - known:
        report.breaches.append(f"nobody asked for {by_key[key]}")
    missing = {str(key) for key in shop.asked} - known
    report.lost += len(missing)
    report.expect(not missing, f"buttons that left no Command: {sorted(missing)}")


def _effects(report: Report, shop: Shop, commands: list[Command]) -> None:
    """As many bundles and slots at TokPortal as were ordered: what costs nothing can be doubled too."""
    ordered = [command for command in commands if command.kind == K.CREATE_BUNDLE]
    done = [command for command in ordered if command.state == S.SUCCEEDED]
    made = {bundle["id"]: bundle for bundle in _bundles(shop)}
    report.expect(len(made) == len(done), f"{len(made)} bundles were made and {len(done)} orders are done")
    fields = {K.ADD_VIDEO_SLOTS: "videos_quantity", K.ADD_EDIT_SLOTS: "edits_quantity"}
    wanted: dict[str, Counter[str]] = {}
    for command in done:
        assert command.bundle is not None
        wanted[command.bundle.upstream_id] = Counter(
            {name: command.body.get(name, 0) for name in fields.values()}
        )
    for command in commands:
        if command.state == S.SUCCEEDED and command.kind in fields:
            wanted[command.target["bundle_id"]][fields[K(command.kind)]] += command.body["quantity"]
    for bundle_id, counts in wanted.items():
        told = {name: made.get(bundle_id, {}).get(name) for name in counts}
        report.expect(told == dict(counts), f"bundle {bundle_id} has {told}, ordered were {dict(counts)}")


def _bundles(shop: Shop) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    headers = {"X-API-Key": shop.sandbox.key}
    for page in range(1, 1000):
        answer = shop.sandbox.control.get(
            f"{shop.sandbox.url}/bundles", params={"page": page, "per_page": 100}, headers=headers
        ).json()
        rows += answer["data"]
        if page >= answer["pagination"]["total_pages"]:
            break
    return rows


def _sums(report: Report, shop: Shop, commands: list[Command], books: list[Entry]) -> None:
    report.charged = -sum(entry["amount"] for entry in books)
    ours = sum(command.credits_charged or 0 for command in commands if command.state == S.SUCCEEDED)
    rows = Reservation.objects.filter(state=Reservation.State.SETTLED)
    reserved = rows.aggregate(n=Sum("credits"))["n"] or 0
    report.expect(ours == report.charged, f"Commands say {ours}, the sandbox charged {report.charged}")
    report.expect(reserved == ours, f"Reservations say {reserved}, Commands {ours}")
    held = Reservation.objects.filter(state=Reservation.State.HELD).count()
    report.expect(not held, f"{held} Reservations are still held")
    for row in ledger.disagreeing_reservations(shop.connection):
        report.breaches.append(f"{row} disagrees with its Command")
    for command in ledger.charged_without_reservation(shop.connection):
        report.breaches.append(f"{command} was charged without a Reservation")


def _history(report: Report, shop: Shop, by_key: dict[str, list[Entry]]) -> None:
    """Look whether everything that has an owner is truly its.

    What two equal charges at one moment leave in doubt waits for a person and is no breach: none is guessed.
    """
    shop.connection.refresh_from_db()
    truth = {entry["entry_id"]: entry for entry in shop.sandbox.books()}
    entries = {entry.upstream_id: entry for entry in shop.connection.credit_entries.all()}
    same = {id: entry.amount for id, entry in entries.items()} == {
        id: entry["amount"] for id, entry in truth.items()
    }
    report.expect(same, f"{len(entries)} entries were imported of {len(truth)}")
    proof = checks.proof(shop.connection)
    report.expect(proof.chain.holds, f"the chain breaks: {proof.chain.breaks[:3]}")
    report.expect(proof.is_balanced, f"the balance is {proof.difference:+} off")
    report.expect(ledger.owned(shop.connection).adds_up, "allocated and unassigned are not the whole")
    for allocation in Allocation.objects.standing().filter(command__isnull=False).select_related("command"):
        entry = truth[allocation.entry.upstream_id]
        assert allocation.command is not None
        is_right = entry["idempotency_key"] == str(allocation.command.key)
        report.expect(is_right, f"entry {entry['entry_id']} was given to {allocation.command}: not its own")
    report.unassigned = shop.connection.credit_entries.unassigned().count()
    for entry in shop.connection.credit_entries.unassigned()[:20]:
        cause = truth[entry.upstream_id]
        owner = Command.objects.filter(key=cause["idempotency_key"]).first()
        told = f"{owner}, which says {owner.credits_charged}" if owner else cause["origin"]
        sys.stderr.write(f"  to assign by hand: {entry}, of {told}\n")
