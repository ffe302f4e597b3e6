"""Files are named for what they are."""

from __future__ import annotations

import io
import zipfile

import pytest
from talkingshorts.texts.kind import name_kind


def pack(*names: str) -> bytes:
    """Return a ZIP archive with these members."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, "")
    return archive.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n", "a PDF"),
        (rb"{\rtf1\ansi Hello}", "an RTF document"),
        (pack("[Content_Types].xml", "word/document.xml"), "a Word document"),
        (pack("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
        (pack("mimetype", "content.xml"), "an OpenDocument file"),
        (pack("mimetype", "META-INF/container.xml", "content.xml"), "an e-book"),
        (pack("script.txt"), "a ZIP archive"),
        (b"PK\x03\x04 and no more", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word or Excel file in the old format"),
        (b"\n<!-- mine --><!DOCTYPE html><title>x", "a web page"),
        (b"\xef\xbb\xbf<HTML>", "a web page"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"\0\0\0\x18ftypheic", "a HEIC picture"),
        (b"\0\0\0\x18ftypisom", "an mp4 or another QuickTime file"),
        (b"RIFF\0\0\0\0WAVE", "a WAV recording"),
        (b"ID3\x04", "an MP3 recording"),
        (b"bplist00", "a macOS property list, such as a .webloc shortcut"),
    ],
)
def test_a_file_is_named_for_what_its_content_says(content: bytes, kind: str) -> None:
    assert name_kind(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Hello.",
        b"BMW is a car.",
        b"ID3 tags are small.",
        b"GIF87 is old.",
        b"<break time='1s'/> Hi",
        b"{}",
        b"1\n",
    ],
)
def test_a_text_is_no_other_kind(content: bytes) -> None:
    assert name_kind(content) == ""
