from __future__ import annotations

from pathlib import Path

import pytest
from comfyui_talkingshorts.engines.files.kind import describe_file_kind
from PIL import Image
from support.checkout import FACE_PHOTO
from support.media import write_media


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "an empty file"),
        (b"Dear Sir,\nthis is a letter.\n", "a text file"),
        ("Größe: 日本語\n".encode() * 200, "a text file"),
        ("Dear Sir,\r\n".encode("utf-16"), "a text file"),
        ("Sehr geehrte Frau Größe\n".encode("cp1252"), "a text file"),
        (b"<!DOCTYPE html><title>404</title>", "a web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"{\\rtf1 Hello}", "an RTF document"),
        (b"PK\x03\x04\x14\0", "a ZIP archive or an office document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0", "a video"),
        (b"\0\x01\x02\x03", ""),
    ],
)
def test_a_file_is_named_for_what_it_begins_with_and_not_for_its_name(
    content: bytes, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(content)

    assert describe_file_kind(path) == kind


@pytest.mark.parametrize(
    ("container", "codec", "video", "kind"),
    [
        ("mp4", "aac", True, "a video"),
        ("matroska", "aac", True, "a video"),
        ("wav", "pcm_s16le", False, "a sound"),
        ("flac", "flac", False, "a sound"),
        ("mp3", "mp3", False, "a sound"),
        ("ipod", "aac", False, "a sound"),
    ],
)
def test_films_and_recordings_are_told_apart(
    container: str, codec: str, video: bool, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "me.jpg"
    write_media(str(path), container, codec, seconds=0.2, video=video)

    assert describe_file_kind(path) == kind


@pytest.mark.parametrize(
    ("format_name", "kind"),
    [
        ("JPEG", "a JPEG picture"),
        ("PNG", "a PNG picture"),
        ("WEBP", "a WebP picture"),
        ("GIF", "a GIF picture"),
        ("TIFF", "a TIFF picture"),
        ("AVIF", "an AVIF picture"),
    ],
)
def test_pictures_are_told_apart(format_name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with Image.open(FACE_PHOTO) as photo:
        photo.save(path, format_name)

    assert describe_file_kind(path) == kind
