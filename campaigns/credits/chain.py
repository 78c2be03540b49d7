"""The chain of balances: each `balance_after` must follow from the entry before (M5). Pure.

TokPortal's rows have no sequence number, so entries of the same moment are put into the order that closes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as the chain sees it: it leads from one balance to the next."""

    entry_id: int
    at: datetime
    amount: int
    balance_after: int

    @property
    def balance_before(self) -> int:
        return self.balance_after - self.amount


@dataclass(frozen=True, slots=True)
class Break:
    """The chain does not hold before this entry: entries that sum to `missing` are not in the history."""

    entry_id: int
    at: datetime
    expected: int  # the balance that the entry before left
    found: int  # the balance that this entry starts from

    @property
    def missing(self) -> int:
        """Signed like an amount: negative = spending that is not in the history."""
        return self.found - self.expected


def breaks_in(links: Iterable[Link], *, opening: int | None) -> tuple[list[Break], int | None]:
    """The places where the chain breaks, and the balance that it ends with.

    `links` in the order of their times. `opening` None = what the first of them starts from.
    """
    breaks: list[Break] = []
    balance = opening
    for _, group in groupby(links, key=lambda link: link.at):
        ordered = in_closing_order(list(group), opening=balance)
        for link in ordered:
            if balance is not None and link.balance_before != balance:
                breaks.append(Break(link.entry_id, link.at, expected=balance, found=link.balance_before))
            balance = link.balance_after
    return breaks, balance


def in_closing_order(links: Sequence[Link], *, opening: int | None) -> list[Link]:
    """Entries of one moment in an order in which each follows from the one before, from `opening` on.

    Every entry is an edge from one balance to the next, so such an order is a path that uses each edge once.
    Where there is none from `opening`, one from elsewhere; where there is none at all, the order of ids.
    """
    by_id = sorted(links, key=lambda link: link.entry_id)
    if len(by_id) < 2:
        return by_id
    leaving: dict[int, int] = defaultdict(int)
    for link in by_id:
        leaving[link.balance_before] += 1
        leaving[link.balance_after] -= 1
    likely_starts = [balance for balance, surplus in leaving.items() if surplus > 0]
    starts = [opening, *(likely_starts or (link.balance_before for link in by_id))]
    for start in starts:
        path = _path_over_all(by_id, start) if start is not None else []
        if len(path) == len(by_id):
            return path
    return by_id


def _path_over_all(links: Sequence[Link], start: int) -> list[Link]:
    """Hierholzer's path over all edges; shorter, or not a path, when there is none from `start`."""
    leaving: dict[int, list[Link]] = defaultdict(list)
    for link in reversed(links):
        leaving[link.balance_before].append(link)
    path: list[Link] = []
    walk: list[tuple[int, Link | None]] = [(start, None)]
    while walk:
        balance, came_by = walk[-1]
        if leaving[balance]:
            link = leaving[balance].pop()
            walk.append((link.balance_after, link))
        else:
            walk.pop()
            if came_by is not None:
                path.append(came_by)
    path.reverse()
    balance = start
    for link in path:
        if link.balance_before != balance:
            return []
        balance = link.balance_after
    return path
