"""Who may see which campaign, bundle or command; and whose a reference is."""

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from agency.models import User
from campaigns.models import Bundle, Campaign, Command, Namespace, Post, SavedAccount, Stop, Video
from campaigns.models.campaign import CampaignQuerySet
from campaigns.models.command import CommandQuerySet
from campaigns.models.mirror import BundleQuerySet
from campaigns.references import owning_prefixes
from clients.access import require_editor

Row = TypeVar("Row", bound=Model)


def visible_campaigns(user: User) -> CampaignQuerySet:
    return Campaign.objects.visible_to(user).select_related("client")


def visible_campaign(user: User, campaign_id: int) -> Campaign:
    """Raises Http404 for a campaign that does not exist and for one that `user` may not see, alike."""
    campaign = visible_campaigns(user).filter(pk=campaign_id).first()
    if campaign is None:
        raise Http404("No such campaign.")
    return campaign


def editable_campaign(user: User, campaign_id: int) -> Campaign:
    """Raises Http404 as above; PermissionDenied for onlookers and where the client or campaign is archived."""
    campaign = visible_campaign(user, campaign_id)
    require_editor(user)
    require_open(campaign)
    return campaign


def require_open(campaign: Campaign) -> None:
    if campaign.archived_at or campaign.client.is_archived:
        raise PermissionDenied(_("This campaign is archived: restore it before you change anything."))


def visible_bundles(user: User) -> BundleQuerySet:
    return Bundle.objects.visible_to(user).select_related("campaign__client")


def visible_bundle(user: User, bundle_id: int) -> Bundle:
    bundle = visible_bundles(user).select_related("connection", "saved_account").filter(pk=bundle_id).first()
    if bundle is None:
        raise Http404("No such bundle.")
    return bundle


def editable_bundle(user: User, bundle_id: int) -> Bundle:
    """As `editable_campaign`. An unclaimed bundle cannot be worked on: it has no client to charge."""
    bundle = visible_bundle(user, bundle_id)
    require_editor(user)
    if bundle.campaign is None:
        raise PermissionDenied(_("This bundle belongs to no campaign yet: claim it first."))
    require_open(bundle.campaign)
    return bundle


def visible_video(user: User, bundle_id: int, position: int) -> Video:
    bundle = visible_bundle(user, bundle_id)
    video = bundle.videos.filter(position=position).first()
    if video is None:
        raise Http404("No such video slot.")
    video.bundle = bundle
    return video


def visible_videos(user: User) -> QuerySet[Video]:
    return _of_clients(
        Video.objects.select_related("bundle__campaign__client"), user, "bundle__campaign__client"
    )


def visible_posts(user: User) -> QuerySet[Post]:
    return _of_clients(Post.objects.select_related("campaign__client", "video"), user, "campaign__client")


def visible_post(user: User, post_id: int) -> Post:
    post = Post.objects.filter(pk=post_id, campaign__in=Campaign.objects.visible_to(user)).first()
    if post is None:
        raise Http404("No such post.")
    return post


def editable_post(user: User, post_id: int) -> Post:
    post = visible_post(user, post_id)
    require_editor(user)
    require_open(post.campaign)
    return post


def visible_commands(user: User) -> CommandQuerySet:
    return Command.objects.visible_to(user).select_related("client", "campaign", "bundle", "asked_by")


def visible_command(user: User, command_id: int) -> Command:
    command = visible_commands(user).filter(pk=command_id).first()
    if command is None:
        raise Http404("No such order.")
    return command


def visible_stop(user: User, stop_id: int) -> Stop:
    related = ("client", "campaign", "stopped_by", "lifted_by")
    stop = Stop.objects.visible_to(user).select_related(*related).filter(pk=stop_id).first()
    if stop is None:
        raise Http404("No such stop.")
    return stop


def may_lift(user: User, stop: Stop) -> bool:
    """Who may stop it: owners everything, editors what is their clients'."""
    return user.may_edit if stop.client_id else user.is_owner


def liftable_stop(user: User, stop_id: int) -> Stop:
    stop = visible_stop(user, stop_id)
    if not may_lift(user, stop):
        raise PermissionDenied(_("Only an owner of the dashboard may do this."))
    return stop


def visible_accounts(user: User) -> QuerySet[SavedAccount]:
    """Unclaimed accounts have no client and are for owners only."""
    return _of_clients(SavedAccount.objects.select_related("campaign__client"), user, "campaign__client")


def _of_clients(rows: QuerySet[Row], user: User, client: str) -> QuerySet[Row]:
    """Those of the clients that `user` works for; `client` is the way from a row to its client."""
    if not user.is_active:
        return rows.none()
    return rows if user.is_owner else rows.filter(**{f"{client}__memberships__user": user})


def visible_account(user: User, account_id: int) -> SavedAccount:
    account = visible_accounts(user).filter(pk=account_id).first()
    if account is None:
        raise Http404("No such account.")
    return account


def resolve(ref: str) -> Campaign | None:
    """The campaign that a reference belongs to (R1).

    The exact ref of one of our Commands, Bundles or Videos; else the longest Namespace (case-folded) that
    ends at the end of the ref or before a hyphen; else nobody.
    """
    if not ref:
        return None
    command = (
        Command.objects.filter(external_ref=ref, campaign__isnull=False).select_related("campaign").first()
    )
    if command:
        return command.campaign
    bundle = (
        Bundle.objects.filter(external_ref=ref, campaign__isnull=False).select_related("campaign").first()
    )
    if bundle:
        return bundle.campaign
    video = (
        Video.objects.filter(external_ref=ref, bundle__campaign__isnull=False)
        .select_related("bundle__campaign")
        .first()
    )
    if video:
        return video.bundle.campaign
    namespaces = Namespace.objects.filter(prefix__in=owning_prefixes(ref)).select_related("campaign")
    longest = max(namespaces, key=lambda namespace: len(namespace.prefix), default=None)
    return longest.campaign if longest else None
