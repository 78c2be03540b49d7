"""Mirroring: what TokPortal answers becomes our rows. Newer wins, owners stay, unknown words are kept."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction

from agency.models import Connection
from agency.tokportal import BundleState, ListingState, NotFound, SavedAccountState, TokPortal, VideoState
from campaigns.access import resolve
from campaigns.models import Bundle, Campaign, SavedAccount, Video


def is_older(row: Bundle | SavedAccount | Video, changed_at: datetime | None, read_at: datetime) -> bool:
    """Whether an answer says less than the row already knows. `changed_at` is TokPortal's `updated_at`."""
    if changed_at and row.upstream_changed_at and changed_at != row.upstream_changed_at:
        return changed_at < row.upstream_changed_at
    return read_at < row.read_at


def fitting(model: type[models.Model], column: str, text: str) -> str:
    """As much of TokPortal's text as the column holds; `raw` keeps the whole.

    An odd word must never undo the transaction that settles a paid Command.
    """
    field = model._meta.get_field(column)
    assert isinstance(field, models.Field)  # a column, and no relation
    return text[: field.max_length]


def mirror_bundle(
    connection: Connection, state: BundleState, *, read_at: datetime, campaign: Campaign | None = None
) -> Bundle:
    """Store one bundle. A new one gets `campaign`, else the owner of its reference; a known one keeps its own."""
    changed_at = state.updated_at or state.created_at
    told = ("external_ref", "bundle_type", "platform", "country", "status")
    words = {name: fitting(Bundle, name, getattr(state, name) or "") for name in told}
    with transaction.atomic():
        bundle, is_new = Bundle.objects.select_for_update(of=("self",)).get_or_create(
            connection=connection,
            upstream_id=fitting(Bundle, "upstream_id", state.id),
            defaults={
                **words,
                "campaign": campaign or resolve(words["external_ref"]),
                "status_since": changed_at or read_at,
                "upstream_created_at": state.created_at,
                "read_at": read_at,
            },
        )
        if not is_new and is_older(bundle, changed_at, read_at):
            return bundle
        _write_bundle(bundle, state, changed_at=changed_at, read_at=read_at)
        if state.saved_account_id:
            account, _ = SavedAccount.objects.get_or_create(
                connection=connection,
                upstream_id=fitting(SavedAccount, "upstream_id", state.saved_account_id),
                defaults={
                    "campaign": bundle.campaign,
                    "platform": bundle.platform,
                    "country": bundle.country,
                    "username": fitting(SavedAccount, "username", state.username or ""),
                    "read_at": read_at,
                },
            )
            bundle.saved_account = account
        bundle.save()
    return bundle


def _write_bundle(
    bundle: Bundle, state: BundleState, *, changed_at: datetime | None, read_at: datetime
) -> None:
    """Answers differ in what they carry; what one leaves out stays as it was."""
    status = fitting(Bundle, "status", state.status or "")
    if status and status != bundle.status:
        bundle.status, bundle.status_since = status, changed_at or read_at
    account_status = fitting(Bundle, "account_status", state.account_status or "")
    if account_status and account_status != bundle.account_status:
        bundle.account_status, bundle.account_status_since = account_status, changed_at or read_at
    for name in ("title", "bundle_type", "platform", "country", "external_ref"):
        word = getattr(state, name)
        if word is not None:
            setattr(bundle, name, fitting(Bundle, name, word))
    for name in ("videos_quantity", "edits_quantity", "auto_finalize_videos"):
        value = getattr(state, name)
        if value is not None:
            setattr(bundle, name, value)
    bundle.published_at = state.published_at or bundle.published_at
    bundle.upstream_created_at = state.created_at or bundle.upstream_created_at
    bundle.upstream_changed_at = changed_at or bundle.upstream_changed_at
    bundle.read_at = read_at
    bundle.raw = dict(state.raw)


def mirror_listing(bundle: Bundle, state: ListingState, *, read_at: datetime) -> None:
    """Store the profile that TokPortal holds for a bundle, and its review."""
    with transaction.atomic():
        row = Bundle.objects.select_for_update(of=("self",)).get(pk=bundle.pk)
        if read_at < row.read_at:
            return
        status = fitting(Bundle, "account_status", state.status or "")
        if status and status != row.account_status:
            row.account_status, row.account_status_since = status, row.upstream_changed_at or read_at
        row.account_listing = dict(state.raw)
        row.save(update_fields=["account_status", "account_status_since", "account_listing"])


