"""/_sandbox: the clock, the faults, the managers and the true books. No API key; apart from the API."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from . import credits, fixtures, manager, orders, webhooks
from .app import json_response
from .bundles import find_bundle
from .clock import iso_millis, machine_now, parse_time
from .errors import ApiError, ControlError
from .slots import find_slot
from .store import Row
from .work import Json, Work
from .world import World

# `do` of /_sandbox/manager about one bundle.
BUNDLE_STEPS: dict[str, Callable[..., None]] = {
    "accept": manager.accept,
    "submit_account": manager.submit_account,
    "resubmit_account": manager.resubmit_account,
}
SLOT_STEPS: dict[str, Callable[[Work, Row, Row], None]] = {
    "post_video": manager.post_video,
    "resubmit_video": manager.resubmit_video,
}


class Control:
    def __init__(self, world: World) -> None:
        self.world = world
        self._pages: dict[tuple[str, str], Callable[[Any], Json]] = {
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._move_clock,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "manager"): self._manager,
            ("POST", "manager"): self._manager_does,
            ("GET", "books"): self._books,
            ("DELETE", "books"): self._reset,
        }

    def respond(self, request: Request) -> Response:
        name = request.path.removeprefix("/_sandbox").strip("/")
        page = self._pages.get((request.method, name))
        if page is None:
            return json_response(
                {"error": f"nothing at {request.method} /_sandbox/{name}; see README.md"}, 404
            )
        try:
            raw = request.get_data()
            return json_response(page(json.loads(raw) if raw else {}))
        except (ControlError, ValueError, KeyError, TypeError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)
        except ApiError as refusal:
            return json_response(
                {"error": refusal.message, "code": refusal.code, "details": refusal.details}, 400
            )

    # Clock

    def _clock(self, _: Any) -> Json:
        now = self.world.clock.now()
        return {
            "now": iso_millis(now),
            "machine_now": iso_millis(machine_now()),
            "offset_seconds": self.world.clock.offset.total_seconds(),
        }

    def _move_clock(self, body: Any) -> Json:
        if "now" in body:
            moment = parse_time(body["now"])
        elif "advance_seconds" in body:
            moment = self.world.clock.now() + timedelta(seconds=float(body["advance_seconds"]))
        elif "advance" in body:
            moment = self.world.clock.now() + timedelta(**body["advance"])
        else:
            raise ControlError('give {"now": …}, {"advance_seconds": n} or {"advance": {"days": n}}')
        done = self.world.set_clock(moment)
        return self._clock(None) | {"done": done}

    # Faults

    def _faults(self, _: Any) -> Json:
        return {
            "faults": [rule.as_json() for rule in self.world.faults.all()],
            "rate": self.world.rate.per_minute,
            "prices": self.world.prices.overrides,
            "bulk_history": self.world.settings.bulk_history,
            "webhook_retry_seconds": list(self.world.settings.webhook_retry_seconds),
        }

    def _add_fault(self, body: Any) -> Json:
        """A rule, or a lasting change of how the whole sandbox behaves."""
        if "fault" in body:
            if body["fault"] == "forget_keys" and not body.get("match") and "times" not in body:
                self.world.keys.forget()
                return {"forgotten": True}
            return {"added": self.world.faults.add(body).as_json()} | self._faults(None)
        known = {"rate", "prices", "bulk_history", "webhook_retry_seconds", "revoke_key"}
        if not body or set(body) - known:
            raise ControlError(f"give `fault`, or any of {', '.join(sorted(known))}")
        if "rate" in body:
            self.world.rate.set(int(body["rate"]))
        if "prices" in body:
            self.world.change_prices(body["prices"])
        if "bulk_history" in body:
            if body["bulk_history"] not in ("batch", "bundle"):
                raise ControlError("`bulk_history` is batch or bundle")
            self.world.settings.bulk_history = body["bulk_history"]
        if "webhook_retry_seconds" in body:
            self.world.settings.webhook_retry_seconds = tuple(
                float(pause) for pause in body["webhook_retry_seconds"]
            )
        if "revoke_key" in body:
            self.world.revoked_keys.add(body["revoke_key"])
        return self._faults(None)

    def _clear_faults(self, body: Any) -> Json:
        self.world.faults.clear(body.get("id"))
        return self._faults(None)

    # Manager

    def _manager(self, _: Any) -> Json:
        return {
            "auto": self.world.settings.managers_work_alone,
            "coverage": self.world.settings.coverage,
            "allowance": self.world.store.recall("allowance"),
        }

    def _manager_does(self, body: Any) -> Json:
        self.world.pass_time()
        if "auto" in body:
            self.world.let_managers_work_alone(bool(body["auto"]))
            return self._manager(None)
        if "coverage" in body:
            self.world.settings.set_coverage(body["coverage"])
            return self._manager(None)
        do = body.get("do")
        with self.world.store.transaction():
            done = self._do(do, body)
        self.world.sender.ring()
        return done

    def _do(self, do: Any, body: Json) -> Json:
        if do in ("top_up", "adjust", "web_order", "allowance", "fixtures"):
            return self._office_does(do, body)
        work = self.world.work("manager")
        if do == "work":
            bundle_ids = [body["bundle_id"]] if "bundle_id" in body else self._bundles_with_work()
            return {"done": sum(self._and_plan(work, bundle_id) for bundle_id in bundle_ids)}
        bundle = find_bundle(work, body.get("bundle_id", ""))
        if do == "submit_account":
            manager.submit_account(work, bundle, username=self._asked_username(bundle, body))
        elif do in BUNDLE_STEPS:
            BUNDLE_STEPS[do](work, bundle)
        elif do in SLOT_STEPS:
            SLOT_STEPS[do](work, bundle, find_slot(work, bundle, body.get("position")))
        elif do == "flag_download":
            slot = find_slot(work, bundle, body.get("position"))
            manager.flag_download(work, slot, body.get("comment", "The file cannot be downloaded."))
        elif do == "post_due_videos":
            manager.post_due_videos(work, bundle)
        elif do == "cancel":
            manager.cancel_bundle(work, bundle, body.get("reason", "staff"))
        else:
            raise ControlError(f"`do` does not know {do!r}; see README.md")
        manager.plan_visit(work, bundle["id"])
        after = find_bundle(work, bundle["id"])
        return {
            "bundle_id": after["id"],
            "status": after["status"],
            "account_status": after["account_status"],
            "saved_account_id": after["saved_account_id"],
        }

    def _asked_username(self, bundle: Row, body: Json) -> str | None:
        if "username" in body:
            return str(body["username"])
        return f"{bundle['profile']['username']}{body['suffix']}" if "suffix" in body else None

    def _and_plan(self, work: Work, bundle_id: str) -> int:
        done = manager.do_all(work, bundle_id)
        manager.plan_visit(work, bundle_id)
        return done

    def _bundles_with_work(self) -> list[str]:
        rows = self.world.store.all(
            "SELECT id FROM bundles "
            "WHERE status IN ('published', 'published_priority', 'accepted') ORDER BY seq"
        )
        return [row["id"] for row in rows]

    def _office_does(self, do: str, body: Json) -> Json:
        """What colleagues do in the web UI and the vendor's staff do to the credits."""
        work = self.world.work("top_up" if do == "top_up" else "staff" if do == "adjust" else "web")
        if do == "top_up":
            credits.top_up(work, int(body["credits"]), body.get("description", "Top-up"))
        elif do == "adjust":
            credits.add_entry(
                work,
                kind=body.get("type", "adjustment"),
                amount=int(body["credits"]),
                description=body.get("description", "Adjustment"),
            )
        elif do == "allowance":
            self.world.store.remember(
                "allowance",
                {"remaining": int(body["remaining"]), "credits_per_bundle": int(body["credits_per_bundle"])},
            )
        elif do == "fixtures":
            fixtures.load(work)
        else:
            return self._web_order(body)
        return {"balance": credits.balance(work)}

    def _web_order(self, body: Json) -> Json:
        """A colleague orders in the web UI: the same checkout, with no API key to tell of it."""
        order = {name: value for name, value in body.items() if name != "do"}
        call = self.world.call("web", order)
        call.operation = "web_order"
        return orders.create_bundle(call)

    # Books

    def _reset(self, _: Any) -> Json:
        self.world.reset()
        return {"reset": True}

    def _books(self, _: Any) -> Json:
        work = self.world.work("books")
        deliveries = [
            webhooks.delivery_json(work, row)
            for row in work.store.all("SELECT * FROM webhook_deliveries ORDER BY seq")
        ]
        return {"balance": credits.balance(work), "entries": credits.books(work), "deliveries": deliveries}
