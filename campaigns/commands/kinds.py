"""What each kind of Command is: the call that it makes, and how its effect is told afterwards (M2)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agency.tokportal import Answer, BundleState, NotFound, TokPortal, TokPortalError, VideoState
from campaigns.models import Command

K = Command.Kind
COVERAGE_UNTIL = "coverage_until"
HANDED_OVER = ("published", "published_priority", "accepted", "in_review", "finalized", "completed")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a look at TokPortal showed. `happened` None = it cannot be told."""

    happened: bool | None
    text: str
    bundle: BundleState | None = None  # the one that carries our reference


@dataclass(frozen=True, slots=True)
class Kind:
    call: Callable[..., Answer[Any]]
    find: Callable[[TokPortal, Command], Evidence]
    before: Callable[[TokPortal, Command], dict[str, int]] | None = None  # what `find` compares with
    buys: bool = False  # always has a price
    is_gated: bool = False  # on a delivered account it may settle a Coverage period that is due, at a price
    can_dry_run: bool = True
    takes_key: bool = True


def _bundle_id(command: Command) -> str:
    return str(command.target["bundle_id"])


def _find_bundle(api: TokPortal, command: Command) -> Evidence:
    for state in api.list_bundles(external_ref=command.external_ref):
        return Evidence(
            True, f"TokPortal lists bundle {state.id} with our reference {command.external_ref}.", state
        )
    return Evidence(False, f"TokPortal lists no bundle with our reference {command.external_ref}.")


def _count_slots(field: str) -> Callable[[TokPortal, Command], dict[str, int]]:
    def count(api: TokPortal, command: Command) -> dict[str, int]:
        return {field: getattr(api.get_bundle(_bundle_id(command)), field) or 0}

    return count


def _coverage_until(api: TokPortal, command: Command) -> dict[str, int]:
    """When the Coverage period ends, of an account for which one may be paid. Not worth failing for."""
    account = command.bundle.saved_account if command.bundle else None
    if account is None or not command.quoted_credits:
        return {}
    with suppress(TokPortalError):
        state = api.get_coverage(account.upstream_id)
        if state and state.current_period_end:
            return {COVERAGE_UNTIL: int(state.current_period_end.timestamp())}
    return {}


def _find_slots(field: str) -> Callable[[TokPortal, Command], Evidence]:
    def find(api: TokPortal, command: Command) -> Evidence:
        if field not in command.before:
            return Evidence(False, "It stopped before it left.")
        now = getattr(api.get_bundle(_bundle_id(command)), field) or 0
        before, bought = command.before[field], command.body["quantity"]
        seen = f"The bundle had {before} slots before and has {now} now; {bought} were ordered."
        if now in (before, before + bought):
            return Evidence(now > before, seen)
        return Evidence(None, seen)  # somebody else bought some as well

    return find


def _find_profile(api: TokPortal, command: Command) -> Evidence:
    listing = api.get_listing(_bundle_id(command))
    differing = [name for name, wanted in command.body.items() if getattr(listing, name, None) != wanted]
    if differing:
        return Evidence(False, f"The account at TokPortal differs in: {', '.join(differing)}.")
    return Evidence(True, "The account at TokPortal reads as we sent it.")


def _find_slot_contents(api: TokPortal, command: Command) -> Evidence:
    """Every field that was sent counts: a slot with the right words may still hold the film of before.

    TokPortal may answer with a copy of the media at an address of its own. Then the same key is replayed,
    which changes nothing, or a person decides.
    """
    states = {state.position: state for state in api.list_videos(_bundle_id(command))}
    missing = []
    for item in command.body["videos"]:
        state = states.get(item["position"])
        differing = [name for name, wanted in item.items() if _told(state, name) != (wanted or None)]
        if differing:
            missing.append(f"{item['position']} ({', '.join(differing)})")
    if missing:
        return Evidence(False, f"These slots do not read as we sent them: {', '.join(missing)}.")
    return Evidence(True, "Every slot at TokPortal reads as we sent it.")


def _told(state: VideoState | None, name: str) -> object:
    """What a slot says of a field of its request; None where it is empty or not told."""
    if state is None:
        return None
    if name == "target_publish_date":
        return str(state.target_publish_date or "") or None
    return getattr(state, name, None) or state.raw.get(name) or None


def _find_bundle_status(wanted: tuple[str, ...]) -> Callable[[TokPortal, Command], Evidence]:
    def find(api: TokPortal, command: Command) -> Evidence:
        status = api.get_bundle(_bundle_id(command)).status or ""
        return Evidence(status in wanted, f"The bundle is {status!r} at TokPortal.")

    return find


def _find_account_status(wanted: tuple[str, ...]) -> Callable[[TokPortal, Command], Evidence]:
    def find(api: TokPortal, command: Command) -> Evidence:
        status = api.get_listing(_bundle_id(command)).status or ""
        return Evidence(status in wanted, f"The account is {status!r} at TokPortal.")

    return find


