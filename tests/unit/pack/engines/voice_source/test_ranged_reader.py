import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.engines.voice_source.ranged_reader import BLOCK_BYTES, RangedReader, RangesNotServedError
from yt_dlp.networking import Response
from yt_dlp.networking.exceptions import TransportError

DATA = np.random.default_rng(3).bytes(20 * BLOCK_BYTES + 123)


def serve(data: bytes, asked: list[tuple[int, int]]) -> Callable[[str], Response]:
    """Return a server of ranges of `data` that notes the first and last byte of each."""

    def open_range(byte_range: str) -> Response:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", byte_range)
        assert found
        first, last = int(found[1]), min(int(found[2]), len(data) - 1)
        asked.append((first, last))
        headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return Response(io.BytesIO(data[first : last + 1]), "http://example.org", headers, status=206)

    return open_range


def test_what_is_read_anywhere_equals_the_file() -> None:
    reader = RangedReader(serve(DATA, []), max_bytes=10 * len(DATA))

    for position, size in ((0, 10), (BLOCK_BYTES - 3, 3), (7 * BLOCK_BYTES + 5, 1000), (1, 50), (len(DATA) - 5, 50)):
        reader.seek(position)
        assert reader.read(size) == DATA[position : position + size]
    assert reader.seek(-4, io.SEEK_END) == len(DATA) - 4
    assert reader.read(100) == DATA[-4:]
    assert reader.read(100) == b""


def test_reading_on_and_on_asks_for_longer_and_longer_stretches() -> None:
    asked: list[tuple[int, int]] = []
    reader = RangedReader(serve(DATA, asked), max_bytes=10 * len(DATA))

    assert reader.readall() == DATA
    assert len(asked) < 8
    assert sum(last + 1 - first for first, last in asked) == len(DATA)


def test_what_was_read_just_now_is_not_asked_for_again() -> None:
    asked: list[tuple[int, int]] = []
    reader = RangedReader(serve(DATA, asked), max_bytes=len(DATA))

    for _ in range(3):
        reader.seek(5 * BLOCK_BYTES)
        reader.read(100)

    assert len(asked) == 2


def test_a_server_that_ignores_ranges_is_told_apart() -> None:
    def open_range(byte_range: str) -> Response:
        return Response(io.BytesIO(DATA), "http://example.org", {}, status=200)

    with pytest.raises(RangesNotServedError):
        RangedReader(open_range, max_bytes=len(DATA))


def test_a_file_that_changes_meanwhile_is_an_error() -> None:
    versions = iter((DATA, DATA + b"more"))

    reader = RangedReader(lambda byte_range: serve(next(versions), [])(byte_range), max_bytes=len(DATA))
    reader.seek(9 * BLOCK_BYTES)

    with pytest.raises(SourceError, match="changed"):
        reader.read(1)


def test_a_connection_that_breaks_once_is_taken_up_again() -> None:
    answers = iter((TransportError("reset"), None))

    def open_range(byte_range: str) -> Response:
        failure = next(answers, None)
        if failure:
            raise failure
        return serve(DATA, [])(byte_range)

    assert RangedReader(open_range, max_bytes=len(DATA)).read(10) == DATA[:10]


def test_a_connection_that_keeps_breaking_is_an_error() -> None:
    def open_range(byte_range: str) -> Response:
        raise TransportError("reset")

    with pytest.raises(SourceError, match="breaking off"):
        RangedReader(open_range, max_bytes=len(DATA))


def test_no_more_is_fetched_than_allowed() -> None:
    reader = RangedReader(serve(DATA, []), max_bytes=3 * BLOCK_BYTES)

    with pytest.raises(SourceError, match="TALKINGSHORTS_MAX_DOWNLOAD_MB"):
        reader.readall()
