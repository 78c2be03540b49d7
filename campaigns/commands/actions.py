"""What people ask TokPortal for: one verb each. Writes the Command and its Reservation; never sends.

`now` is machine time. Every verb raises the refusals below, worded for the person who asked, and then
nothing is written, held or charged.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agency.bell import ring
from agency.models import Connection, User
from agency.tokportal import normalise_country
from campaigns.access import resolve
from campaigns.commands import tasks
from campaigns.commands.kinds import KINDS
from campaigns.commands.moves import begin, move
from campaigns.commands.quotes import Quote, digest_of, free
from campaigns.content import rules
from campaigns.ledger import actions as ledger
from campaigns.ledger.reports import approval_limit
from campaigns.models import AccountProfile, Bundle, Campaign, Command, Post, Video
from campaigns.references import bundle_ref

K, S = Command.Kind, Command.State


class CannotSend(Exception):
    """A rule of ours says no, in words for the person who asked. Nothing was sent or charged."""


class KeyAlreadyUsed(CannotSend):
    """The form was sent before with other content: it needs a new key."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            _(
                "This form was already sent with other content."
                " Look at that order, or send this one again as a new one."
            )
        )
        self.command = command


class WrongMove(CannotSend):
    """The Command is no longer in the state that the button was drawn for."""


def write_command(
    *,
    kind: str,
    connection: Connection,
    key: UUID,
    by: User | None,
    now: datetime,
    quote: Quote | None = None,
    campaign: Campaign | None = None,
    bundle: Bundle | None = None,
    target: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    external_ref: str = "",
) -> Command:
    """One user intent = one Command = one key (M1). The same key again gives the Command of the first time.

    Raises KeyAlreadyUsed, ledger.CannotReserve.
    """
    target, body = dict(target or {}), dict(body or {})
    digest = digest_of(kind, target, body)
    asked_at = connection.upstream_now(now)
    quote = quote or free(digest, asked_at)
    state = S.AWAITING if _needs_second_person(campaign, quote) else S.QUEUED
    with transaction.atomic():
        if bundle:  # Commands of one bundle get their order here
            Bundle.objects.select_for_update(of=("self",)).get(pk=bundle.pk)
        if external_ref:
            body["external_ref"] = external_ref
        command, is_new = Command.objects.get_or_create(
            key=key,
            defaults={
                "connection": connection,
                "client": campaign.client if campaign else None,
                "campaign": campaign,
                "bundle": bundle,
                "kind": kind,
                "target": target,
                "body": body,
                "body_digest": digest,
                "external_ref": external_ref,
                "quoted_credits": quote.credits,
                "quoted_breakdown": dict(quote.breakdown),
                "quoted_at": quote.at,
                "is_estimate": quote.is_estimate,
                "asked_by": by,
                "asked_at": asked_at,
                "state": state,
                "state_since": asked_at,
                "next_try_at": now,
            },
        )
        if command.body_digest != digest:
            raise KeyAlreadyUsed(command)
        if is_new:
            begin(command)
            if quote.credits:
                ledger.reserve(command, credits=quote.credits, now=asked_at)
            if state == S.QUEUED:
                ring(tasks.send_command, command_id=command.pk)
    return command


def _needs_second_person(campaign: Campaign | None, quote: Quote) -> bool:
    if campaign is None or not quote.credits:
        return False
    limit = approval_limit(campaign.client)
    return limit is not None and quote.credits > limit


def order_bundle(
    *,
    campaign: Campaign,
    connection: Connection,
    by: User,
    key: UUID,
    body: Mapping[str, Any],
    quote: Quote,
    now: datetime,
) -> Command:
    """Order a bundle. TokPortal debits when it creates it ("Create Bundle"), and gives nothing back.

    `body` is what `BundleOrderForm.body()` returns, without a reference: each order gets one of its own (R2).
    """
    known = Command.objects.filter(key=key).first()
    country = normalise_country(str(body.get("country") or _country_of_account(connection, body)))
    ref = known.external_ref if known else _new_bundle_ref(campaign, country)
    return write_command(
        kind=K.CREATE_BUNDLE,
        connection=connection,
        campaign=campaign,
        key=key,
        by=by,
        body=body,
        quote=quote,
        external_ref=ref,
        now=now,
    )


