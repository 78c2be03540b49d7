"""Mirroring: what TokPortal answers becomes our rows. Newer wins, owners stay, unknown words are kept."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from agency.models import Connection
from agency.tokportal import BundleState, ListingState, NotFound, SavedAccountState, TokPortal, VideoState
from campaigns.access import resolve
from campaigns.models import Bundle, Campaign, SavedAccount, Video


def is_older(row: Bundle | SavedAccount | Video, changed_at: datetime | None, read_at: datetime) -> bool:
    """Whether an answer says less than the row already knows. `changed_at` is TokPortal's `updated_at`."""
    if changed_at and row.upstream_changed_at and changed_at != row.upstream_changed_at:
        return changed_at < row.upstream_changed_at
    return read_at < row.read_at


def mirror_bundle(
    connection: Connection, state: BundleState, *, read_at: datetime, campaign: Campaign | None = None
) -> Bundle:
    """Store one bundle. A new one gets `campaign`, else the owner of its reference; a known one keeps its own."""
    changed_at = state.updated_at or state.created_at
    with transaction.atomic():
        bundle, is_new = Bundle.objects.select_for_update(of=("self",)).get_or_create(
            connection=connection,
            upstream_id=state.id,
            defaults={
                "campaign": campaign or resolve(state.external_ref or ""),
                "external_ref": state.external_ref or "",
                "bundle_type": state.bundle_type or "",
                "platform": state.platform or "",
                "country": state.country or "",
                "status": state.status or "",
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
                upstream_id=state.saved_account_id,
                defaults={
                    "campaign": bundle.campaign,
                    "platform": bundle.platform,
                    "country": bundle.country,
                    "username": state.username or "",
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
    if state.status and state.status != bundle.status:
        bundle.status, bundle.status_since = state.status, changed_at or read_at
    if state.account_status and state.account_status != bundle.account_status:
        bundle.account_status, bundle.account_status_since = state.account_status, changed_at or read_at
    for name in ("title", "bundle_type", "platform", "country", "external_ref"):
        value = getattr(state, name)
        if value is not None:
            setattr(bundle, name, value)
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
        if state.status and state.status != row.account_status:
            row.account_status, row.account_status_since = state.status, row.upstream_changed_at or read_at
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
    if (state.status or "") != video.status:
        video.status, video.status_since = state.status or "", at
    if state.platform_url and not video.platform_url:
        video.posted_at = at
    video.upstream_id = state.id or video.upstream_id
    video.video_type = state.video_type or ""
    video.description = state.description or ""
    video.name = state.name or ""
    video.external_ref = state.external_ref or ""
    video.publish_date = state.target_publish_start_date or state.target_publish_date
    video.video_url = state.video_url or ""
    video.platform_url = state.platform_url or ""
    video.has_download_issue = bool(state.download_issue)
    video.download_issue_comment = state.download_issue_comment or ""
    video.finalized_at = state.finalized_at
    video.upstream_changed_at = state.updated_at or video.upstream_changed_at
    video.read_at = read_at
    video.raw = dict(state.raw)


def mirror_account(connection: Connection, state: SavedAccountState, *, read_at: datetime) -> SavedAccount:
    """Store one delivered account. Its campaign comes from the bundle that carries its id."""
    with transaction.atomic():
        account, is_new = SavedAccount.objects.select_for_update(of=("self",)).get_or_create(
            connection=connection, upstream_id=state.id, defaults={"read_at": read_at}
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
            setattr(account, name, getattr(state, name) or getattr(account, name))
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
