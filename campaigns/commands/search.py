"""Orders and every other change that was asked for, as the search finds them."""

import re
from uuid import UUID

from django.db.models import Q, QuerySet

from agency.models import User
from agency.search import Hit, Matches, Rank, Source, Text
from campaigns.access import visible_commands
from campaigns.models import Command
from campaigns.states import command_pill

NUMBER = re.compile(r"#?(\d{1,18})")
KEY_BEGINNING = re.compile(r"[0-9a-f]{8,32}", re.IGNORECASE)  # without its hyphens


def _matches(text: Text) -> Matches:
    typed = text.typed
    matches = [(Rank.EXACT, Q(external_ref__in={typed, typed.casefold()}))]
    if number := NUMBER.fullmatch(typed):
        matches.append((Rank.EXACT, Q(pk=int(number[1]))))
    digits = typed.replace("-", "")
    if KEY_BEGINNING.fullmatch(digits):
        first, last = (UUID(digits.ljust(32, rest)) for rest in "0f")
        matches.append((Rank.EXACT if first == last else Rank.BEGINS, Q(key__range=(first, last))))
    if not text.is_short:
        matches.append((Rank.HOLDS, ~Q(external_ref="") & text.says("external_ref")))
    return matches


def _slim_commands(user: User) -> QuerySet[Command]:
    return visible_commands(user).defer("body", "answer", "before", "bundle__raw", "bundle__account_listing")


def _hit(command: Command) -> Hit:
    ref = command.external_ref or (command.bundle.external_ref if command.bundle else "")
    parts = (command.client, command.campaign, command_pill(command).word)
    return Hit(
        title=str(command),
        url=command.get_absolute_url(),
        detail=" · ".join(str(part) for part in parts if part),
        ref=ref,
        client_id=command.client_id,
    )


SOURCES = (
    Source(
        group="orders",
        visible=_slim_commands,
        matches=_matches,
        hit=_hit,
        page="command_detail",
        found_by={"command_id": "pk"},
    ),
)