def _country_of_account(connection: Connection, body: Mapping[str, Any]) -> str:
    account = connection.saved_accounts.filter(upstream_id=body.get("account_id", "")).first()
    return account.country if account and account.country else "any"


def _new_bundle_ref(campaign: Campaign, country: str) -> str:
    """A reference that nobody has used and that resolves to this campaign and no other."""
    prefix = campaign.namespaces.get(is_own=True).prefix
    while True:
        ref = bundle_ref(prefix, country)
        is_taken = (
            Command.objects.filter(external_ref=ref).exists()
            or Bundle.objects.filter(external_ref=ref).exists()
        )
        if not is_taken and resolve(ref) == campaign:
            return ref


def add_slots(
    *, bundle: Bundle, by: User, key: UUID, quantity: int, quote: Quote, now: datetime, edits: bool = False
) -> Command:
    """Buy more video slots, or edits for them ("Add Video Slots"). Charged at once."""
    if bundle.is_ended:
        raise CannotSend(_("This bundle has ended and takes no more slots. Order a new one instead."))
    if edits and bundle.edits_quantity + quantity > bundle.videos_quantity:
        left = bundle.videos_quantity - bundle.edits_quantity
        said = ngettext(
            "A bundle has at most one edit per video: %(left)s is left.",
            "A bundle has at most one edit per video: %(left)s are left.",
            left,
        )
        raise CannotSend(said % {"left": left})
    return _on_bundle(
        K.ADD_EDIT_SLOTS if edits else K.ADD_VIDEO_SLOTS,
        bundle,
        by=by,
        key=key,
        now=now,
        quote=quote,
        body={"quantity": quantity},
    )


def configure_account(*, profile: AccountProfile, by: User, key: UUID, now: datetime) -> Command:
    """Send the profile that we want. TokPortal takes it until the bundle is published."""
    bundle = profile.bundle
    if bundle.status not in ("pending_setup", "draft", "configured"):
        raise CannotSend(_("The account can be changed only before publication. Unpublish the bundle first."))
    return _on_bundle(K.CONFIGURE_ACCOUNT, bundle, by=by, key=key, now=now, body=profile.body())


def correct_account(
    *, bundle: Bundle, by: User, key: UUID, comment: str, fields: Mapping[str, str], now: datetime
) -> Command:
    """Ask the manager to change the delivered account, while it is in review ("Account Actions")."""
    if bundle.account_status != "in_review":
        raise CannotSend(_("Corrections can be asked for only while the account is in review."))
    body = {"comment": comment, "fields": {name: text for name, text in fields.items() if text}}
    return _on_bundle(K.CORRECT_ACCOUNT, bundle, by=by, key=key, now=now, body=body)


def finalize_account(*, bundle: Bundle, by: User, key: UUID, now: datetime) -> Command:
    """Accept the delivered account as it is. Cannot be taken back."""
    if bundle.account_status != "in_review":
        raise CannotSend(_("Only an account in review can be finalised."))
    return _on_bundle(K.FINALIZE_ACCOUNT, bundle, by=by, key=key, now=now)


