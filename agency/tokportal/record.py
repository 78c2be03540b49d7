"""What is told of each call, for operators."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .oddities import Oddity
from .pace import Lane

PUT_PRESIGNED: Final = "putPresigned"  # our name for what is no operation of the API


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One HTTP call, for operators. Never holds the key or a body; the path is the template, `ids` fill it."""

    method: str
    operation: str
    path_template: str
    status: int | None  # None = no answer
    milliseconds: int
    request_id: str
    credits_charged: int | None
    error_code: str | None
    at: datetime  # machine time, UTC, when the call began
    server_time: datetime | None = None  # TokPortal's clock, UTC, from the Date header
    ids: Mapping[str, str] = field(default_factory=dict)
    lane: Lane = Lane.BACKGROUND
    attempt: int = 1  # of a read, which is tried up to three times
    failure: str = ""  # name of the error that it ended with; empty = a success
    is_dry_run: bool = False
    is_replay: bool = False  # the stored answer to an earlier call: nothing ran, nothing was charged again
    with_key: bool = True  # False: bytes put to a storage address, which TokPortal itself never sees
    oddities: tuple[Oddity, ...] = ()  # what the answer says that we do not know
