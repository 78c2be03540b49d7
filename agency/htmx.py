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


class HtmxRequest(HttpRequest):
    """What every view of ours is given: somebody is signed in, and the headers are read."""

    user: User
    htmx: HtmxDetails


def page_or_partial(
    request: HtmxRequest, template: str, partial: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Answer HTMX with one partial of the page, and anything else with the page.

    The partial replaces the element of its name whatever the request aimed at; what sits on every page
    (messages, credit meter) comes along out of band.
    """
    if not request.htmx or request.htmx.boosted or request.htmx.history_restore_request:
        response = render(request, template, context, status=status)
    else:
        parts = [f"{template}#{partial}", "base.html#out-of-band"]
        content = "".join(render_to_string(part, context, request) for part in parts)
        response = reswap(retarget(HttpResponse(content, status=status), f"#{partial}"), "outerHTML")
    patch_vary_headers(response, ["HX-Request"])  # else "back" may show a bare fragment
    return response
