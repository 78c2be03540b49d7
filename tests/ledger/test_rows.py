"""What the database itself refuses, whoever asks and in whatever way (M4, M5)."""

from collections.abc import Callable

import pytest
from django.db import Error, IntegrityError, connection, transaction

from campaigns.ledger import actions
from campaigns.ledger.models import Allocation, Budget, CreditDrift, CreditEntry
from tests.factories import NOW, make_campaign, make_client, make_connection, make_user

pytestmark = pytest.mark.django_db(transaction=True)
Owner = Allocation.Owner


@pytest.fixture
def entry(db: None) -> CreditEntry:
    return CreditEntry.objects.create(
        connection=make_connection(),
        upstream_id="txn_1",
        amount=-52,
        balance_after=100,
        created_at=NOW,
        imported_at=NOW,
    )


@pytest.fixture
def allocation(entry: CreditEntry) -> Allocation:
    return actions.allocate(entry, [actions.Part(-52, Owner.AGENCY)], rule="person", now=NOW)[0]


@pytest.fixture
def drift(entry: CreditEntry) -> CreditDrift:
    return CreditDrift.objects.create(entry=entry, raw={"amount": -25}, seen_at=NOW)


ROWS = ["entry", "allocation", "drift"]
ATTACKS: dict[str, Callable[[type, int], object]] = {
    "an update of the queryset": lambda model, pk: model.objects.filter(pk=pk).update(id=pk),
    "a delete of the queryset": lambda model, pk: model.objects.filter(pk=pk)._raw_delete("default"),
    "a save of the row": lambda model, pk: model.objects.get(pk=pk).save(),
    "a bulk update": lambda model, pk: model.objects.bulk_update(
        [model.objects.get(pk=pk)], [model._meta.fields[1].name]
    ),
    "raw SQL that updates": lambda model, pk: _run(f"UPDATE {model._meta.db_table} SET id = id"),
    "raw SQL that deletes": lambda model, pk: _run(f"DELETE FROM {model._meta.db_table}"),
    "raw SQL that upserts": lambda model, pk: _run(
        f"INSERT INTO {model._meta.db_table} SELECT * FROM {model._meta.db_table}"
        " ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id"
    ),
}


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", ROWS)
def test_what_is_in_the_books_stays_as_it_is(name: str, attack: str, request: pytest.FixtureRequest) -> None:
    row = request.getfixturevalue(name)
    before = type(row).objects.values().get(pk=row.pk)
    with pytest.raises(Error, match="Cannot update or delete"), transaction.atomic():
        ATTACKS[attack](type(row), row.pk)
    assert type(row).objects.values().get(pk=row.pk) == before


def allocate_by_hand(entry: CreditEntry, *amounts: int) -> None:
    with transaction.atomic():
        for amount in amounts:
            Allocation.objects.create(entry=entry, amount=amount, owner=Owner.AGENCY, rule="x", made_at=NOW)


@pytest.mark.parametrize("amounts", [(-51,), (-53,), (52,), (-52, -52), (-26, -25)])
def test_parts_that_are_not_the_whole_do_not_survive_the_commit(
    entry: CreditEntry, amounts: tuple[int, ...]
) -> None:
    with pytest.raises(IntegrityError, match="add up to"):
        allocate_by_hand(entry, *amounts)
    assert not Allocation.objects.exists()


@pytest.mark.parametrize("amounts", [(-60, 8), (-52, 10, -10), (52, -52, -52)])
def test_a_part_is_signed_like_the_whole(entry: CreditEntry, amounts: tuple[int, ...]) -> None:
    with pytest.raises(IntegrityError, match="signed like"):
        allocate_by_hand(entry, *amounts)


@pytest.mark.parametrize("wrong", ["amount", "owner", "client", "campaign", "twice"])
def test_a_reversal_mirrors_what_it_reverses(entry: CreditEntry, wrong: str) -> None:
    campaign = make_campaign()
    part = actions.Part(-52, Owner.CLIENT, client=campaign.client, campaign=campaign)
    made = actions.allocate(entry, [part], rule="person", now=NOW)[0]
    row = {"entry": entry, "amount": 52, "owner": "client", "client": campaign.client, "campaign": campaign}
    row |= {"rule": "person", "made_at": NOW, "reverses": made}
    if wrong == "amount":
        row["amount"] = 51
    elif wrong == "owner":
        row |= {"owner": "agency", "client": None}
    elif wrong == "client":
        row["client"] = make_client()
    elif wrong == "campaign":
        row["campaign"] = None
    if wrong == "twice":
        Allocation.objects.create(**row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Allocation.objects.create(**row)


def test_parts_that_are_the_whole_do(entry: CreditEntry) -> None:
    allocate_by_hand(entry, -30, -22)
    assert Allocation.objects.count() == 2


def test_an_entry_that_is_given_away_cannot_be_given_away_again(allocation: Allocation) -> None:
    with pytest.raises(IntegrityError, match="add up to"):
        allocate_by_hand(allocation.entry, -52)


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": "client"},
        {"owner": "agency", "with_client": True},
        {"amount": 0},
        {"confidence": 101},
    ],
    ids=["a client without a name", "a name that is no client's", "nothing", "more than certain"],
)
def test_an_allocation_that_makes_no_sense_is_refused(entry: CreditEntry, wrong: dict[str, object]) -> None:
    row = {"entry": entry, "amount": -52, "owner": "agency", "rule": "x", "made_at": NOW, **wrong}
    if row.pop("with_client", False):
        row["client"] = make_client()
    with pytest.raises(IntegrityError), transaction.atomic():
        Allocation.objects.create(**row)


