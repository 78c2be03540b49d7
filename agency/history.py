"""Who changed what, from the rows that the database keeps of every change (T3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from pghistory.models import Events

from agency.models import User

# Columns that say nothing to a reader: keys of the row and of what the page is about.
SILENT = {"id", "client_id", "campaign_id", "created_at", "updated_at", "version", "is_own"}
VERBS = {"insert": "added", "update": "changed", "delete": "removed"}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, or of several of a kind that one person made at once, as a page shows it."""

    at: datetime  # machine time
    who: str
    what: str
    details: list[str]


def history_of(
    row: models.Model, tracked: Sequence[type[models.Model]], *, narrower: str = "", limit: int = 30
) -> list[Change]:
    """The last changes of `row` and of the rows of `tracked` models that belong to it, newest first.

    Rows that also fill the column `narrower` belong to something smaller and are left out.
    Two queries. `row` must be one that the reader may see.
    """
    event_models = [model.pgh_event_model for model in tracked]  # type: ignore[attr-defined]
    found = Events.objects.across(*event_models).references(row)
    if narrower:
        found = found.filter(~Q(pgh_data__has_key=narrower) | Q(**{f"pgh_data__{narrower}": None}))
    events = list(found.order_by("-pgh_created_at", "-pgh_id")[:limit])
    names = {user.pk: user.name for user in User.objects.filter(pk__in=_user_ids(events))}
    changes: list[Change] = []
    for change in (_change(event, names) for event in events):
        last = changes[-1] if changes else None
        if last and (last.at, last.who, last.what) == (change.at, change.who, change.what):
            last.details.extend(change.details)
        else:
            changes.append(change)
    return changes


def _user_ids(events: list[Events]) -> set[int]:
    actors = {(event.pgh_context or {}).get("user") for event in events}
    return {pk for pk in actors | {event.pgh_data.get("user_id") for event in events} if pk}


def _change(event: Events, names: dict[int, str]) -> Change:
    model = apps.get_model(event.pgh_obj_model)
    user_id = (event.pgh_context or {}).get("user")
    if event.pgh_label == "update":
        details = [
            f"{_words(name)}: {_value(name, before, names) or 'empty'} → {_value(name, after, names) or 'empty'}"
            for name, (before, after) in (event.pgh_diff or {}).items()
            if name not in SILENT
        ]
    else:  # what a row began or ended with; an empty field is no news
        values = {
            _words(name): _value(name, value, names)
            for name, value in event.pgh_data.items()
            if name not in SILENT and value not in (None, "", False)
        }
        is_short = len(values) <= 2
        details = [" · ".join(values.values())] if is_short else [f"{k}: {v}" for k, v in values.items()]
    return Change(
        at=event.pgh_created_at,
        who=names.get(user_id, "somebody who is gone") if user_id else "the system",
        what=f"{str(model._meta.verbose_name).capitalize()} {VERBS.get(event.pgh_label, event.pgh_label)}",
        details=details,
    )


def _words(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()


def _value(name: str, value: Any, names: dict[int, str]) -> str:
    if value is None:
        return ""
    if name == "user_id":
        return names.get(value, "somebody who is gone")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_at"):
        return f"{datetime.fromisoformat(str(value)):%-d %b %Y, %H:%M} UTC"
    return str(value)
