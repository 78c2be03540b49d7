"""Effect, charge and stored answer are one: a sandbox that is killed has all three or none."""

import random
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx

from tests.sandbox.api import Api, order_body
from tests.sandbox_process import Sandbox


def test_a_killed_sandbox_has_charged_every_order_once_after_all_are_repeated(tmp_path: Path) -> None:
    orders = {f"key-{number}": order_body(external_ref=f"ref-{number}") for number in range(120)}
    sandbox = Sandbox.start("--rate", "0", store=tmp_path)
    is_killed = Event()

    def send(key: str) -> int | None:
        if is_killed.is_set():
            return None
        try:
            headers = {"X-API-Key": sandbox.key, "Idempotency-Key": key}
            return httpx.post(f"{sandbox.url}/bundles", json=orders[key], headers=headers).status_code
        except httpx.TransportError:
            return None

    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send, key) for key in orders]
        time.sleep(random.Random(3).uniform(0.15, 0.3))
        sandbox.process.kill()
        is_killed.set()
    answered = [future.result() for future in sent]
    sandbox.stop()
    sandbox = Sandbox.start("--rate", "0", store=tmp_path)
    with Api(sandbox) as api:
        found_before = api.done("GET", "/bundles")["pagination"]["total"]
        assert found_before >= answered.count(201)
        for key, body in orders.items():
            assert api.post("/bundles", json=body, headers={"Idempotency-Key": key}).status_code == 201
        assert api.done("GET", "/bundles")["pagination"]["total"] == len(orders)
        assert api.balance() == 5000 - 34 * len(orders)
        charged = [entry["external_ref"] for entry in sandbox.books() if entry["amount"] < 0]
        assert sorted(charged) == sorted(body["external_ref"] for body in orders.values())
    sandbox.stop()


def test_an_interrupted_sandbox_stops_cleanly() -> None:
    for stop in ("terminate", "kill"):
        sandbox = Sandbox.start()
        getattr(sandbox.process, stop)()
        assert sandbox.process.wait(5) == (0 if stop == "terminate" else -9)
        sandbox.stop()


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    sandbox = Sandbox.start()
    port = sandbox.url.split(":")[2].split("/")[0]
    command = [*sandbox.arguments, "--port", port]
    second = subprocess.run(command, capture_output=True, text=True, timeout=10)
    assert second.returncode != 0
    assert second.stderr.startswith(f"sandbox: cannot listen on port {port}")
    sandbox.stop()