def _find_video_status(wanted: tuple[str, ...]) -> Callable[[TokPortal, Command], Evidence]:
    def find(api: TokPortal, command: Command) -> Evidence:
        status = api.get_video(_bundle_id(command), command.target["position"]).status or ""
        return Evidence(status in wanted, f"The video is {status!r} at TokPortal.")

    return find


def _find_nothing_left_to_publish(api: TokPortal, command: Command) -> Evidence:
    left = [state.position for state in api.list_videos(_bundle_id(command)) if state.status == "configured"]
    return Evidence(
        not left, f"{len(left)} configured slots are not handed over yet." if left else "All are handed over."
    )


def _find_download_fixed(api: TokPortal, command: Command) -> Evidence:
    state = api.get_video(_bundle_id(command), command.target["position"])
    return Evidence(
        not state.download_issue,
        "The download problem " + ("stands." if state.download_issue else "is gone."),
    )


def _delete_stray_endpoints(api: TokPortal, command: Command) -> Evidence:
    """An endpoint whose secret we never got is of no use: it goes, and a new one is made.

    The one before, whose secret we have, stays: it works until the new one is there.
    """
    known = command.connection.webhook_endpoint_id
    strays = [
        endpoint
        for endpoint in api.list_webhooks()
        if endpoint.url == command.body["url"] and endpoint.id != known
    ]
    for endpoint in strays:
        with suppress(NotFound):
            api.delete_webhook(endpoint.id)
    return Evidence(
        False, f"{len(strays)} endpoints with our address were there without their secret and are deleted."
    )


def _on_bundle(name: str) -> Callable[..., Answer[Any]]:
    """An API method that takes the bundle's id and nothing else."""

    def call(api: TokPortal, command: Command, **keywords: Any) -> Answer[Any]:
        return getattr(api, name)(_bundle_id(command), **keywords)

    return call


def _on_bundle_with_body(name: str) -> Callable[..., Answer[Any]]:
    def call(api: TokPortal, command: Command, **keywords: Any) -> Answer[Any]:
        return getattr(api, name)(_bundle_id(command), body=command.body, **keywords)

    return call


def _on_video(name: str, *, with_body: bool) -> Callable[..., Answer[Any]]:
    def call(api: TokPortal, command: Command, **keywords: Any) -> Answer[Any]:
        if with_body:
            keywords["body"] = command.body
        return getattr(api, name)(_bundle_id(command), command.target["position"], **keywords)

    return call


def _create_bundle(api: TokPortal, command: Command, **keywords: Any) -> Answer[Any]:
    return api.create_bundle(body=command.body, **keywords)


def _create_webhook(api: TokPortal, command: Command, **_: Any) -> Answer[Any]:
    return api.create_webhook(body=command.body)


KINDS: Mapping[str, Kind] = {
    K.CREATE_BUNDLE: Kind(_create_bundle, _find_bundle, buys=True),
    K.ADD_VIDEO_SLOTS: Kind(
        _on_bundle_with_body("add_video_slots"),
        _find_slots("videos_quantity"),
        before=_count_slots("videos_quantity"),
        buys=True,
    ),
    K.ADD_EDIT_SLOTS: Kind(
        _on_bundle_with_body("add_edit_slots"),
        _find_slots("edits_quantity"),
        before=_count_slots("edits_quantity"),
        buys=True,
    ),
    K.CONFIGURE_ACCOUNT: Kind(_on_bundle_with_body("configure_account"), _find_profile),
    K.CORRECT_ACCOUNT: Kind(
        _on_bundle_with_body("request_account_corrections"), _find_account_status(("pending_corrections",))
    ),
    K.FINALIZE_ACCOUNT: Kind(_on_bundle("finalize_account"), _find_account_status(("finalized",))),
    K.CONFIGURE_VIDEOS: Kind(
        _on_bundle_with_body("batch_configure_videos"),
        _find_slot_contents,
        is_gated=True,
        before=_coverage_until,
    ),
    K.PUBLISH_BUNDLE: Kind(
        _on_bundle("publish_bundle"), _find_bundle_status(HANDED_OVER), is_gated=True, before=_coverage_until
    ),
    K.UNPUBLISH_BUNDLE: Kind(_on_bundle("unpublish_bundle"), _find_bundle_status(("pending_setup",))),
    K.PUBLISH_ALL_VIDEOS: Kind(
        _on_bundle("publish_all_videos"), _find_nothing_left_to_publish, is_gated=True, before=_coverage_until
    ),
    K.FINALIZE_VIDEO: Kind(
        _on_video("finalize_video", with_body=False),
        _find_video_status(("finalized",)),
        is_gated=True,
        before=_coverage_until,
    ),
    K.CORRECT_VIDEO: Kind(
        _on_video("request_video_corrections", with_body=True),
        _find_video_status(("pending_corrections",)),
        is_gated=True,
        before=_coverage_until,
    ),
    K.FIX_DOWNLOAD: Kind(
        _on_video("fix_video_download", with_body=True),
        _find_download_fixed,
        is_gated=True,
        before=_coverage_until,
    ),
    K.CREATE_WEBHOOK: Kind(_create_webhook, _delete_stray_endpoints, can_dry_run=False, takes_key=False),
}
