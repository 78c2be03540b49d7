"""One URL answers the page, or one partial of that page. Partial name = DOM id = what it is."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import reswap, retarget
from django_htmx.middleware import HtmxDetails

from agency.models import User

DRAWER = "drawer"  # id of the element that a list opens its details in


class HtmxRequest(HttpRequest):
    """What every view of ours is given: somebody is signed in, and the headers are read."""

    user: User
    htmx: HtmxDetails


def page_or_partial(
    request: HtmxRequest, template: str, partial: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Answer HTMX with one partial of the page, and anything else (a drawer too) with the page.

    The partial replaces the element of its name whatever the request aimed at; what sits on every page
    (messages, credit meter) comes along out of band.
    """
    htmx = request.htmx
    if not htmx or htmx.boosted or htmx.history_restore_request or htmx.target == DRAWER:
        response = render(request, template, context, status=status)
    else:
        parts = [f"{template}#{partial}", "shell/out_of_band.html"]
        content = "".join(render_to_string(part, context, request) for part in parts)
        response = reswap(retarget(HttpResponse(content, status=status), f"#{partial}"), "outerHTML")
    patch_vary_headers(response, ["HX-Request", "HX-Target"])  # else "back" may show a bare fragment
    return response
