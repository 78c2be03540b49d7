"""Properties of the chain of balances."""

from datetime import timedelta
from itertools import accumulate

from hypothesis import assume, given
from hypothesis import strategies as st

from campaigns.credits.chain import Link, breaks_in, in_closing_order
from tests.factories import NOW

amounts = st.lists(st.integers(-60, 60).filter(bool), min_size=1, max_size=30)


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[Link]]:
    """An opening balance and a true history, in which some entries share a moment."""
    opening = draw(st.integers(0, 500))
    changes = draw(amounts)
    pauses = draw(st.lists(st.integers(0, 2), min_size=len(changes), max_size=len(changes)))
    ids = draw(st.permutations(range(len(changes))))
    balances = list(accumulate(changes, initial=opening))[1:]
    moments = accumulate(pauses)
    links = [
        Link(entry_id, NOW + timedelta(seconds=moment), amount, balance)
        for entry_id, moment, amount, balance in zip(ids, moments, changes, balances, strict=True)
    ]
    return opening, links


def as_stored(links: list[Link]) -> list[Link]:
    """In the order of time; within a moment the ids say nothing."""
    return sorted(links, key=lambda link: (link.at, link.entry_id))


@given(histories())
def test_a_true_history_closes_whatever_the_order_within_a_moment(history: tuple[int, list[Link]]) -> None:
    opening, links = history
    assert breaks_in(as_stored(links), opening=opening) == ([], links[-1].balance_after)


@given(histories())
def test_the_opening_of_the_oldest_entry_is_enough(history: tuple[int, list[Link]]) -> None:
    """Unless what happened in the first moment led back to where it began: then any of it may have been first."""
    _, links = history
    assume(sum(link.amount for link in links if link.at == links[0].at))
    breaks, closing = breaks_in(as_stored(links), opening=None)
    assert (breaks, closing) == ([], links[-1].balance_after)


@given(histories(), st.data())
def test_a_missing_entry_is_told_at_its_place_with_its_amount(
    history: tuple[int, list[Link]], data: st.DataObject
) -> None:
    opening, links = history
    spread = [
        Link(link.entry_id, NOW + timedelta(seconds=place), link.amount, link.balance_after)
        for place, link in enumerate(links)
    ]
    place = data.draw(st.integers(0, len(spread) - 1))
    lost = spread.pop(place)
    breaks, _ = breaks_in(spread, opening=opening)
    if place == len(spread):
        assert breaks == []  # nothing after it could tell; the balance does
    else:
        assert [(found.entry_id, found.missing) for found in breaks] == [
            (spread[place].entry_id, lost.amount)
        ]


@given(histories(), st.integers(-50, 50).filter(bool))
def test_a_wrong_opening_breaks_once(history: tuple[int, list[Link]], error: int) -> None:
    opening, links = history
    spread = [
        Link(link.entry_id, NOW + timedelta(seconds=place), link.amount, link.balance_after)
        for place, link in enumerate(links)
    ]
    breaks, _ = breaks_in(spread, opening=opening + error)
    assert [found.missing for found in breaks] == [-error]


def test_entries_of_one_moment_that_no_order_closes_keep_their_order_and_break() -> None:
    links = [Link(1, NOW, -10, 90), Link(2, NOW, -10, 50)]
    assert in_closing_order(links, opening=100) == links
    breaks, closing = breaks_in(links, opening=100)
    assert [(found.entry_id, found.missing) for found in breaks] == [(2, -30)]
    assert closing == 50
