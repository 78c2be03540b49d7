"""One piece of work inside one transaction: where it is written, when it happens and who does it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import assumed
from .errors import ControlError
from .faults import Faults
from .prices import Prices
from .store import Store

Json = dict[str, Any]

COVERAGE = ("free", "charged", "due")  # what becomes of Coverage periods that end
DRY_RUN_ID_PREFIX = "00000000-0000-4000-8000-"


@dataclass
class Settings:
    """How the whole sandbox behaves; changed through /_sandbox only."""

    media_url: str = ""  # where uploaded bytes are served, e.g. http://127.0.0.1:8001/media
    managers_work_alone: bool = False  # managers accept, submit and post by themselves as the clock passes
    coverage_is_charged: bool = False  # False: Coverage periods roll on for nothing
    coverage_renews_itself: bool = True  # False: a period that is due waits for the next call that needs it
    bulk_history: str = assumed.CREDITS_PER_BULK
    webhook_retry_seconds: tuple[float, ...] = assumed.WEBHOOK_RETRY_SECONDS

    @property
    def coverage(self) -> str:
        if not self.coverage_is_charged:
            return "free"
        return "charged" if self.coverage_renews_itself else "due"

    def set_coverage(self, what: str) -> None:
        """One of COVERAGE. Raises ControlError for another word."""
        if what not in COVERAGE:
            raise ControlError(f"`coverage` must be one of {', '.join(COVERAGE)}")
        self.coverage_is_charged = what != "free"
        self.coverage_renews_itself = what != "due"


@dataclass
class Work:
    store: Store
    now: datetime  # the sandbox's clock
    prices: Prices
    settings: Settings
    faults: Faults
    origin: str  # api, web, manager, clock: who did it, as /_sandbox/books tells it
    operation: str | None = None
    api_key: str | None = None
    idempotency_key: str | None = None
    request_id: str | None = None
    dry_run: bool = False
    charged: int = 0  # credits debited by this work so far
    cost_parts: dict[str, int] = field(default_factory=dict)

    def new_id(self) -> str:
        """A new UUID; recognisable as simulated in a dry run."""
        return DRY_RUN_ID_PREFIX + uuid.uuid4().hex[:12] if self.dry_run else str(uuid.uuid4())
