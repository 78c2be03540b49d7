"""Campaigns, bundles, accounts, videos and posts, as the search finds them."""

from django.db.models import Q, QuerySet
from django.urls import reverse

from agency.countries import country_name
from agency.models import User
from agency.search import Hit, Matches, Rank, Source, Text
from campaigns.access import (
    visible_accounts,
    visible_bundles,
    visible_campaigns,
    visible_posts,
    visible_videos,
)
from campaigns.models import Bundle, Campaign, Post, SavedAccount, Video
from campaigns.references import owning_prefixes
from campaigns.states import bundle_pill, video_pill


def _joined(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _refs(text: Text, exactly: Q | None = None) -> Matches:
    """A reference is looked for as it is written and in lower case, as we write ours. `exactly`: or what else is it."""
    written = {text.typed, text.typed.casefold()}
    begins = Q()
    for ref in written:
        begins |= Q(external_ref__startswith=ref)
    return [(Rank.EXACT, Q(external_ref__in=written) | (exactly or Q())), (Rank.BEGINS, begins)]


def _campaigns(text: Text) -> Matches:
    prefixes = owning_prefixes(text.typed)
    matches = [
        (Rank.BEGINS, text.begins("name", "slug")),
        (Rank.BEGINS, text.begins("namespaces__prefix")),
        (Rank.HOLDS, Q(namespaces__prefix__in=prefixes)),  # whose a reference is
    ]
    if not text.is_short:
        matches.append((Rank.HOLDS, text.holds("name", "slug", "client__name", "goal")))
        matches.append((Rank.SIMILAR, text.resembles("name")))
    return matches


def _campaign_hit(campaign: Campaign) -> Hit:
    return Hit(
        title=campaign.name,
        url=campaign.get_absolute_url(),
        detail=campaign.client.name,
        ref=f"{campaign.client.slug}-{campaign.slug}",
        client_id=campaign.client_id,
    )


def _bundles(text: Text) -> Matches:
    matches = [*_refs(text, Q(upstream_id=text.typed)), (Rank.BEGINS, text.begins("title"))]
    if not text.is_short:
        matches.append((Rank.HOLDS, text.holds("title", "external_ref")))
    return matches


def _slim_bundles(user: User) -> QuerySet[Bundle]:
    return visible_bundles(user).defer("raw", "account_listing")


def _bundle_hit(bundle: Bundle) -> Hit:
    campaign = bundle.campaign
    return Hit(
        title=str(bundle),
        url=bundle.get_absolute_url(),
        detail=_joined(
            campaign.client.name if campaign else "",
            campaign,
            bundle_pill(bundle).word,
            country_name(bundle.country),
            bundle.get_platform_name(),
        ),
        ref=bundle.external_ref,
        client_id=campaign.client_id if campaign else None,
    )


def _accounts(text: Text) -> Matches:
    name = Text(text.typed.removeprefix("@"))
    if not name:
        return []
    matches = [
        (Rank.EXACT, Q(username__iexact=name.typed) | Q(upstream_id=name.typed)),
        (Rank.BEGINS, name.begins("username")),
    ]
    if not name.is_short:
        matches.append((Rank.HOLDS, name.holds("username", "visible_name")))
    return matches


def _slim_accounts(user: User) -> QuerySet[SavedAccount]:
    return visible_accounts(user).defer("raw")


def _account_hit(account: SavedAccount) -> Hit:
    campaign = account.campaign
    return Hit(
        title=str(account),
        url=reverse("account_detail", args=[account.pk]),
        detail=_joined(
            campaign.client.name if campaign else "",
            "" if campaign and account.visible_name == campaign.client.name else account.visible_name,
            country_name(account.country),
            account.get_platform_name(),
        ),
        client_id=campaign.client_id if campaign else None,
    )


def _videos(text: Text) -> Matches:
    matches = [*_refs(text, Q(upstream_id=text.typed))]
    if not text.is_short:
        matches.append((Rank.HOLDS, text.says("description", "external_ref")))
    return matches


def _slim_videos(user: User) -> QuerySet[Video]:
    return visible_videos(user).defer("raw", "bundle__raw", "bundle__account_listing")


def _video_hit(video: Video) -> Hit:
    bundle = video.bundle
    return Hit(
        title=video.name or video.description or str(video).capitalize(),
        url=reverse("video_edit", args=[bundle.pk, video.position]),
        detail=_joined(
            bundle.campaign.client.name if bundle.campaign else "", bundle, video, video_pill(video).word
        ),
        ref=video.external_ref,
        client_id=bundle.campaign.client_id if bundle.campaign else None,
    )


def _posts(text: Text) -> Matches:
    matches = [*_refs(text)]
    if not text.is_short:
        matches.append((Rank.HOLDS, text.says("caption", "external_ref")))
    return matches


def _slim_posts(user: User) -> QuerySet[Post]:
    return visible_posts(user).defer("video__raw", "editing_instructions")


def _post_hit(post: Post) -> Hit:
    """A post that sits in a slot is the video of that slot."""
    video, campaign = post.video, post.campaign
    url = reverse("post_edit", args=[post.pk])
    if video:
        url = reverse("video_edit", args=[video.bundle_id, video.position])
    return Hit(
        title=post.name or post.caption or post.external_ref,
        url=url,
        detail=_joined(campaign.client.name, campaign, video),
        ref=post.external_ref,
        client_id=campaign.client_id,
    )


SOURCES = (
    Source(
        group="campaigns",
        visible=visible_campaigns,
        matches=_campaigns,
        hit=_campaign_hit,
        page="campaign_detail",
        found_by={"campaign_id": "pk"},
    ),
    Source(
        group="bundles",
        visible=_slim_bundles,
        matches=_bundles,
        hit=_bundle_hit,
        page="bundle_detail",
        found_by={"bundle_id": "pk"},
    ),
    Source(
        group="accounts",
        visible=_slim_accounts,
        matches=_accounts,
        hit=_account_hit,
        page="account_detail",
        found_by={"account_id": "pk"},
    ),
    Source(
        group="videos",
        visible=_slim_videos,
        matches=_videos,
        hit=_video_hit,
        page="video_edit",
        found_by={"bundle_id": "bundle", "position": "position"},
    ),
    Source(
        group="videos",
        visible=_slim_posts,
        matches=_posts,
        hit=_post_hit,
        page="post_edit",
        found_by={"post_id": "pk"},
    ),
)
