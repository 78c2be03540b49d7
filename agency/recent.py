"""Which pages a person opened last, for the search to offer before anything is typed.

Addresses only, in the cache. What they lead to is looked up again each time: whoever may no longer see a thing finds
nothing of it here.
"""

from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from agency.htmx import DRAWER
from agency.models import User

REMEMBERED = 12
REMEMBERED_SECONDS = 30 * 24 * 3600
PAGES = {
    "client_detail",
    "campaign_detail",
    "bundle_detail",
    "account_detail",
    "video_edit",
    "post_edit",
    "command_detail",
    "credit_entry",
}

GetResponse = Callable[[HttpRequest], HttpResponse]


class RecentPagesMiddleware:
    """Remember the pages about one thing that somebody opened, as a page or in a drawer. A poll opens nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.url_name in PAGES and request.method == "GET" and response.status_code == 200:
            is_fragment = "HX-Request" in request.headers and request.headers.get("HX-Target") != DRAWER
            if isinstance(request.user, User) and not is_fragment:
                remember_page(request.user, request.path)
        return response


def remember_page(user: User, path: str) -> None:
    known = [other for other in cache.get(_key(user), []) if other != path]
    cache.set(_key(user), [path, *known][:REMEMBERED], REMEMBERED_SECONDS)


def recent_pages(user: User) -> list[str]:
    """Newest first."""
    paths: list[str] = cache.get(_key(user), [])
    return paths


def _key(user: User) -> str:
    return f"recent:{user.pk}"
