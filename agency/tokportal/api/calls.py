"""What the methods of every area share: reading one, reading pages, changing."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final, TypeVar
from uuid import UUID

from ..errors import DryRunIgnored
from ..reading import clean, flag, pick, rows, whole
from ..results import Answer, Page, PageNumbers, breakdown_of
from ..transport import Call, Received, Transport

T = TypeVar("T")
Row = TypeVar("Row")

PER_PAGE: Final = 100  # the most that the API gives

Body = Mapping[str, object]
Key = str | UUID | None
Ids = Mapping[str, object]
Files = Mapping[str, tuple[str, bytes | IO[bytes], str]]

_NO_IDS: Final[Ids] = {}


def nothing(document: object) -> None:
    """Reads an answer whose object has no known shape."""


class Calls:
    """Base of the areas; the transport is set by `TokPortal`."""

    _transport: Transport

    def _read(
        self, operation: str, path: str, ids: Ids = _NO_IDS, query: Mapping[str, object] | None = None
    ) -> object:
        return self._transport.read(Call(operation, "GET", path, ids, query=query)).document

    def _page(
        self,
        operation: str,
        path: str,
        read: Callable[[object], Row],
        *,
        page: int,
        per_page: int = PER_PAGE,
        ids: Ids = _NO_IDS,
        query: Mapping[str, object] | None = None,
        names: tuple[str, ...] = (),
    ) -> Page[Row]:
        document = self._read(operation, path, ids, {**(query or {}), "page": page, "per_page": per_page})
        numbers = PageNumbers.from_json(document)
        return Page(
            items=tuple(read(row) for row in rows(document, *names)),
            page=page,
            total=numbers.total,
            total_pages=numbers.total_pages,
        )

    def _pages(
        self,
        operation: str,
        path: str,
        read: Callable[[object], Row],
        *,
        per_page: int = PER_PAGE,
        ids: Ids = _NO_IDS,
        query: Mapping[str, object] | None = None,
        names: tuple[str, ...] = (),
    ) -> Iterator[Row]:
        """All rows, a page at a time. Rows that appear meanwhile can make one repeat or be skipped."""
        number, has_more = 1, True
        while has_more:
            page = self._page(
                operation, path, read, page=number, per_page=per_page, ids=ids, query=query, names=names
            )
            yield from page.items
            number, has_more = number + 1, page.has_more

    def _change(
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[object], T],
        ids: Ids = _NO_IDS,
        *,
        body: Body | None = None,
        fields: Mapping[str, str] | None = None,
        files: Files | None = None,
        key: Key = None,
        dry_run: bool = False,
        takes_key: bool = True,
    ) -> Answer[T]:
        if key is not None and not takes_key:
            raise ValueError(f"{operation} takes no idempotency key: its answer is secret and never stored")
        if key is not None and dry_run:
            raise ValueError("a dry run takes no idempotency key: the key belongs to the real call")
        written = None if key is None else str(key)
        if written is not None and not (
            0 < len(written) <= 255 and written.isascii() and written.isprintable()
        ):
            raise ValueError("an idempotency key is 1 to 255 printable ASCII characters")
        received = self._transport.send(
            Call(
                operation,
                method,
                path,
                ids,
                body=body,
                fields=fields,
                files=files,
                key=written,
                dry_run=dry_run,
            )
        )
        answer = _answer(received, read)
        if dry_run and not answer.dry_run:
            raise DryRunIgnored(answer)
        return answer


def _answer(received: Received, read: Callable[[object], T]) -> Answer[T]:
    document = received.document
    # Some answers put the price inside `data`.
    data = pick(document, "data")
    return Answer(
        result=read(document),
        status=received.status,
        request_id=received.request_id,
        replayed=received.replayed,
        dry_run=(flag(pick(document, "dry_run")) or flag(pick(data, "dry_run"))) is True,
        credits_charged=whole(_first(document, data, "credits_charged")),
        credits_remaining=whole(_first(document, data, "credits_remaining")),
        credits_would_charge=whole(_first(document, data, "credits_would_charge")),
        cost_breakdown=breakdown_of(_first(document, data, "cost_breakdown")),
        server_time=received.server_time,
        raw=clean(document if isinstance(document, Mapping) else {"data": document}),
    )


def _first(document: object, data: object, name: str) -> object:
    stated = pick(document, name)
    return stated if stated is not None else pick(data, name)
