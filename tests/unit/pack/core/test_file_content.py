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
        (make_media("wav", "pcm_s16le"), "a sound file (WAV)"),
        (make_media("mp3", "libmp3lame"), "a sound file (MP3)"),
        (make_media("ipod", "aac"), "a sound file (M4A)"),
        (make_media("mp4", "aac", video=True), "a video (MP4 or MOV)"),
        (make_media("ogg", "libopus", rate_hz=48000), "a sound file (Ogg)"),
        (make_media("webm", "libopus", rate_hz=48000), "a video or sound file (WebM or Matroska)"),
        (make_media("flac", "flac"), "a sound file (FLAC)"),
    ],
    ids=["wav", "mp3", "m4a", "mp4", "ogg", "webm", "flac"],
)
def test_sound_and_video_are_told_by_their_first_bytes(data: bytes, kind: str) -> None:
    assert describe_media(data[:HEAD_BYTES]) == describe_content(data[:HEAD_BYTES]) == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "an empty file"),
        (bytes(HEAD_BYTES), "zeros alone, as of an unfinished download"),
        (b"\n<!DOCTYPE html><html lang=en><title>Sign in</title>", "a web page"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<HTML>", "a web page"),
        (b'{"error": {"code": 403}}', "a JSON file"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML file"),
        (b"#EXTM3U\n#EXTINF:12,Talk\ntalk.mp3\n", "a playlist: give one of its entries"),
        (b"[playlist]\nFile1=http://example.org/a.mp3\n", "a playlist: give one of its entries"),
        (b'<?xml version="1.0"?><playlist version="1">', "a playlist: give one of its entries"),
        (f"[InternetShortcut]\r\nURL={LINK}&list=secret\r\n".encode(), SHORTCUT),
        (f"[Desktop Entry]\nType=Link\nURL={LINK}\n".encode(), SHORTCUT),
        (plistlib.dumps({"URL": LINK}), SHORTCUT),
        (b"1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n", "subtitles"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "subtitles"),
        ("Grüß Gott, 你好".encode(), "a text file"),
        ("Grüß Gott".encode("utf-16"), "a text file"),
        (("ü" * HEAD_BYTES).encode()[: HEAD_BYTES - 1], "a text file"),
        ("Größe: 日本語\n".encode() * 500, "a text file"),
        ("Sehr geehrte Frau Größe\n".encode("cp1252"), "a text file"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF"),
        (b"{\\rtf1\\ansi hello}", "an RTF document"),
        (make_zip("talk.mp3"), "a ZIP archive: unpack it"),
        (make_zip("word/document.xml"), "a Word document"),
        (make_zip("xl/workbook.xml"), "an Excel workbook"),
        (make_picture("PNG"), "a PNG picture"),
        (make_picture("JPEG"), "a JPEG picture"),
        (make_picture("WEBP"), "a WebP picture"),
        (make_picture("GIF"), "a GIF picture"),
        (make_picture("TIFF"), "a TIFF picture"),
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
