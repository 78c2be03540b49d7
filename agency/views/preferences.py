"""What a person sets for themselves: how the pages look and speak, and their password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from agency import people_actions
from agency.htmx import HtmxRequest
from agency.preferences import language_of
from agency.preferences_forms import PasswordForm, PreferencesForm


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HtmxRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, person=request.user)
    if form.is_valid():
        people_actions.save_preferences(person=request.user, **form.cleaned_data)
        with translation.override(language_of(request)):  # said in the language that was just chosen
            messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    return render(request, "agency/preferences.html", {"form": form}, status=422 if form.is_bound else 200)


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HtmxRequest) -> HttpResponse:
    form = PasswordForm(request.user, request.POST or None)
    if form.is_valid():
        form.save()
        update_session_auth_hash(request, form.user)  # signed out everywhere but here
        messages.success(request, _("Your password is changed. Everywhere else you are signed out."))
        return redirect("preferences")
    return render(request, "agency/password.html", {"form": form}, status=422 if form.is_bound else 200)
