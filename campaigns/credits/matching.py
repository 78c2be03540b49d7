"""Whose an entry of the credit history is, told from what our Commands cost. Pure.

The history names no bundle. What names it is our own ledger: amount, balance and time of each answer
("Credits & Pricing"; the attribution procedure of the API's contract).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

WINDOW = timedelta(minutes=2)  # between an entry's `created_at` and the answer of the call that caused it
LONGEST_RUN = 20  # entries that one call may leave: a Coverage period per account, options per slot

Rule = Literal["command-exact", "command-run", "command-time", "command-parts"]


@dataclass(frozen=True, slots=True)
class Charge:
    """What one Command cost, and when its entry must have been written. All times are TokPortal's."""

    command_id: int
    credits: int  # positive
    balance_after: int | None  # `credits_remaining` of the answer; None = settled by evidence, without one
    earliest: datetime
    latest: datetime
    breakdown: Mapping[str, int] = field(default_factory=dict)
    is_assumed: bool = False  # `credits` is what was quoted: what it cost nobody has told
    is_open: bool = False  # its outcome is not known yet: it may own an entry, but is given none


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the history. `is_taken` = it has, or had, an owner; it is only a neighbour here."""

    entry_id: int
    amount: int  # signed; spent is negative
    balance_after: int
    at: datetime
    breakdown: Mapping[str, int] = field(default_factory=dict)
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The entries of one Command: one as a rule, several when one call was booked in parts."""

    command_id: int
    entry_ids: tuple[int, ...]
    rule: Rule
    confidence: int  # percent


Candidates = dict[int, list[tuple[Row, ...]]]  # command → the rows, or runs of rows, that could be its own


def match(
    charges: Iterable[Charge], rows: Iterable[Row], *, complete_through: datetime | None
) -> list[Match]:
    """Pair Commands with entries. No entry goes to two Commands, and none is guessed.

    `complete_through`: every entry written before it is among `rows`. Time alone decides only for Commands
    whose whole window lies before it, so that an entry still to come cannot change the answer.
    """
    book = _Book(rows)
    left = sorted(charges, key=lambda charge: charge.command_id)
    matches: list[Match] = []
    # What is given away can settle a doubt elsewhere. Time decides where balances have nothing more to say.
    while found := _by_balance(book, left) or _by_time(book, left, complete_through=complete_through):
        served = {made.command_id for made in found}
        left = [charge for charge in left if charge.command_id not in served]
        matches += found
    return matches


def without_entry(
    charges: Iterable[Charge],
    rows: Iterable[Row],
    found: Iterable[Match],
    *,
    complete_through: datetime | None,
) -> list[int]:
    """Commands of which nobody told what they cost, and that no entry is left for: if they may be free, they were.

    `rows` and `complete_through` as for `match`, `found` its answer.
    """
    given = {entry_id for made in found for entry_id in made.entry_ids}
    book = _Book(row for row in rows if row.entry_id not in given)
    return [
        charge.command_id
        for charge in charges
        if charge.is_assumed
        and not charge.is_open
        and complete_through is not None
        and charge.latest < complete_through
        and not book.around(charge)
    ]


def _by_balance(book: "_Book", charges: Sequence[Charge]) -> list[Match]:
    """Entries, or runs of them, that lead to the balance that the answer told."""
    told = [charge for charge in charges if charge.credits > 0 and charge.balance_after is not None]
    options = {charge.command_id: [*book.exact(charge), *book.runs(charge)] for charge in told}
    clear = {charge.command_id for charge in told if book.exact(charge) or not book.around(charge)}
    return [
        Match(command, _ids(rows), "command-run", 95)
        if len(rows) > 1
        else Match(command, _ids(rows), "command-exact", 100)
        for command, rows in book.take(options, only=clear).items()
    ]


def _by_time(book: "_Book", charges: Sequence[Charge], *, complete_through: datetime | None) -> list[Match]:
    """Entries that only one Command could have caused, where that Command could have caused no other."""
    known = {charge.command_id: charge for charge in charges}
    rivals: Candidates = {
        command: [(row,) for row in book.around(charge) if agrees(charge, row)]
        for command, charge in known.items()
    }
    ready = {
        command
        for command, charge in known.items()
        if not charge.is_open
        and complete_through is not None
        and charge.latest < complete_through
        and not book.runs(charge)  # one entry of the amount beside parts that add up to it: either could be
    }
    return [
        Match(
            command,
            _ids(rows),
            "command-time" if -rows[0].amount == known[command].credits else "command-parts",
            90 if known[command].breakdown and rows[0].breakdown else 75,
        )
        for command, rows in book.take(rivals, only=ready).items()
    ]


def agrees(charge: Charge, row: Row) -> bool:
    """Whether the breakdowns are equal, or one of them says nothing. Where the price may have moved: their parts."""
    charged, booked = _parts(charge.breakdown), _parts(row.breakdown)
    if charge.is_assumed:
        return not charged or not booked or charged.keys() == booked.keys()
    return not charge.breakdown or not row.breakdown or charged == booked


def _parts(breakdown: Mapping[str, int]) -> dict[str, int]:
    return {name: abs(credits) for name, credits in breakdown.items() if credits}


def _ids(rows: Iterable[Row]) -> tuple[int, ...]:
    return tuple(row.entry_id for row in rows)


