"""Signing in and out, with Django's own views and a brake on guessing."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from agency.htmx import HtmxRequest

FAILURES_ALLOWED = 10
FAILURES_FORGOTTEN_SECONDS = 15 * 60


class SignInForm(AuthenticationForm):
    """User name and password. Ten wrong ones from one address close a name to that address for 15 minutes."""

    def clean(self) -> dict[str, Any]:
        key = self._key()
        if cache.get(key, 0) >= FAILURES_ALLOWED:
            raise ValidationError(
                _("Too many wrong passwords. Wait 15 minutes, or ask an owner for a new one.")
            )
        try:
            cleaned = super().clean()
        except ValidationError:
            cache.add(key, 0, FAILURES_FORGOTTEN_SECONDS)
            cache.incr(key)
            raise
        cache.delete(key)
        return cleaned

    def _key(self) -> str:
        address = self.request.META["REMOTE_ADDR"] if self.request else ""
        who = f"{self.cleaned_data.get('username', '').casefold()} {address}"
        return f"sign-in:{hashlib.sha256(who.encode()).hexdigest()}"


_sign_in = LoginView.as_view(
    template_name="agency/sign_in.html", authentication_form=SignInForm, redirect_authenticated_user=True
)
_sign_out = LogoutView.as_view(next_page="sign-in")


@login_not_required
def sign_in(request: HtmxRequest) -> HttpResponseBase:
    """User name and password. `next` comes back to the page that was asked for."""
    if request.htmx:  # the session ended under an open page: the form must not land inside a table
        address = urlsplit(request.htmx.current_url_abs_path or "/")
        here = address._replace(fragment="").geturl()
        return HttpResponseClientRedirect(f"{resolve_url('sign-in')}?{urlencode({'next': here})}")
    return _sign_in(request)


def sign_out(request: HtmxRequest) -> HttpResponseBase:
    """Whoever comes by a link is asked first: following one changes nothing."""
    if request.method in ("GET", "HEAD"):
        return render(request, "agency/sign_out.html")
    return _sign_out(request)
