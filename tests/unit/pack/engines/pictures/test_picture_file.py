from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import PictureError
from comfyui_talkingshorts.engines.pictures import picture_file
from comfyui_talkingshorts.engines.pictures.backdrop import BACKDROP_RGB
from comfyui_talkingshorts.engines.pictures.picture_file import read_picture
from PIL import Image, ImageFile
from support.checkout import FACE_PHOTO, PHONE_HEIC, TILED_HEIC
from support.media import write_media

RED = (255, 0, 0)


def save(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)  # pyright: ignore[reportArgumentType]
    return path


def encode(picture: Image.Image, format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_name, **options)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def read_face() -> Image.Image:
    with Image.open(FACE_PHOTO) as photo:
        return photo.convert("RGB")


def count_difference(one: Image.Image, other: Image.Image) -> float:
    """Return how far two pictures of a size are from each other, in levels a pixel."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("cmyk.jpg", Image.new("CMYK", (90, 70), (0, 255, 255, 0))),
        ("rgba.png", Image.new("RGBA", (90, 70), (*RED, 255))),
        ("palette.gif", Image.new("RGB", (90, 70), RED).quantize(4)),
        ("palette.png", Image.new("RGB", (90, 70), RED).quantize(4)),
        ("photo.webp", Image.new("RGB", (90, 70), RED)),
        ("photo.tif", Image.new("RGB", (90, 70), RED)),
        ("photo.bmp", Image.new("RGB", (90, 70), RED)),
        ("photo.jp2", Image.new("RGB", (90, 70), RED)),
        ("photo.avif", Image.new("RGB", (90, 70), RED)),
    ],
)
def test_every_kind_of_colour_picture_is_read_in_its_own_colour(
    name: str, picture: Image.Image, tmp_path: Path
) -> None:
    read = read_picture(save(picture, tmp_path / name))
    red, green, blue = np.asarray(read)[24, 16]

    assert (read.mode, read.size) == ("RGB", (90, 70))
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_is_read_as_grey(mode: str, tmp_path: Path) -> None:
    assert np.all(
        np.asarray(read_picture(save(Image.new("L", (32, 48), 255).convert(mode), tmp_path / "a.png"))) == 255
    )


def test_sixteen_bit_grey_is_scaled_to_eight_bits(tmp_path: Path) -> None:
    grey = Image.fromarray(np.full((48, 32), 0x8000, np.uint16))

    assert np.all(np.asarray(read_picture(save(grey, tmp_path / "grey.png"))) == 0x80)


@pytest.mark.parametrize("name", ["clear.png", "clear.webp", "clear.tif", "clear.gif"])
def test_transparency_is_laid_on_light_grey_whatever_colour_hides_in_it(name: str, tmp_path: Path) -> None:
    clear = Image.new("RGBA", (32, 48), (255, 0, 255, 0))

    assert np.all(np.asarray(read_picture(save(clear, tmp_path / name))) == BACKDROP_RGB)


def test_a_palette_with_a_transparent_colour_is_laid_on_light_grey(tmp_path: Path) -> None:
    palette = Image.new("P", (32, 48), 1)
    palette.putpalette([0, 0, 0, 255, 0, 255])

    read = read_picture(save(palette, tmp_path / "icon.png", transparency=1))

    assert np.all(np.asarray(read) == BACKDROP_RGB)


@pytest.mark.parametrize("name", ["phone.jpg", "phone.png", "phone.webp", "phone.tif", "phone.avif"])
def test_a_rotated_photo_is_turned_upright(name: str, tmp_path: Path) -> None:
    photo = Image.new("RGB", (48, 32), "blue")
    photo.paste("red", (0, 0, 24, 32))
    exif = Image.Exif()
    exif[0x0112] = 6

    pixels = np.asarray(read_picture(save(photo, tmp_path / name, exif=exif)), int)

    assert pixels.shape == (48, 32, 3)
    assert pixels[4, 16, 0] > 200 > pixels[4, 16, 2]
    assert pixels[44, 16, 2] > 200 > pixels[44, 16, 0]


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "IMG_0001.jpg"])
def test_a_phones_heic_is_read_upright_whatever_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(PHONE_HEIC.read_bytes())

    read = read_picture(path)

    assert read.size == (202, 350)
    assert count_difference(read, read_face()) < 6


def test_a_heic_in_tiles_is_read_whole() -> None:
    read = read_picture(TILED_HEIC)

    assert read.size == (960, 1280)
    lower_right = np.asarray(read)[640:, 480:]
    assert lower_right.std() > 30  # the shirt and the wall


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png"])
def test_of_an_animated_picture_the_first_frame_counts(name: str, tmp_path: Path) -> None:
    first, second = Image.new("RGB", (32, 48), "red"), Image.new("RGB", (32, 48), "blue")

    read = read_picture(save(first, tmp_path / name, save_all=True, append_images=[second]))

    red, green, blue = np.asarray(read)[24, 16]
    assert red > 200 > max(green, blue)


def make_profile(*primaries: tuple[float, float, float], gamma: float = 2.2, description: str = "Wide") -> bytes:
    """Return an ICC profile of three primaries (XYZ as seen under D50) and a gamma."""

    def fix(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    xyz = [b"XYZ " + bytes(4) + fix(*values) for values in (*primaries, (0.9642, 1.0, 0.8249))]
    curve = b"curv" + bytes(4) + struct.pack(">IH2x", 1, round(gamma * 256))
    text = description.encode()
    name = b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(1 + 11 + 67 + 4)
    tags = [*zip((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt"), xyz, strict=True), (b"desc", name)]
    tags += [(curve_name, curve) for curve_name in (b"rTRC", b"gTRC", b"bTRC")]
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(body), 0x02100000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return header.ljust(68, b"\0") + fix(0.9642, 1.0, 0.8249).ljust(60, b"\0") + table + body


DISPLAY_P3 = make_profile((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png", "photo.webp", "photo.tif", "photo.avif"])
def test_a_wide_gamut_photo_is_brought_to_srgb(name: str, tmp_path: Path) -> None:
    orange = Image.new("RGB", (64, 64), (230, 120, 60))

    plain = np.asarray(read_picture(save(orange, tmp_path / f"plain_{name}")), int)[32, 32]
    read = np.asarray(read_picture(save(orange, tmp_path / name, icc_profile=DISPLAY_P3)), int)[32, 32]

    # As Display P3 it is more colourful than the same numbers in sRGB.
    assert read[0] > plain[0] + 5
    assert read[2] < plain[2] - 5


def test_a_cut_out_of_wide_gamut_keeps_its_transparency(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (32, 48), (255, 0, 255, 0))

    read = read_picture(save(clear, tmp_path / "clear.png", icc_profile=DISPLAY_P3))

    assert np.all(np.asarray(read) == BACKDROP_RGB)


def test_a_photo_that_says_srgb_comes_back_pixel_for_pixel(tmp_path: Path) -> None:
    # As cameras write it, which rounds otherwise than ours.
    srgb = make_profile(
        (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141), description="sRGB IEC61966-2.1"
    )

    read = read_picture(save(read_face(), tmp_path / "face.png", icc_profile=srgb))

    assert np.array_equal(np.asarray(read), np.asarray(read_face()))


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK"])
@pytest.mark.parametrize("profile", [b"no profile", DISPLAY_P3])
def test_a_profile_that_is_damaged_or_does_not_suit_the_picture_leaves_it_as_it_is(
    mode: str, profile: bytes, tmp_path: Path
) -> None:
    picture = Image.new("L", (32, 48), 255).convert(mode)
    read = read_picture(save(picture, tmp_path / "a.tif", icc_profile=profile))

    assert np.asarray(read).min() >= 250


def test_a_huge_picture_is_scaled_down_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file, "MOST_PIXELS", 30_000)
    picture = save(Image.new("RGB", (800, 600), "green"), tmp_path / "huge.jpg")

    assert read_picture(picture).size == (200, 150)


def test_an_impossibly_large_picture_is_refused_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    path = save(Image.new("1", (2000, 2000)), tmp_path / "map.png")

    with pytest.raises(PictureError, match=r"map\.png is too large: it has over 2 million pixels\. Scale it down"):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_not_a_picture_is_refused_with_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)

    with pytest.raises(PictureError, match=r"broken\.png"):
        read_picture(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"Dear Sir,\nthis is a letter.\n", "a text file"),
        (b"<!DOCTYPE html><title>404</title>", "a web page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"%PDF-1.7", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript drawing"),
    ],
)
def test_what_is_something_else_is_named_for_what_it_is(content: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(content)

    with pytest.raises(PictureError, match=f"The file me.jpg isn't a picture but {kind}. Use a JPEG, PNG"):
        read_picture(path)


def test_a_film_is_no_picture(tmp_path: Path) -> None:
    write_media(str(tmp_path / "me.jpg"), "mp4", "aac", seconds=0.2, video=True)

    with pytest.raises(PictureError, match=r"me\.jpg isn't a picture but a video \(MP4 or MOV\)\."):
        read_picture(tmp_path / "me.jpg")


def test_a_raw_photo_is_not_taken_for_the_small_picture_that_it_begins_with(tmp_path: Path) -> None:
    path = save(Image.new("RGB", (160, 120)), tmp_path / "photo.dng", format="TIFF", tiffinfo={0xFE: 1})

    with pytest.raises(PictureError, match=r"photo\.dng is a raw photo\. Export it as JPEG"):
        read_picture(path)


def test_measurements_are_no_picture(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"depth\.tif holds measurements, not colours"):
        read_picture(save(Image.new("F", (32, 48), 0.5), tmp_path / "depth.tif"))


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
@pytest.mark.parametrize("tolerant", [False, True])
def test_half_a_picture_is_refused_also_where_another_pack_is_tolerant(
    format_name: str, tolerant: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", tolerant)
    whole = encode(read_face(), format_name)
    path = tmp_path / "half.jpg"
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(PictureError, match=r"half\.jpg can't be read: it is damaged or cut off\. Use a complete"):
        read_picture(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is tolerant


def test_half_a_heic_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "half.heic"
    path.write_bytes(PHONE_HEIC.read_bytes()[:9000])

    with pytest.raises(PictureError, match=r"half\.heic can't be read: it is damaged or cut off"):
        read_picture(path)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_a_heic_that_lacks_some_of_its_tiles_is_refused(share: float, tmp_path: Path) -> None:
    whole = TILED_HEIC.read_bytes()
    path = tmp_path / "half.heic"
    path.write_bytes(whole[: round(share * len(whole))])

    with pytest.raises(PictureError, match=r"half\.heic can't be read: it is damaged or cut off"):
        read_picture(path)


def test_what_a_phone_hangs_on_behind_a_heic_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0002.HEIC"
    path.write_bytes(TILED_HEIC.read_bytes() + b"SEFH" + bytes(40) + b"SEFT")
    assert read_picture(path).size == (960, 1280)


def test_half_a_progressive_jpeg_is_refused(tmp_path: Path) -> None:
    whole = encode(read_face(), "JPEG", progressive=True)
    path = tmp_path / "half.jpg"
    path.write_bytes(whole[: len(whole) * 3 // 4])

    with pytest.raises(PictureError, match="damaged or cut off"):
        read_picture(path)


def test_where_heic_cannot_be_read_it_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)

    with pytest.raises(PictureError, match=r"phone\.heic is a HEIC picture.*lacks the package pi-heif.*or save"):
        read_picture(PHONE_HEIC)


def test_where_avif_cannot_be_read_it_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(Image.new("RGB", (32, 48)), tmp_path / "me.avif")
    monkeypatch.delitem(Image.OPEN, "AVIF")

    with pytest.raises(PictureError, match=r"me\.avif is an AVIF picture.*Pillow 11\.3 or later"):
        read_picture(path)


def test_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="Is a directory"):
        read_picture(tmp_path)
