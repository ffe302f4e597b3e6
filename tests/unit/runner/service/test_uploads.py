import io
from pathlib import Path

import pytest
from PIL import Image
from support.media import write_media
from talkingshorts.service import uploads as uploads_module
from talkingshorts.service.errors import ServiceError
from talkingshorts.service.state import ServiceState
from talkingshorts.service.uploads import Uploads, recognize


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", ServiceState(tmp_path / "state", 60))


def picture(kind: str = "png") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "tiff", "bmp", "avif"])
def test_a_picture_is_known_by_what_is_in_it(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_bytes(picture(kind))

    assert recognize("portrait", tmp_path / "file", "voice.mp3")[0] == "picture"


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        *[("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("ogg", "libopus"), ("adts", "aac")],
        *[("ipod", "aac"), ("mov", "aac"), ("webm", "libopus"), ("mpegts", "aac"), ("matroska", "aac")],
        *[("aiff", "pcm_s16be"), ("caf", "pcm_s16le")],
    ],
)
def test_a_recording_is_known_by_what_is_in_it(tmp_path: Path, container: str, codec: str) -> None:
    write_media(str(tmp_path / "file"), container, codec, rate_hz=48000, channels=1, seconds=1)

    assert recognize("voice", tmp_path / "file", "")[0] in ("sound", "video")


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\0" * 5000, b"<!doctype html><html></html>", b'{"a": 1}', b"#EXTM3U\n#EXTINF:1,\na.ts\n"),
        *(b'<svg xmlns="http://www.w3.org/2000/svg"/>', b"PK\3\4", b"MZ", b"%PDF-1.7", b"#!/bin/sh\n", b"hello"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(ServiceError, match=r"voice \(a\.mp3\) is neither sound, picture nor video") as refused:
        recognize("voice", tmp_path / "file", "a.mp3")
    assert refused.value.status == 415


def test_the_same_file_is_kept_once(uploads: Uploads, tmp_path: Path) -> None:
    kept = [uploads.keep("file", io.BytesIO(picture()), name, "ann") for name in ("a.png", "b.png")]

    assert kept[0].id != kept[1].id
    assert [path.name for path in (tmp_path / "uploads").glob("*.*")] == [f"{kept[0].sha256}.png"]


def test_the_same_file_of_the_same_name_is_the_same_upload(uploads: Uploads) -> None:
    first, again, another = (uploads.keep("file", io.BytesIO(picture()), "a.png", key) for key in ("ann", "ann", "bob"))

    assert first == again
    assert another.id != first.id


def test_a_refused_file_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(ServiceError):
        uploads.keep("file", io.BytesIO(b"hello"), "a.mp3", "ann")

    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


def test_what_a_killed_service_left_half_received_goes_at_the_next_start(uploads: Uploads, tmp_path: Path) -> None:
    half = tmp_path / "uploads" / "arriving" / "half"
    half.write_bytes(b"half")
    Uploads(tmp_path / "uploads", ServiceState(tmp_path / "other", 60))

    assert not half.exists()


def test_a_file_that_is_too_large_is_refused(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "MAX_FILE_BYTES", 10)

    with pytest.raises(ServiceError) as refused:
        uploads.keep("file", io.BytesIO(picture()), "a.png", "ann")
    assert refused.value.code == "too_large"


def test_one_key_may_not_fill_the_disk(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "MAX_KEY_BYTES", len(picture()) + 10)
    uploads.keep("file", io.BytesIO(picture()), "a.png", "ann")
    uploads.keep("file", io.BytesIO(picture()), "a.png", "bob")

    with pytest.raises(ServiceError) as refused:
        uploads.keep("file", io.BytesIO(picture()), "a.png", "ann")
    assert refused.value.code == "quota_exceeded"


def test_what_nobody_used_for_long_goes(uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = uploads.keep("file", io.BytesIO(picture()), "a.png", "ann")
    uploads.tidy()
    assert Path(kept.file).exists()
    monkeypatch.setattr(uploads_module, "UNUSED_HOURS", -1)
    uploads.tidy()

    assert not Path(kept.file).exists()
    with pytest.raises(ServiceError, match="isn't there"):
        uploads.find("portrait", kept.id, "ann")
