"""One method per operation of the API that we use."""

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx

from ..pace import Lane, Pace
from ..record import CallRecord
from ..transport import Transport
from .accounts import Accounts
from .analytics import Analytics
from .bundles import Bundles
from .credits import Credits
from .reference import Reference
from .uploads import Uploads
from .videos import Videos
from .webhooks import Webhooks


class TokPortal(Reference, Credits, Bundles, Videos, Accounts, Analytics, Uploads, Webhooks):
    """One TokPortal workspace, through one key.

    Reads return frozen rows, or iterators of them that fetch page by page, and are tried up to three times
    in 10 s. Changes are sent exactly once and return an `Answer`; the caller owns every retry, with the same
    `key` and body. All raise the errors of `agency.tokportal.errors`, and ValueError for calls that the API
    is known to refuse.
    """

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        pace: Pace | None = None,
        lane: Lane = Lane.BACKGROUND,
        timeout_seconds: float = 20,
        on_answer: Callable[[CallRecord], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(
            base_url=base_url,
            api_key=api_key,
            pace=pace,
            lane=lane,
            timeout_seconds=timeout_seconds,
            on_answer=on_answer,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TokPortal({self._transport.base_url!r})"

    def close(self) -> None:
        self._transport.close()

    @property
    def skew(self) -> timedelta | None:
        """TokPortal's clock minus ours at the last answer, to about a second; None before the first one."""
        return self._transport.skew
