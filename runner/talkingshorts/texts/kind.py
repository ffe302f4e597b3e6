"""What a file is, told by how its content begins: for messages about one that isn't what was asked for."""

from __future__ import annotations

import io
import re
import zipfile

BEGINNINGS = (
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word or Excel file in the old format"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"fLaC\0", "a FLAC recording"),
    (b"OggS\0", "an Ogg recording"),
    (b"ID3\x03", "an MP3 recording"),
    (b"ID3\x04", "an MP3 recording"),
    (b"\xff\xfb", "an MP3 recording"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf'\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"bplist00", "a macOS property list, such as a .webloc shortcut"),
    (b"[InternetShortcut]", "a shortcut to a web page"),
)

WORKBOOK = "an Excel workbook"
WEB_PAGE_KIND = "a web page"

ZIP_MEMBERS = (
    ("word/", "a Word document"),
    ("xl/", WORKBOOK),
    ("ppt/", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an e-book"),
    ("Index/", "a Pages or Numbers document"),
    ("content.xml", "an OpenDocument file"),
)

WEB_PAGE = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
BRANDS = {b"heic": "a HEIC picture", b"heix": "a HEIC picture", b"mif1": "a HEIC picture", b"avif": "an AVIF picture"}
RIFF_FORMS = {b"WAVE": "a WAV recording", b"WEBP": "a WebP picture", b"AVI ": "an AVI video"}


def name_kind(content: bytes) -> str:
    """Return what a file is that begins so, with its article; "" for what may well be a text. A ZIP has to be whole."""
    if content.startswith(b"PK\x03\x04"):
        return _name_zip(content)
    if content[4:8] == b"ftyp":
        return BRANDS.get(content[8:12], "an mp4 or another QuickTime file")
    if content.startswith(b"RIFF"):
        return RIFF_FORMS.get(content[8:12], "a RIFF file")
    if WEB_PAGE.match(content.removeprefix(b"\xef\xbb\xbf")[:4096]):
        return WEB_PAGE_KIND
    return next((kind for beginning, kind in BEGINNINGS if content.startswith(beginning)), "")


def _name_zip(content: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError):
        return "a ZIP archive"
    return next(
        (kind for prefix, kind in ZIP_MEMBERS if any(name.startswith(prefix) for name in names)), "a ZIP archive"
    )
