"""What every request gets: an id for its log lines, the person's language and zone, a policy for the browser."""

import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from celery import current_task
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.views.defaults import page_not_found

from agency.preferences import language_of, zone_of

GetResponse = Callable[[HttpRequest], HttpResponse]

request_id: ContextVar[str] = ContextVar("request_id", default="")

# A proxy's id is kept when it is harmless in a log line.
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Name the request in its log lines and in the answer's `X-Request-ID`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if _ACCEPTABLE_ID.fullmatch(given) else secrets.token_hex(8)
        # It stays until the thread's next request: Django logs a 404 after we have returned.
        request_id.set(name)
        response = self.get_response(request)
        response["X-Request-ID"] = name
        return response


class RequestIdFilter(logging.Filter):
    """Give every log record a `request_id`: the request's, the Celery task's, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        task_id = current_task.request.id if current_task else None
        record.request_id = request_id.get() or task_id or "-"
        return True


class PreferencesMiddleware:
    """Speak the person's language and tell the time of their zone, until the answer is made."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language), timezone.override(zone_of(request.user)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Accept-Language"])
        return response


class PermissionsPolicyMiddleware:
    """Switch off what these pages never use."""

    POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = self.POLICY
        return response


class WrongMethodMiddleware:
    """Answer a wrong method like a wrong address.

    A view refuses the method before it looks who is asking: the 405 would tell an outsider that the address is
    one, and a person who follows a button's address by hand is better served by a page with links.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405:
            return response
        return page_not_found(request, Http404(f"{request.method} is not taken here."))