def mirror_videos(bundle: Bundle, states: Iterable[VideoState], *, read_at: datetime) -> None:
    """Store the slots of a bundle. The dates are those that TokPortal returned, not those we asked for."""
    with transaction.atomic():
        Bundle.objects.select_for_update(of=("self",)).get(pk=bundle.pk)
        known = {video.position: video for video in bundle.videos.all()}
        for state in states:
            if not state.position:
                continue
            video = known.get(state.position)
            if video is None:
                video = Video(
                    bundle=bundle, position=state.position, status="", status_since=read_at, read_at=read_at
                )
            elif is_older(video, state.updated_at, read_at):
                continue
            _write_video(video, state, read_at=read_at)
            video.save()


def _write_video(video: Video, state: VideoState, *, read_at: datetime) -> None:
    at = state.updated_at or read_at
    status = fitting(Video, "status", state.status or "")
    if status != video.status:
        video.status, video.status_since = status, at
    if state.platform_url and not video.platform_url:
        video.posted_at = at
    video.upstream_id = fitting(Video, "upstream_id", state.id or "") or video.upstream_id
    for name in (
        "video_type",
        "description",
        "name",
        "external_ref",
        "video_url",
        "platform_url",
        "download_issue_comment",
    ):
        setattr(video, name, fitting(Video, name, getattr(state, name) or ""))
    video.publish_date = state.target_publish_start_date or state.target_publish_date
    video.has_download_issue = bool(state.download_issue)
    video.finalized_at = state.finalized_at
    video.upstream_changed_at = state.updated_at or video.upstream_changed_at
    video.read_at = read_at
    video.raw = dict(state.raw)


def mirror_account(connection: Connection, state: SavedAccountState, *, read_at: datetime) -> SavedAccount:
    """Store one delivered account. Its campaign comes from the bundle that carries its id."""
    with transaction.atomic():
        account, is_new = SavedAccount.objects.select_for_update(of=("self",)).get_or_create(
            connection=connection,
            upstream_id=fitting(SavedAccount, "upstream_id", state.id),
            defaults={"read_at": read_at},
        )
        if not is_new and is_older(account, state.updated_at, read_at):
            return account
        for name in (
            "platform",
            "country",
            "username",
            "visible_name",
            "biography",
            "profile_picture_url",
            "profile_url",
        ):
            word = fitting(SavedAccount, name, getattr(state, name) or "")
            setattr(account, name, word or getattr(account, name))
        account.is_banned = bool(state.banned)
        account.upstream_created_at = state.created_at or account.upstream_created_at
        account.upstream_changed_at = state.updated_at or account.upstream_changed_at
        account.read_at = read_at
        account.raw = dict(state.raw)
        if account.campaign is None:
            bundle = account.bundles.exclude(campaign=None).first()
            account.campaign = bundle.campaign if bundle else None
        account.save()
    return account


def refresh_bundle(api: TokPortal, connection: Connection, upstream_id: str, *, now: datetime) -> Bundle:
    """Read a bundle, its account and its slots again (three or four calls).

    `now` is machine time. Raises what `agency.tokportal` raises, `NotFound` included.
    """
    read_at = connection.upstream_now(now)
    bundle = mirror_bundle(connection, api.get_bundle(upstream_id), read_at=read_at)
    if bundle.has_account_step:
        mirror_listing(bundle, api.get_listing(upstream_id), read_at=read_at)
    if bundle.videos_quantity:
        mirror_videos(bundle, api.list_videos(upstream_id), read_at=read_at)
    bundle.refresh_from_db()
    if bundle.saved_account:
        refresh_account(api, connection, bundle.saved_account.upstream_id, now=now)
    return bundle


def refresh_account(
    api: TokPortal, connection: Connection, upstream_id: str, *, now: datetime
) -> SavedAccount | None:
    """Read one delivered account again; None when TokPortal does not list it yet."""
    try:
        state = api.get_account(upstream_id)
    except NotFound:
        return None
    return mirror_account(connection, state, read_at=connection.upstream_now(now))
