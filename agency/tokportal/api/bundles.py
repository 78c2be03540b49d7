"""Orders: create, change, publish; and the account that an order asks for."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..errors import Unreachable
from ..reading import subject
from ..results import Answer, BulkOutcome, BundleState, ListingState, PublishOutcome, Readiness
from .calls import Body, Calls, Key, nothing

_ONE = "/bundles/{bundle_id}"


class Bundles(Calls):
    def list_bundles(self, **filters: object) -> Iterator[BundleState]:
        """GET /bundles. Filters: status, bundle_type, platform, external_ref (exact), account_status."""
        found = self._pages(
            "listBundles", "/bundles", BundleState.from_json, query=filters, names=("bundles",)
        )
        return (bundle for bundle in found if bundle.id)

    def get_bundle(self, bundle_id: str) -> BundleState:
        """GET /bundles/{id}. Raises NotFound, or NotAllowed for another workspace's."""
        return _bundle(bundle_id)(self._read("getBundle", _ONE, {"bundle_id": bundle_id}))

    def create_bundle(self, *, body: Body, key: Key = None, dry_run: bool = False) -> Answer[BundleState]:
        """POST /bundles. Debits the credits at once; nothing gives them back.

        Raises DuplicateBundle, InsufficientCredits, PriceChanged, CoolingDown. An answer without an id is
        Unreachable: the order may stand. A dry run's id is made up ("Sandbox (dry run)"): never store it.
        """
        read = _quoted if dry_run else _created
        return self._change("createBundle", "POST", "/bundles", read, body=body, key=key, dry_run=dry_run)

    def create_bundles_bulk(
        self, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[BulkOutcome]:
        """POST /bundles/bulk: platforms × accounts in one country, all or nothing, debited at once.

        The shape of the answer is not documented: where it names no bundles, list them by the batch's
        external_ref.
        """
        return self._change(
            "createBundlesBulk",
            "POST",
            "/bundles/bulk",
            BulkOutcome.from_json,
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def update_bundle(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[BundleState]:
        """PATCH /bundles/{id}: title, external_ref, auto_finalize_videos. Free."""
        return self._of_bundle("updateBundle", "PATCH", "", bundle_id, body, key, dry_run)

    def publish_bundle(
        self, bundle_id: str, *, key: Key = None, dry_run: bool = False
    ) -> Answer[PublishOutcome]:
        """POST /bundles/{id}/publish. Free, but an account's due Coverage period is debited before it runs.

        Raises NotReady with its blockers, Refused in another status, CoolingDown. The server may move days.
        """
        return self._change(
            "publishBundle",
            "POST",
            f"{_ONE}/publish",
            PublishOutcome.from_json,
            {"bundle_id": bundle_id},
            key=key,
            dry_run=dry_run,
        )

    def get_publish_readiness(self, bundle_id: str) -> Readiness:
        """GET /bundles/{id}/publish-readiness. Never charges or renews anything."""
        return Readiness.from_json(
            self._read("getBundlePublishReadiness", f"{_ONE}/publish-readiness", {"bundle_id": bundle_id})
        )

    def unpublish_bundle(
        self, bundle_id: str, *, key: Key = None, dry_run: bool = False
    ) -> Answer[BundleState]:
        """POST /bundles/{id}/unpublish: only before a manager accepts. No refund."""
        return self._of_bundle("unpublishBundle", "POST", "/unpublish", bundle_id, None, key, dry_run)

    def add_video_slots(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[BundleState]:
        """POST /bundles/{id}/add-video-slots, body {"quantity": 1…500}. Debited at once."""
        return self._of_bundle("addVideoSlots", "POST", "/add-video-slots", bundle_id, body, key, dry_run)

    def add_edit_slots(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[BundleState]:
        """POST /bundles/{id}/add-edit-slots, body {"quantity": n}: at most one per video slot. Debited."""
        return self._of_bundle("addEditSlots", "POST", "/add-edit-slots", bundle_id, body, key, dry_run)

    def configure_warming_terms(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[None]:
        """PUT /bundles/{id}/warming-terms, body advanced_warming_terms: as many as bought, once."""
        return self._change(
            "configureBundleWarmingTerms",
            "PUT",
            f"{_ONE}/warming-terms",
            nothing,
            {"bundle_id": bundle_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def get_listing(self, bundle_id: str) -> ListingState:
        """GET /bundles/{id}/account: the account that the bundle asks for, and its review."""
        return ListingState.from_json(
            self._read("getBundleAccount", f"{_ONE}/account", {"bundle_id": bundle_id})
        )

    def configure_account(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[ListingState]:
        """PUT /bundles/{id}/account: replaces the whole profile. Not after publication: Refused."""
        return self._of_listing("configureBundleAccount", "PUT", "", bundle_id, body, key, dry_run)

    def request_account_corrections(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[ListingState]:
        """POST …/account/corrections, body comment and fields (field → feedback). Needs in_review."""
        return self._of_listing(
            "requestBundleAccountCorrections", "POST", "/corrections", bundle_id, body, key, dry_run
        )

    def finalize_account(
        self, bundle_id: str, *, key: Key = None, dry_run: bool = False
    ) -> Answer[ListingState]:
        """POST /bundles/{id}/account/finalize. Needs in_review; happens by itself after 72 hours."""
        return self._of_listing("finalizeBundleAccount", "POST", "/finalize", bundle_id, None, key, dry_run)

    def _of_bundle(
        self,
        operation: str,
        method: str,
        path: str,
        bundle_id: str,
        body: Body | None,
        key: Key,
        dry_run: bool,
    ) -> Answer[BundleState]:
        return self._change(
            operation,
            method,
            _ONE + path,
            _bundle(bundle_id),
            {"bundle_id": bundle_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def _of_listing(
        self,
        operation: str,
        method: str,
        path: str,
        bundle_id: str,
        body: Body | None,
        key: Key,
        dry_run: bool,
    ) -> Answer[ListingState]:
        return self._change(
            operation,
            method,
            f"{_ONE}/account{path}",
            ListingState.from_json,
            {"bundle_id": bundle_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )


def _bundle(bundle_id: str) -> Callable[[object], BundleState]:
    """Reads a bundle whose id we know: a partial answer need not repeat it."""

    def read(document: object) -> BundleState:
        return replace(BundleState.from_json(subject(document)), id=bundle_id)

    return read


def _quoted(document: object) -> BundleState:
    return BundleState.from_json(subject(document))


def _created(document: object) -> BundleState:
    bundle = _quoted(document)
    if not bundle.id:
        raise Unreachable("TokPortal's answer to the order names no bundle", details=bundle.raw)
    return bundle
