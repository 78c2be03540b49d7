"""The account of a bundle: the profile that is wanted, and the review of what was delivered."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agency.forms import CommandForm
from agency.htmx import HtmxRequest
from campaigns.access import editable_bundle, visible_bundle
from campaigns.commands import actions
from campaigns.commands.forms.buttons import AccountCorrectionForm
from campaigns.commands.reports.accounts import compared, face_of, profile_of
from campaigns.commands.views.bundles import pressed, was_pressed
from campaigns.content.actions import StaleEdit, save_profile
from campaigns.content.forms import ProfileForm
from campaigns.models import Bundle
from campaigns.states import account_pill

SETTABLE = ("pending_setup", "draft", "configured")


@require_http_methods(["GET", "HEAD", "POST"])
def bundle_account(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    if request.method != "POST":
        bundle = visible_bundle(request.user, bundle_id)
        return _page(request, bundle, ProfileForm(bundle=bundle, profile=profile_of(bundle)))
    bundle = editable_bundle(request.user, bundle_id)
    form = ProfileForm(request.POST, bundle=bundle, profile=profile_of(bundle))
    button = CommandForm(request.POST)
    stale = None
    if not button.is_valid():
        form.add_error(None, _("The form came without its key, so nothing was sent. Send it again."))
    if form.is_valid():
        try:
            with transaction.atomic():  # a profile that cannot be sent is not saved either
                profile = save_profile(
                    bundle=bundle, fields=form.profile(), version=form.cleaned_data["version"]
                )
                actions.configure_account(
                    profile=profile, by=request.user, key=button.cleaned_data["key"], now=timezone.now()
                )
        except StaleEdit as refusal:
            stale = refusal
            form.take_version(refusal.row.version)
        except actions.CannotSend as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved, and on its way to TokPortal."))
            return redirect(bundle)
    return _page(request, bundle, form, stale=stale, status=422)


@require_POST
def account_correct(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    bundle = editable_bundle(request.user, bundle_id)
    form = AccountCorrectionForm(request.POST)
    if form.is_valid():
        if was_pressed(form, bundle):
            return redirect(bundle)
        return pressed(
            request,
            bundle,
            lambda: actions.correct_account(
                bundle=bundle,
                by=request.user,
                key=form.cleaned_data["key"],
                comment=form.cleaned_data["comment"],
                fields=form.changes(),
                now=timezone.now(),
            ),
        )
    profile_form = ProfileForm(bundle=bundle, profile=profile_of(bundle))
    return _page(request, bundle, profile_form, correction=form, status=422)


@require_POST
def account_finalize(request: HtmxRequest, bundle_id: int) -> HttpResponse:
    bundle = editable_bundle(request.user, bundle_id)
    form = CommandForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, _("The form came without its key, so nothing was sent. Press the button again.")
        )
        return redirect("bundle_account", bundle.pk)
    if was_pressed(form, bundle):
        return redirect(bundle)
    return pressed(
        request,
        bundle,
        lambda: actions.finalize_account(
            bundle=bundle, by=request.user, key=form.cleaned_data["key"], now=timezone.now()
        ),
    )


def _page(
    request: HtmxRequest,
    bundle: Bundle,
    form: ProfileForm,
    *,
    stale: StaleEdit | None = None,
    correction: AccountCorrectionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    campaign = bundle.campaign
    is_open = campaign is not None and not campaign.archived_at and not campaign.client.is_archived
    may_edit = request.user.may_edit and is_open
    context = {
        "bundle": bundle,
        "form": form,
        "button": CommandForm(),
        "stale": stale,
        "correction": correction or AccountCorrectionForm(),
        "pill": account_pill(bundle),
        "face": face_of(bundle),
        "compared": compared(bundle),
        "may_edit": may_edit,
        "can_set": may_edit and bundle.has_account_step and bundle.status in SETTABLE,
        "in_review": bundle.account_status == "in_review",
        "under_way": list(bundle.commands.unsettled()),
        "upstream_now": bundle.connection.upstream_now(timezone.now()),
    }
    return render(request, "commands/bundle_account.html", context, status=status)
