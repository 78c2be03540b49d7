"""A TokPortal whose answers the test writes itself, and one that speaks to the sandbox."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from agency.tokportal import CallRecord, TokPortal
from tests.sandbox.api import Receiver
from tests.sandbox_process import Sandbox

from .orders import NOW

BASE_URL = "https://tokportal.test/api/ext"
API_KEY = "sk_" + "0123456789abcdef" * 4

Answer = httpx.Response | Exception


@dataclass
class Scripted:
    """Answers in order, the last one for ever; keeps what was asked."""

    answers: list[Answer]
    asked: list[httpx.Request] = field(default_factory=list)
    records: list[CallRecord] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def body(self, number: int = -1) -> object:
        return json.loads(self.asked[number].content)


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[TokPortal, Scripted]]]:
    opened: list[TokPortal] = []

    def start(*answers: Answer) -> tuple[TokPortal, Scripted]:
        script = Scripted(list(answers))
        tokportal = TokPortal(
            base_url=BASE_URL,
            api_key=API_KEY,
            transport=httpx.MockTransport(script),
            on_answer=script.records.append,
        )
        opened.append(tokportal)
        return tokportal, script

    yield start
    for tokportal in opened:
        tokportal.close()


def answer(status: int = 200, body: object = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, json={"data": {}} if body is None else body)


def refusal(
    status: int, code: str, details: object = None, message: str = "No.", **headers: str
) -> httpx.Response:
    return answer(status, {"error": {"code": code, "message": message, "details": details}}, **headers)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = Sandbox.start("--rate", "0", "--now", NOW.isoformat())
    yield running
    running.stop()


@pytest.fixture
def records() -> list[CallRecord]:
    """What the `tokportal` fixture was asked to do."""
    return []


@pytest.fixture
def tokportal(sandbox: Sandbox, records: list[CallRecord]) -> Iterator[TokPortal]:
    with TokPortal(base_url=sandbox.url, api_key=sandbox.key, on_answer=records.append) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()
