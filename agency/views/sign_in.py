"""Signing in and out, with Django's own views."""

from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from agency.htmx import HtmxRequest

_sign_in = LoginView.as_view(template_name="agency/sign_in.html", redirect_authenticated_user=True)
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
    return _sign_out(request)
