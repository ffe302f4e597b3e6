"""What a file holds, told by its first bytes: for messages about files that aren't what they are called."""

from __future__ import annotations

import codecs
import re

from .voice_source import format_address

HEAD_BYTES = 4096

_MEDIA_STARTS = (
    (b"ID3", "an MP3 file"),
    (b"\xff\xfb", "an MP3 file"),
    (b"fLaC", "a FLAC file"),
    (b"OggS", "an Ogg file"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (b"FORM", "an AIFF file"),
    (b"caff", "a CAF file"),
    (b"#!AMR", "an AMR file"),
    (b"FLV", "an FLV file"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMA or WMV file"),
)
_OTHER_STARTS = (
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0", "a document of an older Office"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"MThd", "a MIDI file, which holds notes and no sound"),
    (b"SQLite format 3", "a database, such as an Audacity project"),
    (b"bplist", "a property list, such as a saved link"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"d8:announce", "a torrent file"),
    (b"version https://git-lfs", "a Git LFS pointer, which stands for a file that wasn't fetched"),
)
_RIFF_KINDS = {b"WAVE": "a WAV file", b"AVI ": "an AVI file"}
_PICTURE_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}
_DOCUMENTS_IN_ZIP = (
    (b"word/", "a Word document"),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"opendocument", "an OpenDocument file"),
)
_SHORTCUT = re.compile(r"(?:\[InternetShortcut\]|\[Desktop Entry\]|<plist)", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_TEXTS = (
    (r"#EXTM3U|\[playlist\]|(<\?xml[^>]*>\s*)?<playlist", "a playlist: give one of its entries"),
    (r"(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype html|html|head|body|title|script)\b", "a web page (HTML)"),
    (r"WEBVTT|\d+\s*\n[\d:,.]+ --> ", "subtitles"),
    (r"<(\?xml|[a-z]\w*[\s>])", "an XML text"),
    (r"\{\s*[\"}]|\[\s*[\[{\"\]]", "a JSON text"),
)


def describe_media(head: bytes) -> str | None:
    """Return what kind of sound or video file begins with these bytes: "a WAV file"; None when it is none known.

    `head` holds HEAD_BYTES, or the whole of a shorter file.
    """
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _PICTURE_BRANDS else "an MP4, M4A or MOV file"
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF_KINDS.get(head[8:12])
    return _find_start(head, _MEDIA_STARTS)


def describe_content(head: bytes) -> str | None:
    """Return what begins with these bytes: "a web page (HTML)", "a WAV file"; None when it is nothing that is known.

    `head` holds HEAD_BYTES, or the whole of a shorter file.
    """
    if not head.strip(b"\0"):
        return "nothing but zeros, as of an unfinished download" if head else "empty (0 bytes)"
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
        return "an AVIF picture" if head[8:11] == b"avi" else "a HEIC picture"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP picture"
    if head.startswith(b"PK\x03\x04"):
        return next((kind for mark, kind in _DOCUMENTS_IN_ZIP if mark in head), "a ZIP archive: unpack it")
    return describe_media(head) or _find_start(head, _OTHER_STARTS) or _describe_text(head)


def _find_start(head: bytes, starts: tuple[tuple[bytes, str], ...]) -> str | None:
    return next((kind for start, kind in starts if head.startswith(start)), None)


def _describe_text(head: bytes) -> str | None:
    text = _decode(head)
    if text is None:
        return None
    text = text.lstrip()
    link = _LINK.search(re.sub(r"<!DOCTYPE.*?>", "", text)) if _SHORTCUT.search(text) else None
    if link:
        return f"a shortcut: give the address {format_address(link[0])} itself"
    return next((kind for pattern, kind in _TEXTS if re.match(pattern, text, re.IGNORECASE | re.DOTALL)), "a text")


def _decode(head: bytes) -> str | None:
    """Return the text, or None when it is none. The last character may be cut off."""
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    text = head.decode(encoding, "ignore")
    is_whole = len(text.encode(encoding)) >= len(head) - 3
    return text if is_whole and not re.search(r"[\0-\x08\x0e-\x1a\x1c-\x1f]", text) else None
