"""Who changed what, from the rows that the database keeps of every change (T3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from pghistory.models import Events

from agency.models import User

# Columns that say nothing to a reader: keys of the row and of what the page is about.
SILENT = {"id", "client_id", "campaign_id", "created_at", "updated_at", "version", "is_own"}
VERBS = {"insert": "added", "update": "changed", "delete": "removed"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, as a page shows it."""

    at: datetime  # machine time
    who: str
    what: str
    changes: list[FieldChange]


def history_of(row: models.Model, tracked: Sequence[type[models.Model]], *, limit: int = 15) -> list[Change]:
    """The last changes of `row` and of the rows of `tracked` models that belong to it, newest first.

    Two queries. `row` must be one that the reader may see.
    """
    event_models = [model.pgh_event_model for model in tracked]  # type: ignore[attr-defined]
    events = list(
        Events.objects.across(*event_models).references(row).order_by("-pgh_created_at", "-pgh_id")[:limit]
    )
    names = {user.pk: user.name for user in User.objects.filter(pk__in=_user_ids(events))}
    return [_change(event, names) for event in events]


def _user_ids(events: list[Events]) -> set[int]:
    actors = {(event.pgh_context or {}).get("user") for event in events}
    return {pk for pk in actors | {event.pgh_data.get("user_id") for event in events} if pk}


def _change(event: Events, names: dict[int, str]) -> Change:
    model = apps.get_model(event.pgh_obj_model)
    context = event.pgh_context or {}
    if event.pgh_label == "update":
        pairs = event.pgh_diff or {}
    else:  # what a row began or ended with; an empty field is no news
        pairs = {
            name: (None, value) if event.pgh_label == "insert" else (value, None)
            for name, value in event.pgh_data.items()
            if value not in (None, "")
        }
    changes = [
        FieldChange(_words(name), _value(model, name, before, names), _value(model, name, after, names))
        for name, (before, after) in pairs.items()
        if name not in SILENT
    ]
    what = f"{str(model._meta.verbose_name).capitalize()} {VERBS.get(event.pgh_label, event.pgh_label)}"
    who = names.get(context.get("user"), "somebody who is gone") if context.get("user") else "the system"
    return Change(event.pgh_created_at, who, what, changes)


def _words(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ").capitalize()


def _value(model: type[models.Model], name: str, value: Any, names: dict[int, str]) -> str:
    if value is None:
        return ""
    if name == "user_id":
        return names.get(value, "somebody who is gone")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_at"):
        return f"{datetime.fromisoformat(str(value)):%-d %b %Y, %H:%M} UTC"
    return str(value)
