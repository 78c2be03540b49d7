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
KEY_BEGINNING = re.compile(r"[0-9a-f]{8}[0-9a-f-]*", re.IGNORECASE)
NO_KEY, LAST_KEY = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"


def _matches(text: Text) -> Matches:
    typed = text.typed
    matches = [(Rank.EXACT, Q(external_ref__in={typed, typed.casefold()}))]
    if number := NUMBER.fullmatch(typed):
        matches.append((Rank.EXACT, Q(pk=int(number[1]))))
    if KEY_BEGINNING.fullmatch(typed) and len(typed) <= len(NO_KEY):
        first, last = (UUID(typed + rest[len(typed) :]) for rest in (NO_KEY, LAST_KEY))
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
