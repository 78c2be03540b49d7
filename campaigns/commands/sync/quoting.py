"""What a request costs, asked before anybody presses a button."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from agency.connections import tokportal
from agency.models import Connection, User
from agency.tokportal import Answer, CreditCosts, DryRunIgnored, Lane, NotSent
from campaigns.commands.estimates import estimate
from campaigns.commands.kinds import KINDS
from campaigns.commands.moves import begin
from campaigns.commands.quotes import Quote, digest_of
from campaigns.commands.sync.settling import settle
from campaigns.models import Bundle, Campaign, Command

S = Command.State


class PriceCheckWasCharged(Exception):
    """TokPortal ignored the dry-run header and carried a price check out. It is recorded as this Command."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            _(
                "TokPortal carried the price check out as a real order. It is recorded with its charge;"
                " prices are estimates until an owner has looked into it."
            )
        )
        self.command = command


def quote(
    connection: Connection,
    *,
    kind: str,
    body: dict[str, Any],
    now: datetime,
    by: User,
    campaign: Campaign | None = None,
    bundle: Bundle | None = None,
    position: int | None = None,
) -> Quote:
    """Ask TokPortal what a request costs: a dry run, or an estimate from the price list where dry runs are off.

    The one call that a page waits for. Raises what `agency.tokportal` raises (a refusal is the answer that the
    real call would get) and PriceCheckWasCharged.
    """
    if connection.is_paused:  # nobody waits for an answer that does not come
        raise NotSent("Calls are paused")
    target: dict[str, Any] = {"bundle_id": bundle.upstream_id} if bundle else {}
    if position is not None:  # of one video slot
        target["position"] = position
    digest = digest_of(kind, target, body)
    asked_at = connection.upstream_now(now)
    if not (connection.may_dry_run and KINDS[kind].can_dry_run):
        return estimate(
            CreditCosts.from_json(connection.prices or {}), kind=kind, body=body, digest=digest, at=asked_at
        )
    asked = Command(
        connection=connection,
        client=campaign.client if campaign else None,
        campaign=campaign,
        bundle=bundle,
        kind=kind,
        target=target,
        body=body,
        body_digest=digest,
        asked_by=by,
        asked_at=asked_at,
        next_try_at=now,
    )
    try:
        answer = KINDS[kind].call(tokportal(connection, Lane.PERSON), asked, dry_run=True)
    except DryRunIgnored as ignored:
        raise PriceCheckWasCharged(keep_ignored_dry_run(asked, ignored.answer, now=now)) from ignored
    at = answer.server_time or asked_at
    if answer.credits_remaining is not None:
        connection.note_balance(answer.credits_remaining, at=at)
    return Quote(
        credits=answer.credits_would_charge or 0,
        digest=digest,
        at=at,
        breakdown=dict(answer.cost_breakdown),
        balance=answer.credits_remaining,
    )


def quote_again(command: Command, *, by: User, now: datetime) -> Quote:
    """What a Command that has not left costs today. Raises as `quote`."""
    return quote(
        command.connection,
        kind=command.kind,
        body={name: value for name, value in command.body.items() if name != "external_ref"},
        now=now,
        by=by,
        campaign=command.campaign,
        bundle=command.bundle,
        position=command.target.get("position"),
    )


def keep_ignored_dry_run(asked: Command, answer: Answer[Any], *, now: datetime) -> Command:
    """A price check that was carried out is a real, charged operation: record it and offer no more of them."""
    Connection.objects.filter(pk=asked.connection_id).update(may_dry_run=False)
    asked.state, asked.state_since, asked.lease_until = S.SENDING, asked.asked_at, now + Command.LEASE
    asked.evidence = "This was a price check. TokPortal ignored the dry-run header and carried it out."
    asked.save()
    begin(asked)
    settle(
        asked,
        answer,
        charged=answer.credits_charged or 0,
        left=answer.credits_remaining,
        at=answer.server_time or asked.asked_at,
    )
    asked.refresh_from_db()
    return asked
