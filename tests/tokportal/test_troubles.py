"""Refusals and broken ways, as the sandbox makes them."""

from uuid import uuid4

import pytest

from agency.tokportal import (
    CoolingDown,
    DryRunIgnored,
    DuplicateBundle,
    InsufficientCredits,
    KeyConflict,
    NotAllowed,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    TokPortal,
    Unreachable,
)
from tests.sandbox_process import Sandbox

from .orders import order


def test_refusals_come_as_what_they_are(sandbox: Sandbox, tokportal: TokPortal) -> None:
    with pytest.raises(Refused) as caught:
        tokportal.create_bundle(body=order(country="ATLANTIS"), key=uuid4())
    assert caught.value.code == "COUNTRY_NOT_ENABLED"
    with pytest.raises(Refused) as caught:
        tokportal.create_bundle(body=order(videos_quantity=0), key=uuid4())
    assert caught.value.code == "VALIDATION_ERROR"
    assert "videos_quantity" in caught.value.field_errors()
    with pytest.raises(InsufficientCredits) as short:
        tokportal.create_bundles_bulk(
            body={"platforms": ["tiktok"], "country": "USA", "accounts_count": 100, "upload_accounts_count": 100,
                  "videos_per_account": 100},
            key=uuid4(),
        )  # fmt: skip
    assert short.value.missing == 100 * (32 + 200) - 5000
    body, key = order(), uuid4()
    bundle_id = tokportal.create_bundle(body=body, key=key).result.id
    with pytest.raises(DuplicateBundle) as duplicate:
        tokportal.create_bundle(body=body, key=uuid4())
    assert duplicate.value.existing_bundle_id == bundle_id
    with pytest.raises(KeyConflict):
        tokportal.create_bundle(body=order(), key=key)
    with pytest.raises(NotFound):
        tokportal.get_bundle("nothing")
    with pytest.raises(Refused) as caught:
        tokportal.unpublish_bundle(bundle_id, key=uuid4())
    assert caught.value.details
    with (
        TokPortal(base_url=sandbox.url, api_key="sk_wrong") as stranger,
        pytest.raises(NotAllowed) as refused,
    ):
        stranger.me()
    assert refused.value.is_key_problem


def test_troubles_on_the_way_come_as_what_they_are(sandbox: Sandbox, tokportal: TokPortal) -> None:
    def fault(name: str, **more: object) -> None:
        sandbox.fault(name, match={"operation": "createBundle"}, **more)

    fault("429", retry_after=7)
    with pytest.raises(RateLimited) as limited:
        tokportal.create_bundle(body=order(), key=uuid4())
    assert limited.value.retry_after >= 7
    fault("capacity_cooldown")
    with pytest.raises(CoolingDown):
        tokportal.create_bundle(body=order(), key=uuid4())
    for name in ("500", "html_502", "drop_before"):
        fault(name)
        with pytest.raises(Unreachable):
            tokportal.create_bundle(body=order(), key=uuid4())
    body, key = order(), uuid4()
    fault("drop_after")
    with pytest.raises(Unreachable) as lost:
        tokportal.create_bundle(body=body, key=key)
    assert lost.value.request_id.startswith("agency-")
    again = tokportal.create_bundle(body=body, key=key)
    assert again.replayed
    assert [row.id for row in tokportal.list_bundles(external_ref=body["external_ref"])] == [again.result.id]
    fault("slow", seconds=3)
    hasty = TokPortal(base_url=sandbox.url, api_key=sandbox.key, timeout_seconds=0.5)
    with hasty, pytest.raises(Unreachable):
        hasty.create_bundle(body=order(), key=uuid4())
    fault("ignore_dry_run")
    with pytest.raises(DryRunIgnored) as ignored:
        tokportal.create_bundle(body=order(), dry_run=True)
    assert ignored.value.answer.credits_charged == 38
    assert tokportal.get_bundle(ignored.value.answer.result.id).status == "pending_setup"


def test_nobody_at_the_address_means_that_nothing_was_sent() -> None:
    with TokPortal(base_url="http://127.0.0.1:9/api/ext", api_key="sk_1") as nobody, pytest.raises(NotSent):
        nobody.create_bundle(body=order(), key=uuid4())


def test_the_servers_own_limit_is_told_with_its_wait(tokportal: TokPortal, sandbox: Sandbox) -> None:
    assert sandbox.control.post("/faults", json={"rate": 6}).is_success
    for _ in range(6):
        tokportal.me()
    with pytest.raises(RateLimited) as caught:
        tokportal.publish_bundle("nothing", key="k")
    assert not caught.value.local
    assert caught.value.retry_after >= 1
