"""Who changed what, from the rows that the database keeps of every change (T3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pghistory.models import Events

from agency.formats import day, moment
from agency.models import User
from campaigns.models import Platform

# Columns that say nothing to a reader.
SILENT = {"id", "created_at", "updated_at", "version", "is_own"}
GONE = gettext_noop("somebody who is gone")
# What the forms call a column or a thing; Django's own columns have the name that their model gives them.
COLUMN_WORDS = {
    "name": gettext_noop("Name"),
    "slug": gettext_noop("Short name"),
    "colour": gettext_noop("Colour"),
    "contact_name": gettext_noop("Contact name"),
    "contact_email": gettext_noop("Contact's email"),
    "notes": gettext_noop("Notes"),
    "starts_on": gettext_noop("First day"),
    "ends_on": gettext_noop("Last day"),
    "goal": gettext_noop("Goal"),
    "archived_at": gettext_noop("Archived"),
    "country": gettext_noop("Country"),
    "platform": gettext_noop("Platform"),
    "prefix": gettext_noop("Prefix"),
    "credits": gettext_noop("Budget in credits"),
    "username": gettext_noop("User name"),
    "role": gettext_noop("Role"),
    "is_active": gettext_noop("May sign in"),
    "visible_name": gettext_noop("Name"),
    "biography": gettext_noop("Biography"),
    "profile_picture_url": gettext_noop("Picture"),
    "link_in_bio": gettext_noop("Link in bio"),
    "caption": gettext_noop("Caption"),
    "media": gettext_noop("Media"),
    "publish_date": gettext_noop("Day"),
    "video_type": gettext_noop("Type"),
    "external_ref": gettext_noop("Reference"),
    "market_country": gettext_noop("Country"),
    "instagram_content_type": gettext_noop("Instagram"),
    "editing_instructions": gettext_noop("Instructions for editing"),
    "disclose_as_ads": gettext_noop("Disclosed as an ad"),
    "ai_content_disclaimer": gettext_noop("Made by AI"),
    "user_id": gettext_noop("User"),
    "client_id": gettext_noop("Works for"),
}
MODEL_WORDS = {
    "accountprofile": gettext_noop("Profile"),
    "approvalrule": gettext_noop("Limit for one person"),
    "budget": gettext_noop("Budget"),
    "campaign": gettext_noop("Campaign"),
    "client": gettext_noop("Client"),
    "market": gettext_noop("Market"),
    "membership": gettext_noop("Assignment"),
    "namespace": gettext_noop("Prefix"),
    "post": gettext_noop("Post"),
    "user": gettext_noop("Person"),
}
WHAT_HAPPENED = {
    "insert": gettext_noop("%(thing)s added"),
    "update": gettext_noop("%(thing)s changed"),
    "delete": gettext_noop("%(thing)s removed"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, or of several of a kind that one person made at once, as a page shows it."""

    at: datetime  # machine time
    who: str
    what: str
    details: list[str]
    pk: str = ""  # of the row


def history_of(
    row: models.Model | Sequence[models.Model],
    tracked: Sequence[type[models.Model]],
    *,
    narrower: str = "",
    names: Mapping[str, Mapping[int, str]] | None = None,
    limit: int = 30,
) -> list[Change]:
    """The last changes of `row` and of the rows of `tracked` models that belong to it, newest first.

    Of several rows of one model each is told apart. Rows that also fill the column `narrower` belong to
    something smaller and are left out. `names` says what to call the rows that a column points at, besides
    people, whose names are known. Two queries. `row` must be one that the reader may see.
    """
    rows = [row] if isinstance(row, models.Model) else row
    event_models = [model.pgh_event_model for model in tracked]  # type: ignore[attr-defined]
    found = Events.objects.across(*event_models).references(*rows)
    if narrower:
        found = found.filter(~Q(pgh_data__has_key=narrower) | Q(**{f"pgh_data__{narrower}": None}))
    events = list(found.order_by("-pgh_created_at", "-pgh_id")[:limit])
    people = {user.pk: user.name for user in User.objects.filter(pk__in=_user_ids(events))}
    called = {"user_id": people, **(names or {})}
    called.pop(f"{rows[0]._meta.model_name}_id", None)  # the page says which row it is about
    changes: list[Change] = []
    for change in (_change(event, people, called) for event in events):
        last = changes[-1] if changes else None
        is_same = last and (last.at, last.who, last.what) == (change.at, change.who, change.what)
        if last and is_same and (len(rows) == 1 or last.pk == change.pk):
            last.details.extend(change.details)
        else:
            changes.append(change)
    return changes


def _user_ids(events: list[Events]) -> set[int]:
    actors = {(event.pgh_context or {}).get("user") for event in events}
    return {pk for pk in actors | {event.pgh_data.get("user_id") for event in events} if pk}


def _change(event: Events, people: Mapping[int, str], names: Mapping[str, Mapping[int, str]]) -> Change:
    def is_told(column: str) -> bool:
        return column not in SILENT and (column in names or not column.endswith("_id"))

    model = apps.get_model(event.pgh_obj_model)
    user_id = (event.pgh_context or {}).get("user")
    if event.pgh_label == "update":
        details = [
            _("%(field)s: %(before)s → %(after)s")
            % {
                "field": _words(model, name),
                "before": _value(model, name, before, names) or _("empty"),
                "after": _value(model, name, after, names) or _("empty"),
            }
            for name, (before, after) in (event.pgh_diff or {}).items()
            if is_told(name)
        ]
    else:  # what a row began or ended with; an empty field is no news
        values = {
            _words(model, name): _value(model, name, value, names)
            for name, value in event.pgh_data.items()
            if is_told(name) and value not in (None, "", False)
        }
        if len(values) <= 2:
            details = [" · ".join(values.values())]
        else:
            details = [_("%(field)s: %(value)s") % {"field": k, "value": v} for k, v in values.items()]
    return Change(
        at=event.pgh_created_at,
        who=people.get(user_id, _(GONE)) if user_id else _("the system"),
        what=_(WHAT_HAPPENED[event.pgh_label]) % {"thing": _called(model)},
        details=details,
        pk=event.pgh_obj_id or "",
    )


def _called(model: type[models.Model]) -> str:
    name = str(model._meta.model_name)
    return _(MODEL_WORDS[name]) if name in MODEL_WORDS else str(model._meta.verbose_name).capitalize()


def _words(model: type[models.Model], name: str) -> str:
    return (
        _(COLUMN_WORDS[name]) if name in COLUMN_WORDS else str(_field(model, name).verbose_name).capitalize()
    )


def _field(model: type[models.Model], name: str) -> models.Field:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)  # a column, as rows of the history hold nothing else
    return field


def _value(model: type[models.Model], name: str, value: Any, names: Mapping[str, Mapping[int, str]]) -> str:
    if value is None:
        return ""
    if name in names:
        return names[name].get(value, _(GONE))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name.endswith(("_at", "_joined")):
        return moment(datetime.fromisoformat(str(value)))
    if isinstance(_field(model, name), models.DateField):
        return day(date.fromisoformat(str(value)))
    if name == "platform" and value in Platform:
        return Platform(value).label
    return str(dict(_field(model, name).flatchoices).get(value, value))