def configure_videos(
    *,
    bundle: Bundle,
    posts: Mapping[int, Post],
    by: User,
    key: UUID,
    now: datetime,
    quote: Quote | None = None,
) -> Command:
    """Fill slots: position → Post. One call for all of them ("Configure Videos").

    Raises CannotSend where a date breaks the lead time or the three a day (C3), or a question is unanswered (C2).
    """
    today = bundle.connection.upstream_now(now).date()
    slots = {video.position: video for video in bundle.videos.all()}
    refusals = []
    for position, post in sorted(posts.items()):
        slot = slots.get(position)
        if slot is None or slot.status not in ("pending", "configured"):
            gone = _("Slot %(position)s can no longer be changed: it is with the manager.")
            refusals.append(gone % {"position": position})
        refusals += [
            _("Slot %(position)s: %(reason)s") % {"position": position, "reason": problem}
            for problem in rules.problems(post, bundle, today=today)
        ]
    days = {position: video.publish_date for position, video in slots.items() if video.status != "cancelled"}
    days |= {position: post.publish_date for position, post in posts.items()}
    refusals += rules.crowded_days(days)
    if refusals:
        raise CannotSend(" ".join(refusals))
    body = {"videos": [{"position": position, **post.body()} for position, post in sorted(posts.items())]}
    with transaction.atomic():
        command = _on_bundle(K.CONFIGURE_VIDEOS, bundle, by=by, key=key, now=now, body=body, quote=quote)
        for position, post in posts.items():
            if post.video_id != slots[position].pk:
                Post.objects.filter(video=slots[position]).exclude(pk=post.pk).update(video=None)
                Post.objects.filter(pk=post.pk).update(video=slots[position])
    return command


def publish_bundle(
    *, bundle: Bundle, by: User, key: UUID, now: datetime, quote: Quote | None = None
) -> Command:
    """Hand the bundle to a manager. Free; can be taken back only until a manager accepts."""
    if bundle.status != "pending_setup":
        raise CannotSend(_("This bundle is published already."))
    return _on_bundle(K.PUBLISH_BUNDLE, bundle, by=by, key=key, now=now, quote=quote)


def unpublish_bundle(*, bundle: Bundle, by: User, key: UUID, now: datetime) -> Command:
    """Take the bundle back before a manager accepts it. Gives no credits back."""
    if bundle.status not in ("published", "published_priority"):
        raise CannotSend(_("Only a published bundle that no manager has accepted yet can be taken back."))
    return _on_bundle(K.UNPUBLISH_BUNDLE, bundle, by=by, key=key, now=now)


def publish_all_videos(
    *, bundle: Bundle, by: User, key: UUID, now: datetime, quote: Quote | None = None
) -> Command:
    """Hand over the slots that were filled after publication: the manager does not see them before."""
    if bundle.status not in ("published", "published_priority", "accepted"):
        raise CannotSend(_("Publish the bundle first; its filled slots go with it."))
    return _on_bundle(K.PUBLISH_ALL_VIDEOS, bundle, by=by, key=key, now=now, quote=quote)


def finalize_video(
    *, video: Video, by: User, key: UUID, now: datetime, quote: Quote | None = None
) -> Command:
    """Accept a posted video as it is."""
    if video.status not in ("accepted", "in_review"):
        raise CannotSend(_("Only a video in review can be finalised."))
    return _on_video(K.FINALIZE_VIDEO, video, by=by, key=key, now=now, quote=quote)


def correct_video(
    *, video: Video, by: User, key: UUID, comment: str, now: datetime, quote: Quote | None = None
) -> Command:
    """Ask the manager to change a posted video, while it is in review ("Video Actions")."""
    if video.status != "in_review":
        raise CannotSend(_("Corrections can be asked for only while the video is in review."))
    body = correction_body(comment)
    return _on_video(K.CORRECT_VIDEO, video, by=by, key=key, now=now, body=body, quote=quote)


def correction_body(comment: str) -> dict[str, Any]:
    """The request of `correct_video`: what a price is asked for must be what is sent."""
    return {"comment": comment, "fields": {}}


def fix_download(
    *, video: Video, by: User, key: UUID, media: list[str], now: datetime, quote: Quote | None = None
) -> Command:
    """Give the manager a link that works ("Fix Download Link")."""
    if not video.has_download_issue:
        raise CannotSend(_("TokPortal reports no download problem for this video."))
    body = fix_body(video, media)
    return _on_video(K.FIX_DOWNLOAD, video, by=by, key=key, now=now, body=body, quote=quote)