def test_an_entry_has_one_row_per_connection(entry: CreditEntry) -> None:
    fields = {"amount": -1, "balance_after": 0, "created_at": NOW, "imported_at": NOW}
    with pytest.raises(IntegrityError), transaction.atomic():
        CreditEntry.objects.create(connection=entry.connection, upstream_id="txn_1", **fields)
    other = make_connection(is_active=False)
    assert CreditEntry.objects.create(connection=other, upstream_id="txn_1", **fields)


def test_a_client_has_one_budget_and_a_campaign_one(db: None) -> None:
    campaign = make_campaign()
    actions.set_budget(client=campaign.client, campaign=None, credits=100)
    actions.set_budget(client=campaign.client, campaign=campaign, credits=50)
    actions.set_budget(client=campaign.client, campaign=None, credits=200)
    assert Budget.objects.count() == 2
    for of in (None, campaign):
        with pytest.raises(IntegrityError), transaction.atomic():
            Budget.objects.create(client=campaign.client, campaign=of, credits=1)
    actions.set_budget(client=campaign.client, campaign=None, credits=None)
    assert Budget.objects.get().campaign == campaign


# The verbs


def test_a_split_names_every_owner(entry: CreditEntry) -> None:
    campaign = make_campaign()
    parts = [
        actions.Part(-40, Owner.CLIENT, client=campaign.client, campaign=campaign),
        actions.Part(-12, Owner.SHARED),
    ]
    actions.allocate(entry, parts, rule="person", now=NOW)
    assert sorted(entry.allocations.values_list("amount", "owner")) == [(-40, "client"), (-12, "shared")]


def test_parts_that_make_no_sense_are_refused_in_words(entry: CreditEntry) -> None:
    campaign, stranger = make_campaign(), make_client("stranger")
    wrong = {
        "add up": [actions.Part(-51, Owner.AGENCY)],
        "signed like": [actions.Part(-60, Owner.AGENCY), actions.Part(8, Owner.SHARED)],
        "either to a client": [actions.Part(-52, Owner.CLIENT)],
        "either to a": [actions.Part(-52, Owner.POOL, client=stranger)],
        "not a campaign of": [actions.Part(-52, Owner.CLIENT, client=stranger, campaign=campaign)],
    }
    for words, parts in wrong.items():
        with pytest.raises(actions.WrongAllocation, match=words):
            actions.allocate(entry, parts, rule="person", now=NOW)
    with pytest.raises(actions.WrongAllocation, match="add up"):
        actions.allocate(entry, [], rule="person", now=NOW)


def test_what_was_taken_back_can_be_given_to_another_and_all_of_it_stays_readable(
    allocation: Allocation,
) -> None:
    entry, by, client = allocation.entry, make_user(), make_client()
    with pytest.raises(actions.WrongAllocation, match="owner already"):
        actions.allocate(entry, [actions.Part(-52, Owner.SHARED)], rule="person", now=NOW)
    with pytest.raises(actions.WrongAllocation, match="Say why"):
        actions.reverse_allocations(entry, by=by, reason=" ", now=NOW)
    actions.reverse_allocations(entry, by=by, reason="It was Acme's.", now=NOW)
    with pytest.raises(actions.WrongAllocation, match="nobody"):
        actions.reverse_allocations(entry, by=by, reason="Again", now=NOW)
    actions.allocate(entry, [actions.Part(-52, Owner.CLIENT, client=client)], rule="person", now=NOW, by=by)
    assert [(made.amount, made.owner) for made in entry.allocations.order_by("pk")] == [
        (-52, "agency"),
        (52, "agency"),
        (-52, "client"),
    ]
    assert entry.allocations.standing().get().client == client
