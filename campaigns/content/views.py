"""The posts of a campaign. A post that sits in a slot is edited in its slot, from where it is sent."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency.forms import page_of
from agency.htmx import HtmxRequest, page_or_partial
from campaigns.access import editable_campaign, editable_post, visible_campaign, visible_post
from campaigns.content import actions
from campaigns.content.forms import PostFilterForm, PostForm
from campaigns.models import Campaign, Post


@require_safe
def post_list(request: HtmxRequest, campaign_id: int) -> HttpResponse:
    campaign = visible_campaign(request.user, campaign_id)
    filters = PostFilterForm(request.GET)
    posts = filters.narrow(campaign.posts.select_related("video__bundle").order_by("publish_date", "pk"))
    page = page_of(posts, request)
    context = {"campaign": campaign, "filters": filters, "page": page}
    return page_or_partial(request, "content/post_list.html", "post-table", context)


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
