"""Lists as CSV files, streamed row by row."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from django.http import StreamingHttpResponse

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins with one of these


class _Line:
    """A file that hands each line on instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def csv_download(
    name: str, columns: Iterable[str], rows: Iterable[Iterable[object]]
) -> StreamingHttpResponse:
    """`name` without its ending. Numbers stay numbers; times are ISO 8601 in UTC."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Line())
        yield writer.writerow(columns)
        for row in rows:
            yield writer.writerow(cell(value) for value in row)

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8", headers=headers)


def cell(value: object) -> object:
    """A value as a cell: nothing is empty, text cannot become a formula."""
    if value is None:
        return ""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(DANGEROUS):
        return f"'{value}"
    return value
