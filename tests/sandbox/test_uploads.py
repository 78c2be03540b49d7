import httpx
import pytest

from tests.sandbox.api import Api, Receiver

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


@pytest.fixture
def bundle_id(api: Api) -> str:
    return api.order()


def test_an_image_is_kept_and_served_back(api: Api, bundle_id: str) -> None:
    for purpose, folder in (("carousel", "carousel-images"), ("profile_picture", "profile-pictures")):
        data = api.post(
            "/upload/image/direct",
            files={"file": ("me.png", PNG, "image/png")},
            data={"bundle_id": bundle_id, "purpose": purpose},
        ).json()["data"]
        assert data["storage_path"].startswith(f"{folder}/")
        assert (data["filename"], data["size_bytes"], data["content_type"]) == (
            "me.png",
            len(PNG),
            "image/png",
        )
        served = httpx.get(data["public_url"])
        assert (served.content, served.headers["Content-Type"]) == (PNG, "image/png")


def test_a_large_video_comes_back_whole(api: Api, bundle_id: str) -> None:
    video = bytes(range(256)) * 40_000
    data = api.post(
        "/upload/video/direct",
        files={"file": ("clip.mp4", video, "video/mp4")},
        data={"bundle_id": bundle_id},
    ).json()["data"]
    assert httpx.get(data["public_url"]).content == video


def test_a_presigned_upload_goes_to_its_own_address(api: Api, bundle_id: str) -> None:
    body = {"filename": "clip.mp4", "bundle_id": bundle_id, "content_type": "video/mp4"}
    data = api.done("POST", "/upload/video", body)["data"]
    assert httpx.get(data["public_url"]).status_code == 404
    assert (
        httpx.put(data["upload_url"], content=b"mp4", headers={"Content-Type": "video/webm"}).status_code
        == 403
    )
    assert httpx.put(data["upload_url"], content=b"mp4", headers={"Content-Type": "video/mp4"}).is_success
    assert httpx.get(data["public_url"]).content == b"mp4"
    image = {"filename": "a.jpg", "content_type": "image/jpeg", "bundle_id": bundle_id}
    assert api.done("POST", "/upload/image", image)["data"]["storage_path"].startswith("carousel-images/")


def test_a_presigned_address_expires(own: Api) -> None:
    body = {"filename": "clip.mp4", "bundle_id": own.order()}
    url = own.done("POST", "/upload/video", body)["data"]["upload_url"]
    own.sandbox.advance(hours=2)
    assert httpx.put(url, content=b"mp4").status_code == 403


def test_an_image_is_fetched_from_an_address(api: Api, bundle_id: str, receiver: Receiver) -> None:
    stored = api.post(
        "/upload/image/direct", files={"file": ("me.png", PNG, "image/png")}, data={"bundle_id": bundle_id}
    ).json()["data"]
    body = {"url": stored["public_url"], "bundle_id": bundle_id, "purpose": "profile_picture"}
    copy = api.done("POST", "/upload/image/from-url", body)["data"]
    assert httpx.get(copy["public_url"]).content == PNG
    gone = body | {"url": stored["public_url"] + "x"}
    assert "url" in api.refused("POST", "/upload/image/from-url", gone)[2]


def test_a_storage_path_is_accepted_as_profile_picture(api: Api, bundle_id: str) -> None:
    api.configure_account(bundle_id, profile_picture_url="profile-pictures/org_1/x/me.png")
    assert api.bundle(bundle_id)["account_configured"] is True


@pytest.mark.parametrize(
    ("file", "form", "field"),
    [
        (("a.txt", b"text", "text/plain"), {}, "file"),
        (("a.png", b"", "image/png"), {}, "file"),
        (("a.png", PNG, "image/png"), {"purpose": "wallpaper"}, "purpose"),
        (("a.png", PNG, "image/png"), {"bundle_id": ""}, "bundle_id"),
    ],
)
def test_a_wrong_upload_is_refused(
    api: Api, bundle_id: str, file: tuple[str, bytes, str], form: dict[str, str], field: str
) -> None:
    answer = api.post("/upload/image/direct", files={"file": file}, data={"bundle_id": bundle_id} | form)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert field in error["details"]


def test_an_image_has_at_most_20_megabytes(api: Api, bundle_id: str) -> None:
    answer = api.post(
        "/upload/image/direct",
        files={"file": ("a.png", b"0" * (20 * 1024 * 1024 + 1), "image/png")},
        data={"bundle_id": bundle_id},
    )
    assert answer.status_code == 413


def test_an_upload_belongs_to_a_bundle(api: Api) -> None:
    body = {"filename": "clip.mp4", "bundle_id": "none"}
    assert api.refused("POST", "/upload/video", body)[:2] == (404, "BUNDLE_NOT_FOUND")
