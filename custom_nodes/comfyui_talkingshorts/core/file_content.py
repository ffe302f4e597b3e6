"""What a file holds, told by its first bytes: for messages about files that aren't what they are called."""

from __future__ import annotations

import re

from .voice_source import format_address

HEAD_BYTES = 4096

# The offset of a mark, the mark, and what a person calls the kind of file. The first that is found counts.
_Marks = tuple[tuple[int, bytes, str], ...]

_PICTURES: _Marks = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"8BPS", "a Photoshop picture"),
    *((4, b"ftyp" + brand, "a HEIC picture") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1")),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftypcrx", "a raw photo"),
    (0, b"FUJIFILMCCD-RAW", "a raw photo"),
)
_MEDIA: _Marks = (
    (4, b"ftypM4", "a sound file (M4A)"),
    (4, b"ftyp", "a video (MP4 or MOV)"),
    (8, b"WAVE", "a sound file (WAV)"),
    (8, b"AVI ", "a video (AVI)"),
    (0, b"\x1aE\xdf\xa3", "a video or sound file (WebM or Matroska)"),
    (0, b"ID3", "a sound file (MP3)"),
    (0, b"\xff\xfb", "a sound file (MP3)"),
    (0, b"fLaC", "a sound file (FLAC)"),
    (0, b"OggS", "a sound file (Ogg)"),
    (0, b"FORM", "a sound file (AIFF)"),
    (0, b"caff", "a sound file (CAF)"),
    (0, b"#!AMR", "a sound file (AMR)"),
    (0, b"FLV", "a video (FLV)"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a video or sound file (WMV or WMA)"),
)
_OTHERS: _Marks = (
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript drawing"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\xd0\xcf\x11\xe0", "a document of an older Office"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"MThd", "a MIDI file, which holds notes and no sound"),
    (0, b"SQLite format 3", "a database, such as an Audacity project"),
    (0, b"bplist", "a property list, such as a saved link"),
    (0, b"MZ", "a program"),
    (0, b"\x7fELF", "a program"),
    (0, b"d8:announce", "a torrent file"),
    (0, b"version https://git-lfs", "a Git LFS pointer, which stands for a file that wasn't fetched"),
)
_DOCUMENTS_IN_ZIP = (
    (b"word/", "a Word document"),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"opendocument", "an OpenDocument file"),
)
_TEXTS = (
    (r"#EXTM3U|\[playlist\]|(<\?xml[^>]*>\s*)?<playlist", "a playlist: give one of its entries"),
    (r"(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype html|html|head|body|title|script)\b", "a web page"),
    (r"(<[?!][^>]*>\s*)*<svg\b", "an SVG drawing"),
    (r"WEBVTT|\d+\s*\n[\d:,.]+ --> ", "subtitles"),
    (r"<(\?xml|[a-z]\w*[\s>])", "an XML file"),
    (r"\{\s*[\"}]|\[\s*[\[{\"\]]", "a JSON file"),
)
_SHORTCUT = re.compile(r"\[InternetShortcut\]|\[Desktop Entry\]|<plist", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_LEAST_TEXT_SHARE = 0.8


def describe_media(head: bytes) -> str | None:
    """Return what kind of sound or video begins with these bytes: "a sound file (WAV)"; None when it is none known.

    `head` holds HEAD_BYTES, or the whole of a shorter file.
    """
    return None if _find_mark(head, _PICTURES) else _find_mark(head, _MEDIA)


def describe_content(head: bytes) -> str | None:
    """Return what begins with these bytes: "a web page", "a sound file (WAV)"; None when it is nothing known.

    `head` holds HEAD_BYTES, or the whole of a shorter file.
    """
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "zeros alone, as of an unfinished download"
    if head.startswith(b"PK\x03\x04"):
        return next((kind for mark, kind in _DOCUMENTS_IN_ZIP if mark in head), "a ZIP archive: unpack it")
    return _find_mark(head, (*_PICTURES, *_MEDIA, *_OTHERS)) or _describe_text(head)


def _find_mark(head: bytes, marks: _Marks) -> str | None:
    return next((kind for offset, mark, kind in marks if head.startswith(mark, offset)), None)


def _describe_text(head: bytes) -> str | None:
    """Return what kind of text the bytes begin, None when they are no text."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = head.decode(encoding, "ignore")  # the last character may be cut in two, and some may be Windows-1252
    is_readable = all(character.isprintable() or character.isspace() for character in text)
    if not is_readable or len(text.encode(encoding)) < _LEAST_TEXT_SHARE * len(head):
        return None
    link = _LINK.search(re.sub(r"<!DOCTYPE.*?>", "", text)) if _SHORTCUT.search(text) else None
    if link:
        return f"a shortcut: give the address {format_address(link[0])} itself"
    kinds = (kind for pattern, kind in _TEXTS if re.match(pattern, text.lstrip(), re.IGNORECASE | re.DOTALL))
    return next(kinds, "a text file")
