"""Every request example of the older public documents gets the documented answer (profile `seed`, May 2026).

`bnd_abc123` in an example stands for the bundle that its document has just created; the list and read examples
mean the resource of that name, which the sandbox brings along in this profile, as it does `acc_abc123`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox_process import Sandbox

EXAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("seed_examples.json").read_text())
KEYS = ("sk_your_key_here", "tok_live_xxx", "$TOKPORTAL_API_KEY")
# Made anew in every run, or different because the two documented sums do not add up: compared by form.
BY_FORM = ("bundle_id", "created_at", "credits_remaining")
SUMS_THAT_DO_NOT_ADD_UP = {"004-01": 70, "004-02": 85}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def seed_sandbox() -> Iterator[Sandbox]:
    keys = [part for key in KEYS[1:] for part in ("--api-key", key)]
    sandbox = Sandbox.start("--prices", "seed", "--now", "2026-05-25T09:00:00Z", *keys, key=KEYS[0])
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def created() -> dict[str, str]:
    """Document number → the bundle that it created last."""
    return {}


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{e['id']} {e['name']}" for e in EXAMPLES])
def test_an_example_gets_its_documented_answer(
    seed_sandbox: Sandbox, created: dict[str, str], example: dict[str, Any]
) -> None:
    document = example["id"][:3]
    path = example["path"].replace("{bundle_id}", created.get(document, ""))
    if example["stands_for_created"]:
        path = path.replace("bnd_abc123", created[document])
    answer = httpx.request(
        example["method"],
        seed_sandbox.url + path,
        params=example["query"],
        headers={"X-API-Key": example["key"]},
        json=example["body"],
    )
    assert answer.is_success, answer.text
    expected = example.get("expect", {})
    if "content_type" in expected:
        assert answer.headers["Content-Type"].startswith(expected["content_type"])
        return
    body = answer.json()
    for dotted in example["answer_has"]:
        assert found(body, dotted) is not None or dotted.endswith("external_ref"), dotted
    if example["answer"]:
        assert_documented(body, example["answer"], by_form=(*BY_FORM, *odd_sums(example)))
    if example["id"] in SUMS_THAT_DO_NOT_ADD_UP:
        assert body["credits_charged"] == SUMS_THAT_DO_NOT_ADD_UP[example["id"]]
        assert sum(body["cost_breakdown"].values()) == body["credits_charged"]
    if "bundles_created" in expected:
        bundles = body["data"]["bundles"]
        assert len(bundles) == expected["bundles_created"]
        assert sum(b["videos_quantity"] > 0 for b in bundles) == expected["bundles_with_video_slots"]
    if example["method"] == "POST" and path == "/bundles":
        created[document] = body["data"]["bundle_id"]


def odd_sums(example: dict[str, Any]) -> tuple[str, ...]:
    return ("credits_charged",) if example["id"] in SUMS_THAT_DO_NOT_ADD_UP else ()


def found(body: Any, dotted: str) -> Any:
    """The value at `data.0.id`."""
    for name in dotted.split("."):
        body = body[int(name)] if name.isdigit() else body[name]
    return body


def assert_documented(actual: Any, documented: Any, by_form: tuple[str, ...]) -> None:
    """All that is documented is there; more may be. List items are found by their id."""
    if isinstance(documented, dict):
        for name, value in documented.items():
            if name in by_form and not is_fixture(documented):
                assert type(actual[name]) is type(value), name
                assert name != "created_at" or TIME.fullmatch(actual[name])
            else:
                assert_documented(actual[name], value, by_form)
    elif isinstance(documented, list):
        for item in documented:
            assert_documented(next(a for a in actual if a["id"] == item["id"]), item, by_form)
    else:
        assert actual == documented


def is_fixture(documented: dict[str, Any]) -> bool:
    return documented.get("id") == "bnd_abc123"
