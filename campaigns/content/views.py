"""The posts of a campaign. A post that sits in a slot is edited in its slot, from where it is sent."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency.downloads import csv_download
from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from agency.tables import Column, sort_of
from campaigns.access import editable_campaign, editable_post, visible_campaign, visible_post
from campaigns.content import actions
from campaigns.content.forms import PostDayForm, PostFilterForm, PostForm
from campaigns.models import Campaign, Post

SORTS = {
    "day": Column(("publish_date",), may_be_empty=True),
    "market": Column(("market_country", "publish_date")),
    "reference": Column(("external_ref",)),
}
COLUMNS = (
    "reference",
    "name",
    "type",
    "market",
    "publish_date",
    "caption",
    "media",
    "disclosed_as_ad",
    "made_with_ai",
    "bundle",
    "slot",
)


@require_safe
def post_list(request: HtmxRequest, campaign_id: int) -> HttpResponseBase:
    campaign = visible_campaign(request.user, campaign_id)
    filters = PostFilterForm(request.GET)
    sort = sort_of(request, SORTS, usual="day")
    posts = sort.order(filters.narrow(campaign.posts.select_related("video__bundle")))
    if request.GET.get("format") == "csv":
        return csv_download(f"posts-{campaign.client.slug}-{campaign.slug}", COLUMNS, _cells(posts))
    today = timezone.localdate()
    is_open = not campaign.archived_at and not campaign.client.is_archived
    context = {
        "campaign": campaign,
        "filters": filters,
        "sort": sort,
        "page": page_of(posts, request),
        "day_presets": [
            (_("In a week"), today + timedelta(days=7)),
            (_("In two weeks"), today + timedelta(days=14)),
        ],
        "day_form": PostDayForm(campaign=campaign) if request.user.may_edit and is_open else None,
    }
    return page_or_partial(request, "content/post_list.html", "post-table", context)


def _cells(posts: QuerySet[Post]) -> Iterator[list[object]]:
    """Rows under COLUMNS."""
    words = {None: "", True: "yes", False: "no"}
    for post in posts.iterator(chunk_size=500):
        yield [
            post.external_ref,
            post.name,
            post.video_type,
            post.market_country,
            post.publish_date,
            post.caption,
            " ".join(post.media),
            words[post.disclose_as_ads],
            words[post.ai_content_disclaimer],
            post.video.bundle.external_ref if post.video else "",
            post.video.position if post.video else "",
        ]


@require_POST
def post_plan(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    """Give the chosen posts a day. Goes back to the list as it was filtered."""
    campaign = editable_campaign(request.user, campaign_id)
    form = PostDayForm(request.POST, campaign=campaign)
    if form.is_valid():
        planned = actions.plan_posts(campaign=campaign, **form.cleaned_data)
        sentence = ngettext("%(posts)s post has the day.", "%(posts)s posts have the day.", planned)
        messages.success(request, sentence % {"posts": planned})
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect(f"{reverse('post_list', args=[campaign.pk])}?{request.GET.urlencode()}")


@require_http_methods(["GET", "HEAD", "POST"])
def post_new(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = editable_campaign(request.user, campaign_id)
    form = PostForm(request.POST or None, campaign=campaign)
    if form.is_valid():
        try:
            post = actions.add_post(campaign=campaign, fields=form.values())
        except actions.CannotSave as refusal:
            form.add_error("external_ref", str(refusal))
        else:
            messages.success(
                request, _("Saved “%(post)s”. Put it into a slot when you fill one.") % {"post": post}
            )
            return redirect("post_list", campaign.pk)
    return _form_page(request, campaign, form)


@require_http_methods(["GET", "HEAD", "POST"])
def post_edit(request: HtmxRequest, post_id: int) -> HttpResponse:
    post = visible_post(request.user, post_id)
    if post.video:
        return redirect("video_edit", post.video.bundle_id, post.video.position)
    if request.method != "POST" and not request.user.may_edit:
        return _form_page(request, post.campaign, PostForm(campaign=post.campaign, post=post), post=post)
    post = editable_post(request.user, post_id)
    form = PostForm(request.POST or None, campaign=post.campaign, post=post)
    stale: actions.StaleEdit | None = None
    if form.is_valid():
        try:
            actions.edit_post(post=post, fields=form.values(), version=form.cleaned_data["version"])
        except actions.StaleEdit as refusal:
            stale = refusal
            form.take_version(refusal.row.version)
        except actions.CannotSave as refusal:
            form.add_error("external_ref", str(refusal))
        else:
            messages.success(request, _("Saved “%(post)s”.") % {"post": post})
            return redirect("post_list", post.campaign_id)
    return _form_page(request, post.campaign, form, post=post, stale=stale)


@require_POST
def post_delete(request: HtmxRequest, post_id: int) -> HttpResponse:
    post = editable_post(request.user, post_id)
    try:
        actions.delete_post(post=post)
    except actions.CannotSave as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Deleted “%(post)s”.") % {"post": post})
    return redirect("post_list", post.campaign_id)


def _form_page(request: HtmxRequest, campaign: Campaign, form: PostForm, **more: Any) -> HttpResponse:
    post: Post | None = more.get("post")
    context = {"campaign": campaign, "form": form, "title": str(post) if post else _("New post"), **more}
    refused = form.is_bound and (bool(form.errors) or bool(more.get("stale")))
    return render(request, "content/post_form.html", context, status=422 if refused else 200)