class _Book:
    """The free entries by amount and all entries by balance; `take` gives some of them away."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._by_amount: dict[int, list[Row]] = defaultdict(list)
        self._by_parts: dict[frozenset[str], list[Row]] = defaultdict(list)
        self._by_balance: dict[int, list[Row]] = defaultdict(list)
        self._taken: set[int] = set()
        for row in sorted(rows, key=lambda row: (row.at, row.entry_id)):
            self._by_balance[row.balance_after].append(row)
            if row.is_taken:
                self._taken.add(row.entry_id)
            elif row.amount < 0:
                self._by_amount[row.amount].append(row)
                self._by_parts[frozenset(_parts(row.breakdown))].append(row)

    def is_free(self, row: Row) -> bool:
        return row.entry_id not in self._taken

    def around(self, charge: Charge) -> list[Row]:
        """Free entries of its amount inside its window; where the price may have moved, for the same things too."""
        rows = self._by_amount.get(-charge.credits, [])
        if charge.is_assumed and (parts := frozenset(_parts(charge.breakdown))):
            rows = rows + [row for row in self._by_parts.get(parts, ()) if row.amount != -charge.credits]
        return [row for row in rows if charge.earliest <= row.at <= charge.latest and self.is_free(row)]

    def exact(self, charge: Charge) -> list[tuple[Row, ...]]:
        """Those of them that lead to the balance that the answer told."""
        return [(row,) for row in self.around(charge) if row.balance_after == charge.balance_after]

    def runs(self, charge: Charge) -> list[tuple[Row, ...]]:
        """Runs of consecutive free entries that add up to the charge and end at its balance.

        Consecutive in the chain: each `balance_after` follows from the entry before.
        """
        if charge.balance_after is None:
            return []
        ends = [
            row
            for row in self._by_balance.get(charge.balance_after, ())
            if charge.earliest <= row.at <= charge.latest and row.amount < 0 and self.is_free(row)
        ]
        return [run for end in ends for run in self._runs_to((end,), charge) if len(run) > 1]

    def _runs_to(self, run: tuple[Row, ...], charge: Charge) -> Iterator[tuple[Row, ...]]:
        """Every way to lengthen a run backwards until it adds up."""
        missing = charge.credits + sum(row.amount for row in run)
        if missing == 0:
            yield run
        if missing <= 0 or len(run) == LONGEST_RUN:
            return
        for before in self._by_balance.get(run[0].balance_after - run[0].amount, ()):
            in_time = charge.earliest <= before.at <= run[0].at
            if in_time and before.amount < 0 and self.is_free(before) and before not in run:
                yield from self._runs_to((before, *run), charge)

    def take(
        self, candidates: Candidates, *, only: AbstractSet[int] | None = None
    ) -> dict[int, Sequence[Row]]:
        """Give each Command its only candidate, if nobody else could claim any row of it."""
        claims: dict[int, int] = defaultdict(int)
        for options in candidates.values():
            for row_id in {row.entry_id for option in options for row in option}:
                claims[row_id] += 1
        given: dict[int, Sequence[Row]] = {}
        for command, options in candidates.items():
            is_certain = len(options) == 1 and all(claims[row.entry_id] == 1 for row in options[0])
            if is_certain and (only is None or command in only):
                given[command] = options[0]
                self._taken.update(row.entry_id for row in options[0])
        return given


# TokPortal's types of a row are not documented beyond `debit`, and its texts may change. So a top-up is
# recognised only where nothing speaks against it; everything else waits for a person.
_TOP_UP_TYPES = frozenset({"credit", "topup", "top_up", "top-up", "purchase"})
_TOP_UP_WORDS = re.compile(r"\btop[ _-]?ups?\b|\bpurchase|\bbought\b|\brecharge", re.IGNORECASE)
_GIVEN_BACK_WORDS = re.compile(
    r"refund|restor|revers|return|cancel|compensat|correct|adjust|expir|\bban", re.IGNORECASE
)
_WORK_WORDS = re.compile(r"warming|bundle|video|account|slot|coverage|comment", re.IGNORECASE)
_EXPIRY_WORDS = re.compile(r"expir", re.IGNORECASE)


def is_top_up(*, type: str, description: str, amount: int) -> bool:
    """Whether credits were bought for the pool, and not given back for work that somebody had paid for."""
    text = f"{type} {description}"
    if amount <= 0 or _GIVEN_BACK_WORDS.search(text):
        return False
    return bool(_TOP_UP_WORDS.search(text)) or (
        type.lower() in _TOP_UP_TYPES and not _WORK_WORDS.search(description)
    )


def is_expiry(*, type: str, description: str, amount: int) -> bool:
    """Whether credits of the pool ran out unused."""
    return amount < 0 and bool(_EXPIRY_WORDS.search(f"{type} {description}"))


def nearest(charges: Iterable[Charge], row: Row, *, within: timedelta, most: int = 5) -> list[Charge]:
    """Charges that a person may want to look at for an entry: the same amount first, then the nearest."""
    near = [charge for charge in charges if _apart(charge, row) <= within]
    near.sort(key=lambda charge: (charge.credits != -row.amount, _apart(charge, row), charge.command_id))
    return near[:most]


def _apart(charge: Charge, row: Row) -> timedelta:
    return max(charge.earliest - row.at, row.at - charge.latest, timedelta())
