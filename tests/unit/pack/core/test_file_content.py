"""What a file is in truth, whatever it is called."""

from __future__ import annotations

import io
import plistlib
import zipfile

import pytest
from comfyui_talkingshorts.core.file_content import HEAD_BYTES, describe_content, describe_media
from PIL import Image
from support.media import make_media

LINK = "https://www.youtube.com/watch?v=jNQXAC9IVRw"
SHORTCUT = f"a shortcut: give the address {LINK} itself"
LFS = "a Git LFS pointer, which stands for a file that wasn't fetched"


def make_zip(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x")
    return file.getvalue()


def make_picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (make_media("wav", "pcm_s16le"), "a WAV file"),
        (make_media("mp3", "libmp3lame"), "an MP3 file"),
        (make_media("ipod", "aac"), "an MP4, M4A or MOV file"),
        (make_media("ogg", "libopus", rate_hz=48000), "an Ogg file"),
        (make_media("webm", "libopus", rate_hz=48000), "a Matroska or WebM file"),
        (make_media("flac", "flac"), "a FLAC file"),
    ],
    ids=["wav", "mp3", "m4a", "ogg", "webm", "flac"],
)
def test_sound_and_video_are_told_by_their_first_bytes(data: bytes, kind: str) -> None:
    assert describe_media(data[:HEAD_BYTES]) == describe_content(data[:HEAD_BYTES]) == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty (0 bytes)"),
        (bytes(HEAD_BYTES), "nothing but zeros, as of an unfinished download"),
        (b"\n<!DOCTYPE html><html lang=en><title>Sign in</title>", "a web page (HTML)"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<HTML>", "a web page (HTML)"),
        (b'{"error": {"code": 403}}', "a JSON text"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML text"),
        (b"#EXTM3U\n#EXTINF:12,Talk\ntalk.mp3\n", "a playlist: give one of its entries"),
        (b"[playlist]\nFile1=http://example.org/a.mp3\n", "a playlist: give one of its entries"),
        (b'<?xml version="1.0"?><playlist version="1">', "a playlist: give one of its entries"),
        (f"[InternetShortcut]\r\nURL={LINK}&list=secret\r\n".encode(), SHORTCUT),
        (f"[Desktop Entry]\nType=Link\nURL={LINK}\n".encode(), SHORTCUT),
        (plistlib.dumps({"URL": LINK}), SHORTCUT),
        (b"1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n", "subtitles"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "subtitles"),
        ("Grüß Gott, 你好".encode(), "a text"),
        ("Grüß Gott".encode("utf-16"), "a text"),
        (("ü" * HEAD_BYTES).encode()[: HEAD_BYTES - 1], "a text"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
        (b"{\\rtf1\\ansi hello}", "an RTF document"),
        (make_zip("talk.mp3"), "a ZIP archive: unpack it"),
        (make_zip("word/document.xml"), "a Word document"),
        (make_zip("xl/workbook.xml"), "an Excel workbook"),
        (make_picture("PNG"), "a PNG picture"),
        (make_picture("JPEG"), "a JPEG picture"),
        (make_picture("WEBP"), "a WebP picture"),
        (make_picture("AVIF"), "an AVIF picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"MThd\0\0\0\6\0\0\0\1\0\x60", "a MIDI file, which holds notes and no sound"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", LFS),
        (bytes(range(256)), None),
        (b"\x12\x34\xff\xf3" * 99, None),
    ],
)  # fmt: skip
def test_what_is_no_sound_is_named(data: bytes, kind: str | None) -> None:
    assert describe_content(data[:HEAD_BYTES]) == kind
    assert describe_media(data[:HEAD_BYTES]) is None
