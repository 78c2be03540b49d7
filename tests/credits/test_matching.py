"""Matching entries to Commands: never a guess, never two for one, and the order of things says nothing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.credits.matching import (
    WINDOW,
    Charge,
    Match,
    Row,
    is_expiry,
    is_top_up,
    match,
    nearest,
    without_entry,
)
from tests.factories import NOW

LATER = NOW + timedelta(days=2)


def charge(command_id: int = 1, credits: int = 52, balance: int | None = 148, **fields: object) -> Charge:
    at = fields.pop("at", NOW)
    assert isinstance(at, datetime)
    return replace(Charge(command_id, credits, balance, at - WINDOW, at + WINDOW), **fields)


def row(entry_id: int = 1, amount: int = -52, balance: int = 148, **fields: object) -> Row:
    return replace(Row(entry_id, amount, balance, NOW), **fields)


def pairs(*found: object, charges: list[Charge], rows: list[Row]) -> dict[int, tuple[tuple[int, ...], str]]:
    matches = match(charges, rows, complete_through=LATER)
    return {made.command_id: (made.entry_ids, made.rule) for made in matches}


def test_amount_balance_and_time_make_it_certain() -> None:
    other = row(2, balance=96, at=NOW + timedelta(seconds=3))
    assert pairs(charges=[charge()], rows=[row(), other]) == {1: ((1,), "command-exact")}


@pytest.mark.parametrize(
    "wrong",
    [row(amount=-51), row(at=NOW + timedelta(minutes=2, seconds=1)), row(is_taken=True), row(amount=52)],
    ids=["another amount", "too late", "owned already", "the wrong way round"],
)
def test_what_does_not_fit_is_left(wrong: Row) -> None:
    assert pairs(charges=[charge()], rows=[wrong]) == {}


def test_where_the_balance_does_not_fit_the_only_entry_of_that_amount_and_moment_is_taken() -> None:
    assert pairs(charges=[charge(balance=90)], rows=[row()]) == {1: ((1,), "command-time")}


def test_where_the_balance_does_not_fit_two_entries_leave_it_open() -> None:
    assert pairs(charges=[charge(balance=90)], rows=[row(), row(2, balance=96)]) == {}


def test_two_commands_for_one_entry_leave_it_open() -> None:
    assert pairs(charges=[charge(balance=None), charge(2, balance=None)], rows=[row()]) == {}


def test_a_command_of_unknown_outcome_is_a_rival_but_gets_nothing() -> None:
    unknown = charge(2, balance=None, is_open=True)
    assert pairs(charges=[charge(balance=None), unknown], rows=[row()]) == {}
    assert pairs(charges=[unknown], rows=[row()]) == {}
    assert pairs(charges=[charge(), unknown], rows=[row()]) == {1: ((1,), "command-exact")}


def test_another_breakdown_is_another_order() -> None:
    wanted = charge(balance=None, breakdown={"account_creation": 32, "video_slots": 20})
    same = row(breakdown={"account_creation": 32, "video_slots": 20, "edit_slots": 0})
    other = row(2, balance=96, breakdown={"account_creation": 32, "advanced_warming": 20})
    assert pairs(charges=[wanted], rows=[same, other]) == {1: ((1,), "command-time")}
    assert match([wanted], [same, other], complete_through=LATER)[0].confidence == 90


def test_where_only_the_quote_is_known_the_only_entry_for_the_same_things_is_taken_whatever_it_costs() -> (
    None
):
    quoted = charge(balance=None, breakdown={"video_slots": 52}, is_assumed=True)
    dearer = row(amount=-65, breakdown={"video_slots": 65})
    as_quoted = row(2, balance=96, breakdown={"video_slots": 52})
    other = row(3, amount=-65, breakdown={"account_creation": 65})
    assert pairs(charges=[quoted], rows=[dearer, other]) == {1: ((1,), "command-parts")}
    assert pairs(charges=[quoted], rows=[as_quoted, other]) == {1: ((2,), "command-time")}
    assert pairs(charges=[quoted], rows=[dearer, as_quoted]) == {}  # not even the one at the quoted price
    told = charge(2, balance=96, breakdown={"video_slots": 52})
    assert pairs(charges=[quoted, told], rows=[dearer, as_quoted])[1] == ((1,), "command-parts")


def test_a_charge_of_which_the_whole_history_has_no_entry_is_told() -> None:
    quoted = charge(balance=None, breakdown={"coverage": 52}, is_assumed=True)
    entry = row(breakdown={"coverage": 52})

    def missing(rows: list[Row], found: list[Match], through: datetime = LATER) -> list[int]:
        return without_entry([quoted, charge(3)], rows, found, complete_through=through)

    assert missing([], []) == [1]
    assert missing([], [], NOW) == []
    assert missing([entry], []) == []  # it may be its own
    assert missing([entry], [Match(2, (1,), "command-exact", 100)]) == [1]


def test_time_decides_only_when_no_entry_of_that_moment_can_still_come() -> None:
    wanted = charge(balance=None)
    assert match([wanted], [row()], complete_through=NOW) == []
    assert match([wanted], [row()], complete_through=None) == []
    assert match([wanted], [row()], complete_through=LATER) != []


def test_one_call_booked_in_parts_gets_them_all() -> None:
    coverage = row(1, -25, 106, at=NOW - timedelta(seconds=1))
    slots = row(2, -6, 100)
    assert pairs(charges=[charge(credits=31, balance=100)], rows=[coverage, slots]) == {
        1: ((1, 2), "command-run")
    }


def test_parts_that_somebody_else_owns_are_no_run() -> None:
    coverage = row(1, -25, 106, is_taken=True)
    assert pairs(charges=[charge(credits=31, balance=100)], rows=[coverage, row(2, -6, 100)]) == {}


# A workspace in which several hands spend at once


@dataclass(frozen=True)
class World:
    """A true history, what the Commands were told, and whose each entry really is."""

    charges: list[Charge]
    rows: list[Row]
    owner: dict[int, int | None]  # entry → Command, None = not ours
    told_true: set[int]  # Commands whose answer carried their own entry's balance


@st.composite
def worlds(draw: st.DrawFn) -> World:
    balance = draw(st.integers(500, 1000))
    at = NOW
    charges: list[Charge] = []
    rows: list[Row] = []
    owner: dict[int, int | None] = {}
    told_true: set[int] = set()
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["command", "command", "evidence", "late", "parts", "web", "top-up"]),
                st.sampled_from([25, 31, 38, 52]),
                st.sampled_from([0, 1, 30, 200]),
            ),
            max_size=25,
        )
    )
    for number, (kind, credits, pause) in enumerate(steps):
        at += timedelta(seconds=pause)
        amounts = [credits] if kind == "top-up" else [-credits]
        if kind == "parts":
            amounts = [-credits + 6, -6]
        for amount in amounts:
            balance += amount
            entry = len(rows)
            rows.append(Row(entry, amount, balance, at))
            owner[entry] = None if kind in ("web", "top-up") else number
        if kind in ("web", "top-up"):
            continue
        told: int | None = balance
        if kind == "evidence":
            told = None
        elif kind == "late":  # somebody spent between the debit and the answer
            balance -= 7
            rows.append(Row(len(rows), -7, balance, at))
            owner[len(rows) - 1] = None
            told = balance
        else:
            told_true.add(number)
        answered = at + timedelta(seconds=draw(st.sampled_from([0, 1, 20])))
        charges.append(Charge(number, credits, told, answered - WINDOW, answered + WINDOW))
    return World(charges, rows, owner, told_true)


@settings(max_examples=300)
@given(worlds())
def test_no_entry_goes_to_two_commands_and_none_to_a_command_that_it_does_not_pay_for(world: World) -> None:
    matches = match(world.charges, world.rows, complete_through=at_the_end(world))
    given_away = [entry for made in matches for entry in made.entry_ids]
    assert len(given_away) == len(set(given_away))
    assert len({made.command_id for made in matches}) == len(matches)
    amounts = {row.entry_id: row.amount for row in world.rows}
    credits = {charge.command_id: charge.credits for charge in world.charges}
    for made in matches:
        assert sum(amounts[entry] for entry in made.entry_ids) == -credits[made.command_id]


@settings(max_examples=500)
@given(worlds())
def test_a_command_that_was_told_its_balance_gets_its_own_entries_or_none(world: World) -> None:
    for made in match(world.charges, world.rows, complete_through=at_the_end(world)):
        if made.command_id in world.told_true:
            assert {world.owner[entry] for entry in made.entry_ids} == {made.command_id}


@settings(max_examples=200)
@given(worlds(), st.randoms())
def test_the_order_in_which_they_come_says_nothing(world: World, random: object) -> None:
    before = match(world.charges, world.rows, complete_through=at_the_end(world))
    random.shuffle(world.charges)  # type: ignore[attr-defined]
    random.shuffle(world.rows)  # type: ignore[attr-defined]
    assert match(world.charges, world.rows, complete_through=at_the_end(world)) == before


@settings(max_examples=200)
@given(worlds())
def test_a_second_look_finds_nothing_more(world: World) -> None:
    """What was given away is taken; what was not certain has not become so by that."""
    matches = match(world.charges, world.rows, complete_through=at_the_end(world))
    given_away = {entry for made in matches for entry in made.entry_ids}
    served = {made.command_id for made in matches}
    again = match(
        [charge for charge in world.charges if charge.command_id not in served],
        [replace(row, is_taken=row.entry_id in given_away) for row in world.rows],
        complete_through=at_the_end(world),
    )
    assert again == []


def at_the_end(world: World) -> datetime:
    return max((charge.latest for charge in world.charges), default=NOW) + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("type", "description", "amount", "expected"),
    [
        ("credit", "Top-up", 500, True),
        ("purchase", "", 500, True),
        ("bonus", "Credits bought: pack of 500", 500, True),
        ("credit", "Top-up of your account", 500, True),
        ("credit", "Refund: video slot cancelled", 2, False),
        ("refund", "Top-up refund", 2, False),
        ("credit", "Warming targets not configured", 45, False),
        ("credit", "Credits restored after a ban", 32, False),
        ("adjustment", "By staff", 10, False),
        ("something_new", "", 10, False),
        ("credit", "Top-up", -500, False),
    ],
)
def test_a_top_up_is_known_only_where_nothing_speaks_against_it(
    type: str, description: str, amount: int, expected: bool
) -> None:
    assert is_top_up(type=type, description=description, amount=amount) is expected


def test_an_expiry_is_told_by_its_words_and_its_sign() -> None:
    assert is_expiry(type="expiration", description="", amount=-600)
    assert is_expiry(type="debit", description="Credits expired", amount=-600)
    assert not is_expiry(type="debit", description="Bundle created", amount=-52)


def test_suggestions_begin_with_the_same_amount_then_the_nearest() -> None:
    charges = [
        charge(1, credits=38),
        charge(2, at=NOW + timedelta(hours=3)),
        charge(3, at=NOW + timedelta(hours=1)),
        charge(4, at=NOW + timedelta(days=9)),
    ]
    found = nearest(charges, row(), within=timedelta(days=1))
    assert [suggested.command_id for suggested in found] == [3, 2, 1]
