"""Video slots of a bundle. Gated: an account's due Coverage period is debited before a change runs."""

from collections.abc import Callable
from typing import TypeVar

from ..reading import rows, subject
from ..results import Answer, BatchOutcome, ImportOutcome, PublishOutcome, VideoState
from .calls import Body, Calls, Key

T = TypeVar("T")

_ALL = "/bundles/{bundle_id}/videos"
_ONE = _ALL + "/{position}"


class Videos(Calls):
    def list_videos(self, bundle_id: str) -> tuple[VideoState, ...]:
        """GET /bundles/{id}/videos: all slots, in one answer."""
        document = self._read("listBundleVideos", _ALL, {"bundle_id": bundle_id})
        found = map(VideoState.from_json, rows(document, "videos"))
        return tuple(video for video in found if video.id or video.position is not None)

    def get_video(self, bundle_id: str, position: int) -> VideoState:
        """GET /bundles/{id}/videos/{position}. Raises NotFound."""
        return _video(self._read("getBundleVideo", _ONE, {"bundle_id": bundle_id, "position": position}))

    def configure_video(
        self, bundle_id: str, position: int, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """PUT /bundles/{id}/videos/{position}: replaces the content. Sound and repost options cost."""
        return self._of_slot(
            "configureBundleVideo", "PUT", "", _video, bundle_id, position, body, key, dry_run
        )

    def patch_video(
        self, bundle_id: str, position: int, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """PATCH /bundles/{id}/videos/{position}: name, external_ref, description, day."""
        return self._of_slot("patchBundleVideo", "PATCH", "", _video, bundle_id, position, body, key, dry_run)

    def batch_configure_videos(
        self, bundle_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[BatchOutcome]:
        """PUT /bundles/{id}/videos/batch, body {"videos": [{"position": 1, …}], "auto_publish": false}.

        Good rows are kept when others are refused: see `errors`, and read the slots again.
        """
        return self._change(
            "batchConfigureBundleVideos",
            "PUT",
            f"{_ALL}/batch",
            BatchOutcome.from_json,
            {"bundle_id": bundle_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def import_videos_csv(
        self,
        bundle_id: str,
        *,
        content: bytes | str,
        filename: str = "videos.csv",
        auto_publish: bool = False,
        key: Key = None,
        dry_run: bool = False,
    ) -> Answer[ImportOutcome]:
        """POST /bundles/{id}/videos/import-csv. Good lines are kept when others are refused."""
        written = content.encode() if isinstance(content, str) else content
        return self._change(
            "importBundleVideosCsv",
            "POST",
            f"{_ALL}/import-csv",
            ImportOutcome.from_json,
            {"bundle_id": bundle_id},
            fields={"auto_publish": "true" if auto_publish else "false"},
            files={"file": (filename, written, "text/csv")},
            key=key,
            dry_run=dry_run,
        )

    def publish_video(
        self, bundle_id: str, position: int, *, key: Key = None, dry_run: bool = False
    ) -> Answer[PublishOutcome]:
        """POST …/videos/{position}/publish: hand a configured slot to the manager; may move its day."""
        return self._of_slot(
            "publishBundleVideo",
            "POST",
            "/publish",
            PublishOutcome.from_json,
            bundle_id,
            position,
            None,
            key,
            dry_run,
        )

    def publish_all_videos(
        self, bundle_id: str, *, key: Key = None, dry_run: bool = False
    ) -> Answer[PublishOutcome]:
        """POST …/videos/publish-all: hand every configured slot to the manager. The server may move days."""
        return self._change(
            "publishAllBundleVideos",
            "POST",
            f"{_ALL}/publish-all",
            PublishOutcome.from_json,
            {"bundle_id": bundle_id},
            key=key,
            dry_run=dry_run,
        )

    def reset_video(
        self, bundle_id: str, position: int, *, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """POST …/videos/{position}/reset: clear the slot's content. Only before posting."""
        return self._of_slot(
            "resetBundleVideo", "POST", "/reset", _video, bundle_id, position, None, key, dry_run
        )

    def unschedule_video(
        self, bundle_id: str, position: int, *, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """POST …/videos/{position}/unschedule: take the slot back from the manager. Only before posting."""
        return self._of_slot(
            "unscheduleBundleVideo", "POST", "/unschedule", _video, bundle_id, position, None, key, dry_run
        )

    def finalize_video(
        self, bundle_id: str, position: int, *, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """POST …/videos/{position}/finalize. Needs accepted or in_review; by itself after 72 hours."""
        return self._of_slot(
            "finalizeBundleVideo", "POST", "/finalize", _video, bundle_id, position, None, key, dry_run
        )

    def request_video_corrections(
        self, bundle_id: str, position: int, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """POST …/videos/{position}/corrections, body comment and fields. Needs in_review."""
        return self._of_slot(
            "requestBundleVideoCorrections",
            "POST",
            "/corrections",
            _video,
            bundle_id,
            position,
            body,
            key,
            dry_run,
        )

    def fix_video_download(
        self, bundle_id: str, position: int, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[VideoState]:
        """POST …/videos/{position}/fix-download, body video_url or carousel_images. Needs download_issue."""
        return self._of_slot(
            "fixBundleVideoDownload", "POST", "/fix-download", _video, bundle_id, position, body, key, dry_run
        )

    def _of_slot(
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[object], T],
        bundle_id: str,
        position: int,
        body: Body | None,
        key: Key,
        dry_run: bool,
    ) -> Answer[T]:
        ids = {"bundle_id": bundle_id, "position": position}
        return self._change(operation, method, _ONE + path, read, ids, body=body, key=key, dry_run=dry_run)


def _video(document: object) -> VideoState:
    found = subject(document)
    nested = found.get("video")
    return VideoState.from_json(nested if isinstance(nested, dict) else found)