def fix_body(video: Video, media: list[str]) -> dict[str, Any]:
    """The request of `fix_download`."""
    return {"carousel_images": media} if video.video_type == Post.Type.CAROUSEL else {"video_url": media[0]}


def create_webhook(
    *, connection: Connection, by: User | None, key: UUID, url: str, events: list[str], now: datetime
) -> Command:
    """Have TokPortal tell us what happens. The secret that it answers with is stored encrypted."""
    body = {"url": url, "events": events, "description": "Agency dashboard", "enabled": True}
    return write_command(kind=K.CREATE_WEBHOOK, connection=connection, by=by, key=key, body=body, now=now)


def withdraw(*, command: Command, by: User, note: str, now: datetime) -> None:
    """A person takes a Command back that has not left yet, or decides that an unknown one did not happen."""
    at = command.connection.upstream_now(now)
    evidence = (
        f"{command.evidence} {by.name} decided that it did not happen: {note}".strip()
        if note
        else command.evidence
    )
    withdrawn = {"state": S.VOID, "state_since": at, "needs_person": False, "evidence": evidence}
    with transaction.atomic():
        moved = move(
            command, (S.AWAITING, S.QUEUED, S.UNKNOWN), dict(withdrawn), by=by, note=note, first_sent_at=None
        ) or move(command, (S.UNKNOWN,), withdrawn, by=by, note=note, needs_person=True)
        if not moved:
            raise WrongMove(
                _("It has left meanwhile, or is being checked. Look at its page again in a moment.")
            )
        ledger.void(command, now=at)
        ring(tasks.send_next, command_id=command.pk)


def accept_as_done(*, command: Command, by: User, note: str, credits: int, now: datetime) -> None:
    """A person decides, with the evidence before him, that an unknown Command did happen and what it cost."""
    at = command.connection.upstream_now(now)
    evidence = f"{command.evidence} {by.name} decided that it happened: {note}".strip()
    with transaction.atomic():
        found = {
            "state": S.SUCCEEDED,
            "state_since": at,
            "needs_person": False,
            "evidence": evidence,
            "credits_charged": credits,
            "is_charged_differently": credits != command.quoted_credits,
        }
        moved = move(command, (S.UNKNOWN,), found, by=by, note=note, needs_person=True)
        if not moved:
            raise WrongMove(_("Somebody else has decided meanwhile. Look at its page again."))
        ledger.settle(command, charged=credits, now=at)
        ring(tasks.send_next, command_id=command.pk)


def check_again(*, command: Command, now: datetime) -> None:
    """Look for the effect of an unknown Command once more, now."""
    Command.objects.filter(pk=command.pk, state=S.UNKNOWN).update(next_try_at=now)
    ring(tasks.resolve_command, command_id=command.pk)


def _on_bundle(
    kind: str,
    bundle: Bundle,
    *,
    by: User,
    key: UUID,
    now: datetime,
    quote: Quote | None = None,
    body: Mapping[str, Any] | None = None,
    target: Mapping[str, Any] | None = None,
) -> Command:
    return write_command(
        kind=kind,
        connection=bundle.connection,
        campaign=bundle.campaign,
        bundle=bundle,
        key=key,
        by=by,
        now=now,
        quote=quote,
        target={"bundle_id": bundle.upstream_id, **(target or {})},
        body=body,
    )


def _on_video(
    kind: str,
    video: Video,
    *,
    by: User,
    key: UUID,
    now: datetime,
    quote: Quote | None,
    body: Mapping[str, Any] | None = None,
) -> Command:
    target = {"position": video.position}
    return _on_bundle(kind, video.bundle, by=by, key=key, now=now, quote=quote, body=body, target=target)


def is_gated(kind: str, bundle: Bundle | None) -> bool:
    """Whether this may settle a Coverage period that is due: only delivered accounts have one."""
    return KINDS[kind].is_gated and bundle is not None and bundle.saved_account_id is not None
