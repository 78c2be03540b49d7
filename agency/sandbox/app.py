"""The conventions around every operation: key, rate, faults, idempotency, dry run, headers, errors."""

import json
import math
import re
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from . import assumed, credits, faults, idempotency, limits, manager
from .call import Call, Text
from .errors import ApiError, invalid
from .faults import Target
from .routes import BY_OPERATION, URL_MAP, Route
from .work import Json
from .world import World

API_PREFIX = "/api/ext"
REQUEST_ID = re.compile(r"[\x20-\x7e]{1,128}")
DRY_RUN_NOTICE = "Simulated: nothing was created, charged, published or sent."
HTML_502 = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class DropConnection(Exception):
    """The server closes the connection without an answer."""


class HtmlFailure(Exception):
    """A gateway in front of the API failed, and says so in HTML."""


class UndoDryRun(Exception):
    """Leaves a transaction so that it is rolled back."""


@dataclass(frozen=True)
class Asked:
    """A write as it was addressed."""

    route: Route
    path_values: dict[str, Any]
    target: Target


class Api:
    """Answers everything below /api/ext."""

    def __init__(self, world: World) -> None:
        self.world = world

    def respond(self, request: Request) -> Response:
        request_id = self._request_id(request)
        rate_headers: dict[str, str] = {}
        try:
            response = self._answer(request, request_id, rate_headers)
        except ApiError as refusal:
            response = json_response(refusal.body(), refusal.status)
            response.headers.extend(refusal.headers)
        except HtmlFailure:
            response = Response(HTML_502, 502, content_type="text/html")
        except DropConnection:
            raise
        except Exception:
            traceback.print_exc()
            error = ApiError(500, assumed.INTERNAL_ERROR, "The sandbox failed; see its standard error")
            response = json_response(error.body(), 500)
        for name, value in rate_headers.items():
            response.headers.setdefault(name, value)
        response.headers["X-TokPortal-API-Version"] = "2026-05-25"
        response.headers["X-TokPortal-API-Stability"] = "stable"
        response.headers["X-TokPortal-Request-ID"] = request_id
        response.headers["Date"] = format_datetime(self.world.clock.now().astimezone(UTC), usegmt=True)
        return response

    def _request_id(self, request: Request) -> str:
        given = request.headers.get("X-Request-ID", "")
        return given if REQUEST_ID.fullmatch(given) else f"req_{uuid.uuid4().hex}"

    def _answer(self, request: Request, request_id: str, rate_headers: dict[str, str]) -> Response:
        if request.method == "OPTIONS":
            return Response(status=204, headers={"Allow": "GET, POST, PUT, PATCH, DELETE, OPTIONS"})
        path = request.path.removeprefix(API_PREFIX)
        route, path_values = self._route(request.method, path)
        api_key = ""
        if not (isinstance(route, Route) and route.is_public):
            api_key = self._authenticate(request)
            rate_headers |= self.world.rate.take(api_key)
        if isinstance(route, ApiError):
            raise route
        is_dry_run = (
            route.method != "GET" and request.headers.get("X-TokPortal-Dry-Run", "").lower() == "true"
        )
        target = Target(route.operation, route.method, path, is_dry_run)
        self._strike_before(target)
        self.world.pass_time()
        call = self.world.call("api", None)
        call.operation, call.api_key, call.request_id = route.operation, api_key, request_id
        call.args = request.args
        if route.method == "GET":
            self._strike_inside(target, is_dry_run=False)
            return self._as_response(route.handler(call, **path_values), route.status)
        return self._write(request, call, Asked(route, path_values, target))

    def _route(self, method: str, path: str) -> tuple[Route | ApiError, dict[str, Any]]:
        try:
            operation, values = URL_MAP.bind("").match(path, method)
        except MethodNotAllowed:
            return ApiError(405, assumed.METHOD_NOT_ALLOWED, f"{method} is not allowed here"), {}
        except HTTPException:
            return ApiError(404, assumed.NOT_FOUND, f"No operation at {path}"), {}
        return BY_OPERATION[operation], dict(values)

    def _authenticate(self, request: Request) -> str:
        key = request.headers.get("X-API-Key")
        if not key:
            raise ApiError(401, "AUTH_MISSING_KEY", "Send your API key in the X-API-Key header")
        if key in self.world.revoked_keys:
            raise ApiError(401, "AUTH_REVOKED_KEY", "This API key was revoked")
        if key not in self.world.api_keys:
            raise ApiError(401, "AUTH_INVALID_KEY", "This API key is not known")
        return key

    # Writes

    def _write(self, request: Request, call: Call, asked: Asked) -> Response:
        key = idempotency.read_key(request)
        if key is not None and asked.route.idempotency == "refused":
            raise ApiError(
                400,
                "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE",
                "This operation takes no Idempotency-Key: its answer is never stored",
            )
        raw_body = self._read_body(request, call)
        strike = self.world.faults.strike
        call.dry_run = asked.target.is_dry_run and not strike(("ignore_dry_run",), asked.target)
        if key is None or call.dry_run:
            response = self._run(call, asked)
        else:
            call.idempotency_key = key
            response = self._run_once(call, asked, idempotency.digest(call, raw_body))
        self.world.sender.ring()
        if not call.dry_run:
            self._strike_after(asked.target)
        return response

    def _read_body(self, request: Request, call: Call) -> bytes:
        """Read the body as JSON or as a form; returns it raw."""
        if request.mimetype == "multipart/form-data":
            call.form, call.files = request.form, request.files
            return b""
        raw = request.get_data()
        if raw:
            try:
                call.body = json.loads(raw)
            except ValueError:
                raise invalid(body="is not valid JSON") from None
        return raw

    def _run_once(self, call: Call, asked: Asked, request_digest: str) -> Response:
        """Run a request with a key, or replay its stored answer."""
        keys = self.world.keys
        scope = f"{asked.target.method} {asked.target.path} {call.idempotency_key}"
        if self.world.faults.strike(("forget_keys",), asked.target):
            keys.forget(scope)

        def keep(response: Response) -> None:
            if assumed.answer_is_kept(response.status_code):
                text, kind = response.get_data(as_text=True), response.content_type or ""
                keys.keep(scope, request_digest, call, response.status_code, text, kind)

        stored = keys.stored(scope, request_digest, call)
        if stored is None:
            with keys.running(scope):
                stored = keys.stored(scope, request_digest, call)  # the first may just have ended
                if stored is None:
                    try:
                        return self._run(call, asked, before_commit=keep)
                    except ApiError as refusal:
                        with call.store.transaction():
                            keep(json_response(refusal.body(), refusal.status))
                        raise
        response = Response(stored["body"], stored["status"], content_type=stored["content_type"] or None)
        response.headers["Idempotent-Replayed"] = "true"
        return response

    def _run(
        self, call: Call, asked: Asked, before_commit: Callable[[Response], None] | None = None
    ) -> Response:
        route, path_values = asked.route, asked.path_values
        self._strike_inside(asked.target, is_dry_run=call.dry_run)
        if route.is_unlocked:
            result = route.handler(call, **path_values)
            if call.dry_run:
                return self._as_response(self._simulated(call, result), route.status)
            response = self._as_response(result, route.status)
            if before_commit:
                with call.store.transaction():
                    before_commit(response)
            return response
        try:
            with call.store.transaction():
                call.now = self.world.clock.now()  # in its turn, so that rows and their times have one order
                result = route.handler(call, **path_values)
                if call.dry_run:
                    raise UndoDryRun
                if self.world.settings.managers_work_alone and "bundle_id" in path_values:
                    manager.plan_visit(call, path_values["bundle_id"])
                response = self._as_response(result, route.status)
                if before_commit:
                    before_commit(response)
        except UndoDryRun:
            return self._as_response(
                self._simulated(call, result), route.status if result is not None else 200
            )
        return response

    def _simulated(self, call: Call, result: Any) -> Any:
        """A dry run's answer: the operation's own shape, its price, and nothing charged."""
        if isinstance(result, Text):
            return result
        answer: Json = dict(result or {"data": {}})
        return answer | {
            "dry_run": True,
            "dry_run_notice": DRY_RUN_NOTICE,
            "credits_charged": 0,
            "credits_would_charge": call.charged,
            "credits_remaining": credits.balance(call),
        }

    # Faults

    def _strike_before(self, target: Target) -> None:
        """Faults that hit before anything is looked at."""
        if rule := self.world.faults.strike(faults.BEFORE, target):
            if rule.fault == "drop_before":
                raise DropConnection
            if rule.fault == "429":
                raise limits.too_many(math.ceil(float(rule.options.get("retry_after", 1))))
            if rule.fault == "html_502":
                raise HtmlFailure
            raise ApiError(500, assumed.INTERNAL_ERROR, "Something went wrong")

    def _strike_inside(self, target: Target, *, is_dry_run: bool) -> None:
        """Faults of the operation itself; a dry run does not meet those of the checkout."""
        strike = self.world.faults.strike
        if rule := strike(("slow",), target):
            time.sleep(float(rule.options.get("seconds", 1)))
        if not is_dry_run:
            if rule := strike(("price_change",), target):
                self.world.change_prices(rule.options.get("prices") or self.world.dearer_accounts())
                raise ApiError(
                    409, "BUNDLE_PRICING_CHANGED", "Prices changed during checkout; nothing was charged"
                )
            if rule := strike(("capacity_cooldown",), target):
                refusal = ApiError(429, "capacity_cooldown", "Capacity is cooling down; nothing was charged")
                if "retry_after" in rule.options:
                    refusal.headers["Retry-After"] = str(rule.options["retry_after"])
                raise refusal
        if rule := strike(("error",), target):
            options = rule.options
            details = options.get("details") or {}
            raise ApiError(
                int(options.get("status", 400)),
                str(options.get("code", "VALIDATION_ERROR")),
                str(options.get("message", "Refused on demand")),
                **details,
            )

    def _strike_after(self, target: Target) -> None:
        """Faults that hide an effect that has happened; its answer is stored with its key."""
        strike = self.world.faults.strike
        if rule := strike(("slow_after",), target):
            time.sleep(float(rule.options.get("seconds", 1)))
        if strike(("drop_after",), target):
            raise DropConnection
        if strike(("500_after",), target):
            raise ApiError(500, assumed.INTERNAL_ERROR, "Something went wrong")

    def _as_response(self, result: Any, status: int) -> Response:
        if result is None:
            return Response(status=204)
        if isinstance(result, Text):
            response = Response(result.body, status, content_type=f"{result.content_type}; charset=utf-8")
            response.headers.extend(result.headers)
            return response
        return json_response(result, status)


def json_response(body: Json, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
