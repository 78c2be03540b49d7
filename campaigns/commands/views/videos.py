"""The video slots of a bundle: filling one or many in one call, and the review of what was posted."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agency.forms import CommandForm
from agency.htmx import HtmxRequest
from campaigns.access import editable_bundle, visible_bundle
from campaigns.commands import actions, sync
from campaigns.commands.forms.buttons import FixDownloadForm, PricedForm, VideoCorrectionForm
from campaigns.commands.forms.slots import SlotForm, SlotForms, owner_of, request_body
from campaigns.commands.offers import Offer, offer
from campaigns.commands.quotes import Quote, QuoteExpired, digest_of, read_token
from campaigns.commands.reports.bundles import Slot, slots_of
from campaigns.commands.reports.requests import refused_slots
from campaigns.commands.views.bundles import SLOT_ROWS, pressed, was_pressed
from campaigns.content.actions import CannotSave, StaleEdit, add_post, edit_post
from campaigns.content.forms import POST_FIELDS
from campaigns.content.rules import VIDEOS_PER_DAY, earliest_day
from campaigns.ledger.actions import CannotReserve
from campaigns.models import Bundle, Command, Post, Video

K = Command.Kind
SLOTS_PER_PAGE = 20
MOST_DAYS = 14  # that are named with how many videos they have
MOST_CHOICES = 100  # posts to choose from; the others are found by their reference


@require_http_methods(["GET", "HEAD", "POST"])
def bundle_videos(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    """The editable slots as forms that are sent in one call, the others as a table."""
    is_sent = request.method == "POST"
    bundle = (editable_bundle if is_sent else visible_bundle)(request.user, bundle_id)
    slots = slots_of(bundle)
    editable = [slot for slot in slots if slot.is_editable] if may_fill(request, bundle) else []
    others = [slot for slot in slots if slot not in editable]
    page = Paginator(editable, SLOTS_PER_PAGE).get_page(request.GET.get("page"))
    rest = Paginator(others, SLOT_ROWS).get_page(None if editable else request.GET.get("page"))
    shown = posted(editable, request.POST) if is_sent else list(page)
    today = bundle.connection.upstream_now(timezone.now()).date()
    forms = SlotForms(request.POST if is_sent else None, bundle=bundle, slots=slots, shown=shown, today=today)
    return _fill(request, bundle, forms, "commands/bundle_videos.html", {"page": page, "rest": rest})


@require_http_methods(["GET", "HEAD", "POST"])
def video_edit(request: HtmxRequest, bundle_id: int, position: int) -> HttpResponse:
    """One slot: a form while it can be changed, and what can be asked for afterwards."""
    is_sent = request.method == "POST"
    bundle = (editable_bundle if is_sent else visible_bundle)(request.user, bundle_id)
    slots = slots_of(bundle)
    slot = next((slot for slot in slots if slot.video.position == position), None)
    if slot is None:
        raise Http404("No such video slot.")
    shown = [slot] if slot.is_editable and may_fill(request, bundle) else []
    today = bundle.connection.upstream_now(timezone.now()).date()
    initial = {} if is_sent else {position: _initial_of_chosen(request, bundle)}
    forms = SlotForms(
        request.POST if is_sent else None,
        bundle=bundle,
        slots=slots,
        shown=shown,
        today=today,
        initial=initial,
    )
    return _fill(request, bundle, forms, "commands/video_edit.html", _slot_context(slot))


def may_fill(request: HtmxRequest, bundle: Bundle) -> bool:
    campaign = bundle.campaign
    is_open = campaign is not None and not campaign.archived_at and not campaign.client.is_archived
    return request.user.may_edit and is_open


def posted(slots: list[Slot], data: Mapping[str, str]) -> list[Slot]:
    """The slots whose forms were sent."""
    return [slot for slot in slots if f"slot-{slot.video.position}-version" in data]


def _initial_of_chosen(request: HtmxRequest, bundle: Bundle) -> dict[str, Any]:
    """`?post=` names an existing Post for the slot."""
    chosen = request.GET.get("post", "")
    if not chosen.isdecimal():
        return {}
    post = free_posts(bundle).filter(pk=chosen).first()
    return {"use": post.external_ref} if post else {}


def free_posts(bundle: Bundle) -> QuerySet[Post]:
    """Posts of the campaign without a slot, soonest first."""
    return Post.objects.filter(campaign=bundle.campaign, video=None).order_by("publish_date", "pk")


def _slot_context(slot: Slot) -> dict[str, Any]:
    video = slot.video
    return {
        "slot": slot,
        "video": video,
        "correction": VideoCorrectionForm(),
        "fix": FixDownloadForm(initial={"media": slot.post.media if slot.post else []}),
        "can_finalize": video.status in ("accepted", "in_review"),
        "can_correct": video.status == "in_review",
    }


def _fill(
    request: HtmxRequest, bundle: Bundle, forms: SlotForms, template: str, context: dict[str, Any]
) -> HttpResponse:
    """Show the forms; when they were sent: save the Posts and send their slots, all or none."""
    offered: Offer | None = None
    if request.method == "POST":
        if not forms.rows:
            forms.errors.append(_("These slots are with the manager by now, so nothing was sent."))
        elif forms.is_valid():
            try:
                quote, offered = _price(request, bundle, forms)
                if quote is not None:
                    _save_and_send(request, bundle, forms, quote)
                    messages.success(request, _("Saved, and on its way to TokPortal."))
                    return redirect(bundle)
            except sync.PriceCheckWasCharged as charged:
                messages.warning(request, str(charged))
                return redirect(charged.command)
            except _RowRefused:
                pass  # the row says why
            except (QuoteExpired, CannotReserve, actions.CannotSend) as refusal:
                forms.errors.append(str(refusal))
        elif forms.is_unchanged and was_pressed(forms.button, bundle):
            return redirect(bundle)  # the same form a second time
    _note_refusals(bundle, forms)
    if forms.rows and bundle.campaign:
        context["choices"] = free_posts(bundle)[:MOST_CHOICES]
    first_day = earliest_day(bundle, bundle.connection.upstream_now(timezone.now()).date())
    context |= {
        "bundle": bundle,
        "forms": forms,
        "offer": offered,
        "may_edit": may_fill(request, bundle),
        "key": CommandForm()["key"].value(),
        "first_day": first_day,
        "days": [(day, count) for day, count in _busy_days(forms.slots) if day >= first_day][:MOST_DAYS],
        "per_day": VIDEOS_PER_DAY,
    }
    is_refused = request.method == "POST" and not (offered and offered.quote)
    return render(request, template, context, status=422 if is_refused else 200)


class _RowRefused(Exception):
    """A row could not be saved, so nothing was."""


def _price(request: HtmxRequest, bundle: Bundle, forms: SlotForms) -> tuple[Quote | None, Offer | None]:
    """The Quote to send with; None with an Offer = show that price first.

    Filling slots is free, but on a delivered account it may settle a Coverage period that is due.
    """
    body = request_body({row.position: row.draft for row in forms.to_send})
    digest = digest_of(K.CONFIGURE_VIDEOS, {"bundle_id": bundle.upstream_id}, body)
    if token := forms.button.cleaned_data["quote"]:
        return read_token(token, digest=digest), None
    if not actions.is_gated(K.CONFIGURE_VIDEOS, bundle):
        return Quote(0, digest, bundle.connection.upstream_now(timezone.now())), None
    offered = offer(
        bundle.connection,
        kind=K.CONFIGURE_VIDEOS,
        body=body,
        by=request.user,
        campaign=owner_of(bundle),
        bundle=bundle,
        now=timezone.now(),
    )
    if offered.quote and not offered.quote.credits:
        return offered.quote, None
    forms.errors += [sentence for sentences in offered.refused.values() for sentence in sentences]
    return None, offered


def _save_and_send(request: HtmxRequest, bundle: Bundle, forms: SlotForms, quote: Quote) -> None:
    with transaction.atomic():
        posts = {row.position: _save(row) for row in forms.to_send}
        actions.configure_videos(
            bundle=bundle,
            posts=posts,
            by=request.user,
            key=forms.button.cleaned_data["key"],
            now=timezone.now(),
            quote=quote,
        )


def _save(row: SlotForm) -> Post:
    if row.used:
        return row.used
    try:
        if row.post:
            return edit_post(post=row.post, fields=row.values(), version=row.cleaned_data["version"])
        blank = Post(market_country=row.bundle.country)
        fields = {name: getattr(blank, name) for name in POST_FIELDS} | row.values()
        return add_post(campaign=owner_of(row.bundle), fields=fields)
    except StaleEdit as refusal:
        row.stale = refusal
        row.take_version(refusal.row.version)
        raise _RowRefused from refusal
    except CannotSave as refusal:
        row.add_error("external_ref", str(refusal))
        raise _RowRefused from refusal


def _note_refusals(bundle: Bundle, forms: SlotForms) -> None:
    """What TokPortal refused of the last batch stands at its slot until the slot is sent again."""
    sent = bundle.commands.filter(kind=K.CONFIGURE_VIDEOS).exclude(state__in=Command.UNSETTLED)
    reasons = refused_slots(sent.order_by("-pk").first())
    for row in forms.rows:
        row.refused = reasons.get(row.position, "")


def _busy_days(slots: list[Slot]) -> list[tuple[date, int]]:
    """Each day with how many videos it has, soonest first."""
    days: dict[date, int] = {}
    for slot in slots:
        if slot.video.publish_date and slot.video.status != "cancelled":
            days[slot.video.publish_date] = days.get(slot.video.publish_date, 0) + 1
    return sorted(days.items())


@require_POST
def video_finalize(request: HtmxRequest, bundle_id: int, position: int) -> HttpResponse:
    video = _editable_video(request, bundle_id, position)
    form = PricedForm(request.POST)
    if not form.is_valid():
        return _page_of_video(request, video)
    return _ask(request, video, form, kind=K.FINALIZE_VIDEO, body={}, verb=actions.finalize_video)


@require_POST
def video_correct(request: HtmxRequest, bundle_id: int, position: int) -> HttpResponse:
    video = _editable_video(request, bundle_id, position)
    form = VideoCorrectionForm(request.POST)
    if not form.is_valid():
        return _page_of_video(request, video, correction=form)
    comment = form.cleaned_data["comment"]
    return _ask(
        request,
        video,
        form,
        kind=K.CORRECT_VIDEO,
        body=actions.correction_body(comment),
        verb=partial(actions.correct_video, comment=comment),
        correction=form,
    )


@require_POST
def video_fix_download(request: HtmxRequest, bundle_id: int, position: int) -> HttpResponse:
    video = _editable_video(request, bundle_id, position)
    form = FixDownloadForm(request.POST)
    if not form.is_valid():
        return _page_of_video(request, video, fix=form)
    media = form.cleaned_data["media"]
    return _ask(
        request,
        video,
        form,
        kind=K.FIX_DOWNLOAD,
        body=actions.fix_body(video, media),
        verb=partial(actions.fix_download, media=media),
        fix=form,
    )


def _editable_video(request: HtmxRequest, bundle_id: int, position: int) -> Video:
    bundle = editable_bundle(request.user, bundle_id)
    video = bundle.videos.filter(position=position).first()
    if video is None:
        raise Http404("No such video slot.")
    video.bundle = bundle
    return video


def _ask(
    request: HtmxRequest,
    video: Video,
    form: PricedForm,
    *,
    kind: str,
    body: dict[str, Any],
    verb: Callable[..., Command],
    **shown: Any,
) -> HttpResponse:
    """Ask for the Command, or show first what it settles; `shown` is then on the page again."""
    bundle, key = video.bundle, form.cleaned_data["key"]
    if was_pressed(form, bundle):
        return redirect(bundle)
    try:
        quote, offered = _video_price(request, video, form.cleaned_data["quote"], kind=kind, body=body)
    except sync.PriceCheckWasCharged as charged:
        messages.warning(request, str(charged))
        return redirect(charged.command)
    if offered:
        return _page_of_video(request, video, priced=kind, price=offered, **shown)
    now = timezone.now()
    return pressed(request, bundle, lambda: verb(video=video, by=request.user, key=key, now=now, quote=quote))


def _video_price(
    request: HtmxRequest, video: Video, token: str, *, kind: str, body: dict[str, Any]
) -> tuple[Quote | None, Offer | None]:
    """The Quote to send with, or an Offer to show first: the price of a Coverage period, or why there is none."""
    bundle = video.bundle
    if not actions.is_gated(kind, bundle):
        return None, None
    target = {"bundle_id": bundle.upstream_id, "position": video.position}
    with suppress(QuoteExpired):  # too old, or the words were changed after they were priced
        return read_token(token, digest=digest_of(kind, target, body)), None
    offered = offer(
        bundle.connection,
        kind=kind,
        body=body,
        by=request.user,
        campaign=owner_of(bundle),
        bundle=bundle,
        position=video.position,
        now=timezone.now(),
    )
    is_free = offered.quote is not None and not offered.quote.credits
    return (offered.quote, None) if is_free else (None, offered)


def _page_of_video(request: HtmxRequest, video: Video, **shown: Any) -> HttpResponse:
    """The slot's page with a form that was refused, or that has a price."""
    slots = slots_of(video.bundle)
    slot = next(slot for slot in slots if slot.video.pk == video.pk)
    today = video.bundle.connection.upstream_now(timezone.now()).date()
    forms = SlotForms(None, bundle=video.bundle, slots=slots, shown=[], today=today)
    return _fill(request, video.bundle, forms, "commands/video_edit.html", _slot_context(slot) | shown)
