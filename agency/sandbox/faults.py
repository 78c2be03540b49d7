"""Faults on demand: rules that match requests or webhook events, each for so many times."""

import fnmatch
import re
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from .errors import ControlError

# Before the effect, whatever the request is.
BEFORE = ("429", "500", "html_502", "drop_before")
# Inside the operation: its key is taken, a stored answer has been looked for, nothing has happened yet.
INSIDE = ("slow", "error", "price_change", "capacity_cooldown", "forget_keys", "ignore_dry_run")
# The effect and the stored answer are kept; the client does not hear of it.
AFTER = ("slow_after", "drop_after", "500_after")
ON_WEBHOOKS = ("webhook_double", "webhook_late", "webhook_reorder", "webhook_lose")
FAULTS = (*BEFORE, *INSIDE, *AFTER, *ON_WEBHOOKS)

DEFAULT_OPERATIONS = {
    "price_change": ("createBundle", "createBundlesBulk"),
    "capacity_cooldown": ("createBundle", "createBundlesBulk", "publishBundle"),
}


@dataclass(frozen=True)
class Target:
    """What a rule is compared with. `path` is the part below /api/ext."""

    operation: str
    method: str
    path: str
    is_dry_run: bool


@dataclass
class Fault:
    fault: str
    match: dict[str, Any]
    times: int  # how often it still strikes; -1 = for ever
    options: dict[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def matches(self, target: Target) -> bool:
        if not self.match and self.fault in DEFAULT_OPERATIONS:
            return target.operation in DEFAULT_OPERATIONS[self.fault]
        return (
            self.match.get("operation", target.operation) == target.operation
            and self.match.get("method", target.method).upper() == target.method
            and self.match.get("dry_run", target.is_dry_run) == target.is_dry_run
            and _path_matches(self.match.get("path"), target.path)
        )

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "fault": self.fault, "match": self.match, "times": self.times, **self.options}


def _path_matches(pattern: str | None, path: str) -> bool:
    """A glob over the path below /api/ext, or a regular expression when it starts with `^`."""
    if pattern is None:
        return True
    return bool(re.search(pattern, path)) if pattern.startswith("^") else fnmatch.fnmatchcase(path, pattern)


@dataclass
class WebhookFate:
    is_lost: bool = False
    delay_seconds: float = 0.0
    times: int = 1


class Faults:
    """The rules in force. They live in memory only: a restart clears them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, rule: Any) -> Fault:
        if not isinstance(rule, dict) or rule.get("fault") not in FAULTS:
            raise ControlError(f"`fault` must be one of {', '.join(FAULTS)}")
        match = rule.get("match") or {}
        if unknown := set(match) - {"operation", "method", "path", "dry_run", "event"}:
            raise ControlError(f"`match` does not know {', '.join(sorted(unknown))}")
        times = rule.get("times", 1)
        if isinstance(times, bool) or not isinstance(times, int) or not times:
            raise ControlError("`times` must be a whole number and not 0; -1 is for ever")
        options = {name: value for name, value in rule.items() if name not in ("fault", "match", "times")}
        fault = Fault(rule["fault"], match, times, options)
        with self._lock:
            self._rules.append(fault)
        return fault

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._rules)

    def clear(self, rule_id: str | None = None) -> None:
        with self._lock:
            self._rules = [rule for rule in self._rules if rule_id not in (None, rule.id)]

    def strike(self, kinds: tuple[str, ...], target: Target) -> Fault | None:
        """The first rule of these kinds that matches; it is used up by one."""
        with self._lock:
            for rule in self._rules:
                if rule.fault in kinds and rule.matches(target):
                    self._use(rule)
                    return rule
        return None

    def webhook_fate(self, event: str) -> WebhookFate:
        """What happens to the deliveries of an event of this type."""
        fate = WebhookFate()
        with self._lock:
            for rule in list(self._rules):
                if rule.fault not in ON_WEBHOOKS:
                    continue
                if not fnmatch.fnmatchcase(event, rule.match.get("event", "*")):
                    continue
                self._use(rule)
                if rule.fault == "webhook_lose":
                    fate.is_lost = True
                elif rule.fault == "webhook_double":
                    fate.times = 2
                else:  # late, or held back so that later events overtake it
                    fate.delay_seconds += float(rule.options.get("seconds", 2))
        return fate

    def _use(self, rule: Fault) -> None:
        if rule.times > 0:
            rule.times -= 1
        if rule.times == 0:
            self._rules.remove(rule)
