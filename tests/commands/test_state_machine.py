"""Whatever is asked, lost, repeated or raced for, in whatever order: what must never be false stays true."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections as databases
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from agency.celery import app
from agency.connections import close_all, tokportal
from agency.models import Connection, User
from agency.tokportal import Lane, TokPortalError
from campaigns.commands import actions, sync
from campaigns.commands.sync import sending
from campaigns.ledger.models import Reservation
from campaigns.models import Bundle, Campaign, Command, CommandMove
from tests.commands.orders import BODY
from tests.sandbox_process import Sandbox

K, S = Command.Kind, Command.State

FAULTS = ("drop_before", "500", "drop_after", "500_after", "429", "capacity_cooldown", "price_change")
WRITES = ("createBundle", "addVideoSlots", "addEditSlots", "configureBundleAccount", "publishBundle")
LOOKS = ("listBundles", "getBundle", "listCreditTransactions")
STRIKES = st.none() | st.tuples(st.sampled_from(FAULTS), st.integers(1, 2))


class Commands(RuleBasedStateMachine):
    """The real actions and `sync` on PostgreSQL and a sandbox. Bells go to a queue that nobody serves."""

    def __init__(self, connection: Connection, campaign: Campaign, by: User, sandbox: Sandbox) -> None:
        super().__init__()
        self.connection, self.campaign, self.by, self.sandbox = connection, campaign, by, sandbox
        self.ahead = timedelta()  # how far our clock has been moved
        self.first = 0  # Commands of earlier examples are no business of this one

    @property
    def now(self) -> Any:
        return timezone.now() + self.ahead

    @property
    def commands(self) -> Any:
        return Command.objects.filter(pk__gt=self.first)

    @initialize()
    def begin(self) -> None:
        self.sandbox.clear_faults()
        latest = Command.objects.order_by("-pk").first()
        self.first = latest.pk if latest else 0

    # What people do

    @rule(strike=STRIKES, videos=st.integers(1, 3))
    def order(self, strike: tuple[str, int] | None, videos: int) -> None:
        body = {**BODY, "videos_quantity": videos}
        self._ask(K.CREATE_BUNDLE, body, strike, None)

    @precondition(lambda self: self._bundles())
    @rule(strike=STRIKES, quantity=st.integers(1, 2), edits=st.booleans(), which=st.integers(0, 5))
    def add_slots(self, strike: tuple[str, int] | None, quantity: int, edits: bool, which: int) -> None:
        bundle = self._bundles()[which % len(self._bundles())]
        kind = K.ADD_EDIT_SLOTS if edits else K.ADD_VIDEO_SLOTS
        self._ask(kind, {"quantity": quantity}, strike, bundle)

    @precondition(lambda self: self._bundles())
    @rule(which=st.integers(0, 5))
    def publish_what_is_not_ready(self, which: int) -> None:
        bundle = self._bundles()[which % len(self._bundles())]
        actions.publish_bundle(bundle=bundle, by=self.by, key=uuid4(), now=self.now)

    @precondition(lambda self: self.commands.exists())
    @rule(other_body=st.booleans())
    def press_again(self, other_body: bool) -> None:
        """The same form a second time is the same Command; with other content it is refused."""
        command = self.commands.order_by("-pk")[0]
        body = dict(command.body) | ({"title": "another"} if other_body else {})
        again = {"kind": command.kind, "connection": self.connection, "key": command.key, "by": self.by}
        count = Command.objects.count()
        try:
            found = actions.write_command(**again, now=self.now, target=command.target, body=body)
            assert not other_body
            assert found == command
        except actions.KeyAlreadyUsed:
            assert other_body
        assert Command.objects.count() == count

    @rule(is_true=st.booleans())
    def a_person_decides(self, is_true: bool) -> None:
        """About what is put before him, as TokPortal's own books say; and takes back what has not left."""
        charged = self._charged()
        for command in self.commands.filter(state=S.UNKNOWN, needs_person=True):
            credits = -sum(entry["amount"] for entry in charged[str(command.key)])
            if credits:
                actions.accept_as_done(command=command, by=self.by, note="", credits=credits, now=self.now)
            elif not charged[str(command.key)]:
                actions.withdraw(command=command, by=self.by, note="not there", now=self.now)
        if is_true and (waiting := self.commands.filter(state=S.QUEUED, first_sent_at=None).last()):
            actions.withdraw(command=waiting, by=self.by, note="", now=self.now)

    # What workers do

    @rule()
    def sweep(self) -> None:
        sync.sweep_commands(now=self.now)

    @rule(how=st.sampled_from(("send", "sweep", "resolve")))
    def two_workers_race(self, how: str) -> None:
        """For the oldest row that is under way, each with a database connection of its own."""
        row = self.commands.unsettled().order_by("pk").first()
        if row is None:
            return
        now, pk = self.now, row.pk
        work: dict[str, Callable[[], object]] = {
            "send": lambda: sync.send_command(pk, now=now),
            "sweep": lambda: sync.sweep_commands(now=now),
            "resolve": lambda: sync.resolve_command(pk, now=now),
        }
        together(work[how], work["send" if how != "resolve" else how])

    @rule(is_sent=st.booleans())
    def a_worker_is_killed(self, is_sent: bool) -> None:
        """After it has claimed a row, and with `is_sent` after TokPortal has answered."""
        due = self.commands.filter(pk__in=Command.objects.due(self.now)).first()
        if due is None:
            return
        command = Command.objects.select_related(*sending.RELATED).get(pk=due.pk)
        at = self.connection.upstream_now(self.now)
        if sending.claim(command, left_at=at, now=self.now) and is_sent:
            api = tokportal(self.connection, Lane.PERSON)
            with suppress(TokPortalError):  # nobody is left to hear of it
                sending.note_before(api, command)
                if sending.price_moved(api, command, now=at) is None:
                    sending.call(api, command)

    # What befalls them

    @rule(seconds=st.sampled_from((5, 40, 95, 400, 2 * 3600)))
    def time_passes(self, seconds: int) -> None:
        self.ahead += timedelta(seconds=seconds)

    @precondition(lambda self: self._lost())
    @rule()
    def a_request_that_was_lost_arrives_after_all(self) -> None:
        """The network held it back, or TokPortal was slow: it has the key that it was sent with."""
        with suppress(TokPortalError):
            sending.call(tokportal(self.connection, Lane.PERSON), self._lost()[0])

    @rule()
    def tokportal_forgets_its_keys(self) -> None:
        self.sandbox.control.post("/faults", json={"fault": "forget_keys"})

    @rule(operation=st.sampled_from(LOOKS), fault=st.sampled_from(("500", "drop_before")))
    def a_look_fails(self, operation: str, fault: str) -> None:
        self.sandbox.fault(fault, match={"operation": operation}, times=3)

    @rule(price=st.integers(2, 4))
    def prices_change(self, price: int) -> None:
        self.sandbox.control.post("/faults", json={"prices": {"video": price}})

    # What must never be false

    @invariant()
    def held_is_what_unsettled_commands_may_cost(self) -> None:
        held = Reservation.objects.filter(state=Reservation.State.HELD).values_list("command", "credits")
        unsettled = Command.objects.unsettled().filter(quoted_credits__gt=0)
        assert dict(held) == dict(unsettled.values_list("pk", "quoted_credits"))

    @invariant()
    def no_state_is_reached_but_by_its_moves(self) -> None:
        moves = CommandMove.objects.filter(command__pk__gt=self.first).order_by("pk")
        at: dict[int, str] = {}
        for pk, before, after in moves.values_list("command", "before", "after"):
            assert before == at.get(pk, "")
            assert not before or S(after) in Command.NEXT_STATES[S(before)]
            at[pk] = after
        assert at == dict(self.commands.values_list("pk", "state"))

    @invariant()
    def one_key_is_charged_once_and_as_its_command_says(self) -> None:
        charged = self._charged()
        for command in self.commands:
            entries = charged[str(command.key)]
            assert len(entries) <= 1
            took = -sum(entry["amount"] for entry in entries)
            if command.state == S.SUCCEEDED:
                assert took == command.credits_charged
            elif command.is_settled:
                assert not took

    @invariant()
    def nothing_is_doubled_at_tokportal(self) -> None:
        refs = Counter(bundle.external_ref for bundle in tokportal_reads(self.connection))
        assert not [ref for ref, count in refs.items() if count > 1]

    def teardown(self) -> None:
        """Once nothing goes wrong any more, everything comes to an end or before a person."""
        self.sandbox.clear_faults()
        for _ in range(12):
            self.ahead += timedelta(minutes=20)
            sync.sweep_commands(now=self.now)
            self.a_person_decides(False)
        assert not self.commands.unsettled().exists()
        self.held_is_what_unsettled_commands_may_cost()
        self.one_key_is_charged_once_and_as_its_command_says()

    def _ask(
        self, kind: str, body: dict[str, Any], strike: tuple[str, int] | None, bundle: Bundle | None
    ) -> None:
        now, key = self.now, uuid4()
        self.connection.refresh_from_db()
        try:
            quote = sync.quote(
                self.connection,
                kind=kind,
                body=body,
                now=now,
                by=self.by,
                campaign=self.campaign,
                bundle=bundle,
            )
            if strike:
                match = {"operation": _operation(kind), "dry_run": False}
                self.sandbox.fault(strike[0], match=match, times=strike[1])
            if bundle is None:
                actions.order_bundle(
                    campaign=self.campaign,
                    connection=self.connection,
                    by=self.by,
                    key=key,
                    body=body,
                    quote=quote,
                    now=now,
                )
            else:
                actions.add_slots(
                    bundle=bundle,
                    by=self.by,
                    key=key,
                    quantity=body["quantity"],
                    quote=quote,
                    now=now,
                    edits=kind == K.ADD_EDIT_SLOTS,
                )
        except (TokPortalError, actions.CannotSend):
            assert not Command.objects.filter(key=key).exists()

    def _lost(self) -> list[Command]:
        """Those that left, as far as anybody knows, and that no look has found at TokPortal."""
        charged = self._charged()
        sent = self.commands.unsettled().filter(first_sent_at__isnull=False, needs_person=False)
        return [row for row in sent.select_related(*sending.RELATED) if not charged[str(row.key)]]

    def _bundles(self) -> list[Bundle]:
        ordered = self.commands.filter(kind=K.CREATE_BUNDLE, state=S.SUCCEEDED)
        return list(Bundle.objects.filter(commands__in=ordered).order_by("pk"))

    def _charged(self) -> dict[str, list[dict[str, Any]]]:
        """Every charge of the sandbox's books by the key that caused it."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in self.sandbox.books():
            if entry["idempotency_key"]:
                found[entry["idempotency_key"]].append(entry)
        return found


def _operation(kind: str) -> str:
    return {K.CREATE_BUNDLE: WRITES[0], K.ADD_VIDEO_SLOTS: WRITES[1], K.ADD_EDIT_SLOTS: WRITES[2]}[K(kind)]


def tokportal_reads(connection: Connection) -> list[Any]:
    """All bundles, past the faults that wait for a look."""
    while True:
        try:
            return list(tokportal(connection).list_bundles())
        except TokPortalError:
            continue


def together(*work: Callable[[], object]) -> None:
    """Each in a thread of its own, from the same moment on. Raises the first error of them."""
    barrier = threading.Barrier(len(work))
    errors: list[BaseException] = []

    def run(do: Callable[[], object]) -> None:
        try:
            barrier.wait()
            do()
        except BaseException as error:
            errors.append(error)
        finally:
            databases.close_all()

    threads = [threading.Thread(target=run, args=(do,)) for do in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.django_db(transaction=True)
def test_commands_keep_what_must_never_be_false(
    connection: Connection, campaign: Campaign, manager: User, sandbox: Sandbox
) -> None:
    app.conf.update(task_always_eager=False)
    try:
        run_machine(
            lambda: Commands(connection, campaign, manager, sandbox),
            settings=settings(
                max_examples=12,
                stateful_step_count=14,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        app.conf.update(task_always_eager=True)
        close_all()
