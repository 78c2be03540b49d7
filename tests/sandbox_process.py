"""The sandbox as a test uses it: a process of its own, spoken to over HTTP, with its control address."""

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx

KEY = "sk_" + "0" * 64


@dataclass
class Sandbox:
    """A running sandbox. `url` is the API's base; the methods drive its control address."""

    process: subprocess.Popen[str] | None  # None = somebody else's to stop
    url: str
    key: str
    control: httpx.Client
    arguments: list[str]

    @classmethod
    def start(cls, *arguments: str, store: Path | None = None, key: str = KEY, port: int = 0) -> Self:
        stored = ["--store", str(store)] if store else []
        command = [sys.executable, "-m", "agency.sandbox", "--api-key", key, *stored, *arguments]
        process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        url = (
            next(line for line in process.stdout if "listening on" in line).split("listening on ")[1].strip()
        )
        control = httpx.Client(base_url=url.removesuffix("/api/ext") + "/_sandbox", timeout=30)
        return cls(process, url, key, control, command)

    def stop(self) -> None:
        self.control.close()
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.control.post(path, json=body)
        assert answer.is_success, f"{path} {body} → {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def now(self) -> datetime:
        return datetime.fromisoformat(self.control.get("/clock").json()["now"])

    def set_clock(self, now: datetime) -> None:
        self._post("/clock", {"now": now.astimezone(UTC).isoformat()})

    def advance(self, **time_passed: float) -> None:
        self._post("/clock", {"advance_seconds": timedelta(**time_passed).total_seconds()})

    def manager(self, do: str, **what: Any) -> Any:
        return self._post("/manager", {"do": do, **what})

    def fault(self, fault: str, *, times: int = 1, **rule: Any) -> Any:
        """The next `times` matching calls go wrong; `match` narrows them (operation, method, path)."""
        return self._post("/faults", {"fault": fault, "times": times, **rule})

    def clear_faults(self) -> None:
        self.control.delete("/faults")

    def books(self) -> list[dict[str, Any]]:
        """The true owner of every credit entry, oldest first."""
        return self.control.get("/books").json()["entries"]

    def wait_until(self, is_true: Any, seconds: float = 10) -> None:
        until = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.05)
