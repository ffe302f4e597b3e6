"""Say what a file is that isn't what it was taken for."""

from __future__ import annotations

from pathlib import Path

# Where a kind of file has its mark: the offset, the mark, and what a person calls the kind.
_MARKS = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypheix", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript drawing"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "a compressed archive"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (4, b"ftypM4A", "a sound"),
    (8, b"WAVE", "a sound"),
    (0, b"OggS", "a sound"),
    (0, b"fLaC", "a sound"),
    (0, b"ID3", "a sound"),
    (0, b"\xff\xfb", "a sound"),
    (4, b"ftypcrx", "a raw photo"),
    (0, b"FUJIFILMCCD-RAW", "a raw photo"),
    (4, b"ftyp", "a video"),
)
_TEXT_MARKS = (("<svg", "an SVG drawing"), ("<html", "a web page"), ("<!doctype html", "a web page"))
_HEAD_BYTES = 1024
_LEAST_TEXT_SHARE = 0.8


def describe_file_kind(path: Path) -> str:
    """Return what the file is by how it begins, such as "a video", or "" when that isn't known. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "an empty file"
    for offset, mark, kind in _MARKS:
        if head.startswith(mark, offset):
            return kind
    return _describe_text(head)


def _describe_text(head: bytes) -> str:
    """Return what kind of text the bytes begin, "" when they are no text."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    text = head.decode(encoding, "ignore")  # the last character may be cut in two
    is_readable = all(character.isprintable() or character.isspace() for character in text)
    if not is_readable or len(text.encode(encoding)) < _LEAST_TEXT_SHARE * len(head):
        return ""
    return next((kind for mark, kind in _TEXT_MARKS if mark in text.lower()), "a text file")
