"""All parts of one running sandbox, and how time passes in it."""

import threading
import traceback
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from . import credits, fixtures, manager, passing
from .call import Call
from .clock import Clock
from .errors import ControlError
from .faults import Faults
from .idempotency import Keys
from .limits import RateLimit
from .prices import PROFILES, Prices
from .sender import Sender
from .store import Store
from .work import Settings, Work

TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Beginning:
    """How a sandbox begins, as its command line says."""

    credits: int
    rate: int
    now: datetime | None
    has_fixtures: bool
    managers_work_alone: bool
    coverage: str  # one of work.COVERAGE


@dataclass
class World:
    store: Store
    clock: Clock
    prices: Prices
    api_keys: set[str]
    beginning: Beginning
    revoked_keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.settings = Settings()
        self.settings.set_coverage(self.beginning.coverage)
        self.rate = RateLimit(self.beginning.rate)
        self.faults = Faults()
        self.keys = Keys(self.store)
        self.sender = Sender(self.store, self.clock, self.settings)
        self._is_stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="time", daemon=True)

    def begin(self) -> None:
        """Take up an earlier run's store, or give a new one its first credits and fixtures."""
        self.prices.overrides = self.store.recall("price_overrides", {})
        self.clock.offset = timedelta(seconds=self.store.recall("clock_offset_seconds", 0))
        if self.beginning.now:
            self.set_clock(self.beginning.now)
        with self.store.transaction():
            if self.beginning.credits and not self.store.value("SELECT 1 FROM credit_entries"):
                credits.top_up(self.work("top_up"), self.beginning.credits, "Top-up")
            if self.beginning.has_fixtures and not fixtures.are_there(self.store):
                fixtures.load(self.work("staff"))
        if self.beginning.managers_work_alone:
            self.let_managers_work_alone(True)

    def reset(self) -> None:
        """Forget everything, faults and changed prices too, and begin again."""
        self.faults.clear()
        self.revoked_keys.clear()
        self.rate.set(self.beginning.rate)
        fresh = Settings(media_url=self.settings.media_url)
        fresh.set_coverage(self.beginning.coverage)
        vars(self.settings).update(vars(fresh))
        with self.store.transaction():
            self.store.clear()
        self.begin()

    def start(self) -> None:
        self.sender.start()
        self._ticker.start()

    def stop(self) -> None:
        self._is_stopping.set()
        self._ticker.join(timeout=2)
        self.sender.stop()
        self.store.close()

    def work(self, origin: str, now: datetime | None = None) -> Work:
        """The context for a piece of work that no API request asked for."""
        return Work(
            store=self.store,
            now=now or self.clock.now(),
            prices=self.prices,
            settings=self.settings,
            faults=self.faults,
            origin=origin,
        )

    def call(self, origin: str, body: Any) -> Call:
        """An operation that is not asked for over the API."""
        work = self.work(origin)
        return Call(**vars(work), sender=self.sender, body=body)

    # Time

    def _tick(self) -> None:
        """Time passes without requests, too."""
        while not self._is_stopping.wait(TICK_SECONDS):
            try:
                self.pass_time()
            except Exception:
                if not self._is_stopping.is_set():
                    traceback.print_exc()

    def pass_time(self) -> int:
        """Do what fell due up to now, in its order; returns how much that was."""
        renews = self.settings.coverage_renews_itself
        if not passing.is_due(self.store, self.clock.now(), with_coverage=renews):
            return 0
        with self.store.transaction():
            done = passing.run_due(
                self.store,
                self.clock.now(),
                lambda at, origin: self.work(origin, at),
                with_coverage=renews,
            )
        self.sender.ring()
        return done

    def set_clock(self, moment: datetime) -> int:
        """Set TokPortal's clock and do what fell due until then.

        A clock set back before anything was bought takes the opening balance with it.
        """
        self.clock.set(moment)
        if self.store.value("SELECT count(*) FROM credit_entries") == 1:
            self.store.run("UPDATE credit_entries SET created_at = ? WHERE created_at > ?", moment, moment)
        self.store.remember("clock_offset_seconds", self.clock.offset.total_seconds())
        return self.pass_time()

    # Prices and managers

    def change_prices(self, changes: dict[str, Any]) -> None:
        for name, price in changes.items():
            if name not in PROFILES["current"] or isinstance(price, bool) or not isinstance(price, int):
                raise ControlError(f"no such price, or not a whole number: {name}")
        self.prices.overrides |= changes
        self.store.remember("price_overrides", self.prices.overrides)

    def dearer_accounts(self) -> dict[str, int]:
        """The change of prices that a `price_change` fault makes when it names none."""
        return {"account": self.prices.credits_for("account") + 1}

    def let_managers_work_alone(self, is_on: bool) -> None:
        """Switch the automatic mode, and plan or forget the visits to all bundles."""
        self.settings.managers_work_alone = is_on
        with self.store.transaction():
            work = self.work("manager")
            active = "SELECT id FROM bundles WHERE status IN ('published', 'published_priority', 'accepted')"
            for row in self.store.all(active):
                manager.plan_visit(work, row["id"])
