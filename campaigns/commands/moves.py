"""Every change of a Command's state: one guarded UPDATE, and a row that says when and who."""

from typing import Any

from django.db import transaction

from agency.models import User
from campaigns.models import Command, CommandMove
from campaigns.models.command import CommandQuerySet
from campaigns.sync import fitting

S = Command.State


def move(
    command: Command,
    states: tuple[str, ...],
    values: dict[str, Any],
    *,
    by: User | None = None,
    note: str = "",
    among: CommandQuerySet | None = None,
    **still: Any,
) -> bool:
    """Only from one of `states`, and only among those rows, so that two who move one row cannot both win.

    Raises ValueError for a move that `Command.NEXT_STATES` does not know.

    `by`: the person who did it, none for a worker. `still`: what else the row must say. A `lease_until` tells
    whether it is still the same attempt.
    """
    if any(values["state"] not in Command.NEXT_STATES[S(state)] for state in states):
        raise ValueError(f"a Command cannot go from {' or '.join(states)} to {values['state']}")
    for name in {
        "request_id",
        "error_code",
    } & values.keys():  # TokPortal's words must not undo what they come with
        values[name] = fitting(Command, name, values[name])
    rows = (Command.objects.all() if among is None else among).filter(pk=command.pk, **still)
    with transaction.atomic():
        before = next((state for state in states if rows.filter(state=state).update(**values)), None)
        if before is None:
            return False
        CommandMove.objects.create(
            command=command,
            before=before,
            after=values["state"],
            at=values.get("state_since", command.state_since),
            by=by,
            note=note,
        )
    for name, value in values.items():
        setattr(command, name, value)
    return True


def begin(command: Command) -> None:
    """The Command was written; belongs into that transaction."""
    CommandMove.objects.create(
        command=command, after=command.state, at=command.asked_at, by_id=command.asked_by_id
    )
