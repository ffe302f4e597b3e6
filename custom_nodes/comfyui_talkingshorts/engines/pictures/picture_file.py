"""Read the pictures that people have, upright and in the colours in which they are seen."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import PictureError
from ...core.file_content import HEAD_BYTES, describe_content
from .backdrop import lay_on_backdrop

if TYPE_CHECKING:
    from PIL import Image

READABLE = "a JPEG, PNG, WebP or HEIC file"
# Beyond it a picture is scaled down as it is read: no short shows as much, and as an IMAGE it takes 12 bytes a pixel.
MOST_PIXELS = 32_000_000
# All that are pictures of one thing, read without another program: EPS, for one, would start Ghostscript.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "HEIF", "AVIF", "TIFF", "BMP", "JPEG2000", "TGA", "PPM", "ICO", "PSD")
_TIFF_SUBFILE_TYPE, _TIFF_DNG_VERSION = 0xFE, 0xC612
_REDUCED_COPY = 1
_HEIC_BOXES = (b"ftyp", b"meta", b"mdat", b"free", b"skip", b"moov", b"uuid")
_LONG_BOX = 1  # says of its length that 32 bits don't hold it
_SHORTEST_BOX_BYTES = 8
# By the kind of picture: the name of its format, and what a ComfyUI lacks that can't read it.
_READERS = {
    "a HEIC picture": ("HEIF", "the package pi-heif, which the pack's requirements.txt lists"),
    "an AVIF picture": ("AVIF", "Pillow 11.3 or later"),
}
_WITHOUT_ALPHA = {"P": "RGB", "PA": "RGB", "RGBA": "RGB", "LA": "L"}


def read_picture(path: Path) -> Image.Image:
    """Return the picture in a file as RGB: upright, whole, in sRGB, with what is transparent on light grey.

    Of an animated picture it is the first frame, and one of over 32 million pixels is scaled down to that. Raises
    PictureError for what is no picture, not whole, or impossibly large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    formats = _list_formats()
    try:
        with _refusing_what_is_cut_off(), Image.open(path, formats=formats) as file:
            if file.format == "HEIF":
                _require_all_boxes(path)
            _require_photo(file, path.name)
            _shrink(file)
            return _as_rgb(_as_srgb(ImageOps.exif_transpose(file)))
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"The picture {path.name} is too large: it has over {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} million "
            "pixels. Scale it down and try again: 4000 pixels on the longer side are more than enough."
        ) from error
    except UnidentifiedImageError as error:
        raise PictureError(_explain_no_picture(path, formats)) from error
    except (OSError, ValueError, SyntaxError) as error:
        strerror = error.strerror if isinstance(error, OSError) else None
        raise PictureError(_explain_damage(path, strerror or "it is damaged or cut off")) from error


def _list_formats() -> list[str]:
    """Return the formats that can be read here, after teaching Pillow HEIC where pi-heif is installed."""
    from PIL import Image

    with contextlib.suppress(ImportError):
        import pi_heif

        pi_heif.register_heif_opener()
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


@contextlib.contextmanager
def _refusing_what_is_cut_off() -> Iterator[None]:
    """Let half a picture be an error, also where another node pack told Pillow to fill up the rest with grey."""
    from PIL import ImageFile

    tolerant, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = tolerant


def _require_photo(file: Image.Image, name: str) -> None:
    """Raise PictureError for a TIFF of measurements, and for a raw photo: in the guise of a TIFF, that begins with a
    picture the size of a thumb."""
    tags = getattr(file, "tag_v2", {})
    if _TIFF_DNG_VERSION in tags or int(tags.get(_TIFF_SUBFILE_TYPE, 0)) & _REDUCED_COPY:
        raise PictureError(_explain_raw_photo(name))
    if file.mode == "F":
        raise PictureError(f"The file {name} holds measurements, not colours. Save it as PNG, and use that file.")


def _require_all_boxes(path: Path) -> None:
    """Raise PictureError where the file breaks off inside a box: libheif paints the tiles that are missing green.

    What a phone hangs on behind the boxes doesn't count. Source: ISO/IEC 14496-12, section 4.2.
    """
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < size:
            file.seek(start)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == _LONG_BOX:
                length = int.from_bytes(head[8:], "big")
            if head[4:8] not in _HEIC_BOXES or length < _SHORTEST_BOX_BYTES:  # no box, or one up to the end
                return
            start += length
    if start > size:
        raise PictureError(_explain_damage(path, "it is damaged or cut off"))


def _shrink(file: Image.Image) -> None:
    """Scale a picture of too many pixels down; a JPEG's are never even decoded."""
    scale = math.sqrt(MOST_PIXELS / (file.width * file.height))
    if scale < 1:
        file.thumbnail((round(file.width * scale), round(file.height * scale)))


def _as_srgb(picture: Image.Image) -> Image.Image:
    """Return the picture in sRGB when it names another colour space, such as a phone's Display P3."""
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    if not profile or picture.mode.startswith("I"):
        return picture
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    colours = picture.convert(_WITHOUT_ALPHA.get(picture.mode, picture.mode))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return picture
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), colours.mode, "RGB")
        converted = transform.apply(colours)
    except (ImageCms.PyCMSError, OSError, ValueError):  # a damaged profile, or one that doesn't suit the picture
        return picture
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def _as_rgb(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB: 16-bit grey scaled to 8 bits, transparency laid on the backdrop."""
    from PIL import Image

    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        return lay_on_backdrop(picture)
    return picture.convert("RGB")


def _explain_no_picture(path: Path, formats: Sequence[str]) -> str:
    """Return what the file is instead of a picture that can be read, and the remedy."""
    with path.open("rb") as file:
        kind = describe_content(file.read(HEAD_BYTES)) or "something else"
    name, remedy = _READERS.get(kind, ("", ""))
    if remedy and name not in formats:
        return (
            f"The file {path.name} is {kind}, which this ComfyUI can't read: it lacks {remedy}. Install that and start "
            "ComfyUI again, or save the picture as JPEG."
        )
    if kind.endswith("picture"):
        return _explain_damage(path, "it is damaged or cut off")
    if kind == "a raw photo":
        return _explain_raw_photo(path.name)
    return f"The file {path.name} isn't a picture but {kind}. Use {READABLE}."


def _explain_raw_photo(name: str) -> str:
    return f"The file {name} is a raw photo. Export it as JPEG, and use that file."


def _explain_damage(path: Path, reason: str) -> str:
    return f"The picture {path.name} can't be read: {reason}. Use {READABLE.replace('a ', 'a complete ', 1)}."
