"""Hide a presenter's look in the lowest bits of its portrait, so that the drawing can be made to talk later.

The code survives what keeps every pixel (PNG files, ComfyUI's float pictures, caches). It holds a checksum of the whole
picture: one that was resized, cropped, compressed or painted on is an ordinary picture again.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from .look import OPTIONS, Look

MAGIC = b"TS"
VERSION = 1
_CODE_BYTES = len(MAGIC) + 1 + len(OPTIONS) + 4
_CODE_BITS = _CODE_BYTES * 8


def sign_with_look(picture: np.ndarray, look: Look) -> np.ndarray:
    """Return a copy of the picture, uint8 RGB [height, width, 3] of 70 pixels or more, that carries the look."""
    signed = np.ascontiguousarray(picture).copy()
    values = signed.reshape(-1)
    values[:_CODE_BITS] &= 0xFE
    head = MAGIC + bytes([VERSION]) + bytes(options.index(getattr(look, field)) for field, options in OPTIONS.items())
    code = head + struct.pack(">I", _checksum(signed, head))
    values[:_CODE_BITS] |= np.unpackbits(np.frombuffer(code, np.uint8))
    return signed


def read_look(picture: np.ndarray) -> Look | None:
    """Return the look that a picture, uint8 [height, width, channels], carries unharmed, or None."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.size < _CODE_BITS:
        return None
    plain = np.ascontiguousarray(picture).copy()
    values = plain.reshape(-1)
    code = np.packbits(values[:_CODE_BITS] & 1).tobytes()
    head, checksum = code[:-4], struct.unpack(">I", code[-4:])[0]
    if head[:3] != MAGIC + bytes([VERSION]):
        return None
    values[:_CODE_BITS] &= 0xFE
    if checksum != _checksum(plain, head):
        return None
    choices = zip(OPTIONS.items(), head[3:], strict=True)
    return Look(**{field: options[index] for (field, options), index in choices})


def _checksum(picture: np.ndarray, head: bytes) -> int:
    return zlib.crc32(picture.tobytes(), zlib.crc32(head + struct.pack(">II", *picture.shape[:2])))
