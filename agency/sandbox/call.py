"""One API request, read and checked, as the operations see it."""

from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import FileStorage, MultiDict

from .sender import Sender
from .work import Work


@dataclass(frozen=True)
class Text:
    """An answer that is not JSON: CSV or HTML."""

    body: str
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Call(Work):
    sender: Sender
    body: Any = None  # the decoded JSON body, or None without one
    args: MultiDict[str, str] = field(default_factory=MultiDict)  # the query string
    form: MultiDict[str, str] = field(default_factory=MultiDict)  # the fields of a multipart body
    files: MultiDict[str, FileStorage] = field(default_factory=MultiDict)
