"""What is kept of a node's outputs comes back bit for bit, or not at all."""

from __future__ import annotations

import json
import logging
import math
import os
import struct
import time
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from comfy_api.latest import InputImpl
from comfyui_talkingshorts.core.folder_cap import parse_gigabytes
from comfyui_talkingshorts.engines.output_cache import store as store_module
from comfyui_talkingshorts.engines.output_cache.kept_value import Packed
from comfyui_talkingshorts.engines.output_cache.store import OutputStore
from safetensors import safe_open

KEY = "a" * 64
GIGABYTE = 1000**3
NOISE = torch.from_numpy(np.random.default_rng(1).standard_normal((3, 4, 5)))
BYTES = torch.arange(256, dtype=torch.uint8)


@pytest.fixture
def store(tmp_path: Path) -> OutputStore:
    return make_store(tmp_path)


def make_store(folder: Path, max_bytes: int = GIGABYTE) -> OutputStore:
    return OutputStore(folder / "outputs", folder / "temp", max_bytes)


def list_entries(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "outputs").iterdir())


def entry(folder: Path, key: str = KEY) -> Path:
    return folder / "outputs" / f"{key}.safetensors"


def assert_same(kept: Any, value: Any) -> None:
    """Compare exactly: types, the bits of tensors, and how they lie in memory."""
    assert type(kept) is type(value)
    if isinstance(value, torch.Tensor):
        assert (kept.dtype, kept.shape, kept.device) == (value.dtype, value.shape, value.device)
        assert torch.equal(
            kept.contiguous().flatten().view(torch.uint8), value.contiguous().flatten().view(torch.uint8)
        )
    elif isinstance(value, dict):
        assert [*kept] == [*value]
        for key in value:
            assert_same(kept[key], value[key])
    elif isinstance(value, list | tuple):
        assert len(kept) == len(value)
        for one, other in zip(kept, value, strict=True):
            assert_same(one, other)
    else:
        assert repr(kept) == repr(value)


def keep(store: OutputStore, value: Any) -> Any:
    assert store.store(KEY, value)
    kept = store.load(KEY)
    assert kept is not None
    return kept[0]


@pytest.mark.parametrize(
    "value",
    [
        *(BYTES.view(dtype) for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16)),
        *(BYTES.view(dtype) for dtype in (torch.float8_e4m3fn, torch.float8_e5m2, torch.int64, torch.int32)),
        *(BYTES.view(dtype) for dtype in (torch.int16, torch.int8, torch.uint8)),
        torch.tensor([True, False, True]),
        torch.tensor(1.5),
        torch.empty(0, 3),
        torch.tensor([math.nan, math.inf, -0.0]),
        NOISE[:, ::2],
        NOISE.expand(2, 3, 4, 5),
        NOISE[1:, 2],
    ],
    ids=lambda value: f"{value.dtype}-{list(value.shape)}",
)
def test_tensors_come_back_bit_for_bit(value: torch.Tensor, store: OutputStore) -> None:
    assert_same(keep(store, value), value)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_tensor_lies_in_memory_as_it_did(order: tuple[int, ...], store: OutputStore) -> None:
    value = NOISE.permute(order)

    assert keep(store, value).stride() == value.stride()


@pytest.mark.parametrize(
    "value",
    [
        [[[NOISE, {"pooled_output": None, "extra": {"mask": BYTES, "strength": 0.1, "range": (0.0, 1.0)}}]]],
        {"outputs": [[{"waveform": NOISE, "sample_rate": 24000}]], "shown": {"text": ["a “note” \ud83d 🙂"]}},
        {1: "int", "1": "text", 1.5: "float", None: "none", (1, "a"): "tuple"},
        [math.nan, math.inf, -0.0, 0.1, 2**80, True, 1, None, "", [], (), {}],
        {"list": [{"tensor": 0}, {"dict": [["video", 1]]}]},
    ],
    ids=["conditioning", "speech with a note", "keys", "numbers", "words of the format"],
)
def test_structures_come_back_exactly(value: Any, store: OutputStore) -> None:
    assert_same(keep(store, value), value)


def test_an_entry_is_a_safetensors_file(store: OutputStore, tmp_path: Path) -> None:
    keep(store, [torch.tensor([True]), NOISE, BYTES])

    with safe_open(entry(tmp_path), "pt") as file:
        assert torch.equal(file.get_tensor("1"), NOISE)
        assert torch.equal(file.get_tensor("2"), BYTES)
        assert {*file.metadata()} == {"format", "form", "sha256"}


class Color(IntEnum):
    RED = 1


class Words(list[str]):
    pass


@pytest.mark.parametrize(
    "value",
    [
        object(),
        len,
        Color.RED,
        Words(),
        np.float64(1),
        np.zeros(3),
        torch.Size([1]),
        torch.nn.Parameter(NOISE),
        NOISE.to_sparse(),
        torch.complex(NOISE, NOISE),
        {"model": [object()]},
        {b"bytes": 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_might_come_back_otherwise_is_not_kept(value: Any, store: OutputStore, tmp_path: Path) -> None:
    assert not store.store(KEY, [NOISE, value])
    assert store.load(KEY) is None
    assert not (tmp_path / "outputs").exists()


def write_video(folder: Path, content: bytes = bytes(range(256)) * 9000) -> InputImpl.VideoFromFile:
    path = folder / "made.mp4"
    path.write_bytes(content)
    return InputImpl.VideoFromFile(str(path))


def path_of(video: InputImpl.VideoFromFile) -> Path:
    source = video.get_stream_source()
    assert isinstance(source, str)
    return Path(source)


def test_a_video_comes_back_as_a_file_of_its_own(store: OutputStore, tmp_path: Path) -> None:
    made = write_video(tmp_path)
    content = path_of(made).read_bytes()

    video, frame_count, sound = keep(store, [made, 200, NOISE])
    path_of(made).unlink()
    entry(tmp_path).unlink()

    assert type(video) is InputImpl.VideoFromFile
    assert path_of(video).parent == tmp_path / "temp"
    assert path_of(video).read_bytes() == content
    assert frame_count == 200
    assert torch.equal(sound, NOISE)


def test_each_time_a_video_is_taken_it_is_another_file(store: OutputStore, tmp_path: Path) -> None:
    first, second = (keep(store, write_video(tmp_path)) for _ in range(2))

    assert path_of(first) != path_of(second)


def test_a_part_of_a_video_or_one_in_memory_is_not_kept(store: OutputStore, tmp_path: Path) -> None:
    path = path_of(write_video(tmp_path))

    assert not store.store(KEY, InputImpl.VideoFromFile(str(path), start_time=1.0))
    assert not store.store(KEY, InputImpl.VideoFromFile(str(path), duration=1.0))
    assert not store.store(KEY, InputImpl.VideoFromFile(str(tmp_path / "none.mp4")))


def flip(bit: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[bit // 8 % len(data)] ^= 1 << bit % 8
        path.write_bytes(data)

    return damage


def replace(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(content)

    return damage


def rewrite_header(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = path.read_bytes()
        [length] = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        edit(header)
        encoded = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data[8 + length :])

    return damage


def save_foreign(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"0": NOISE.contiguous()}, path)


DAMAGES = {
    "nothing in it": replace(b""),
    "a few bytes": replace(b"abc"),
    "another kind of file": replace(b"\x89PNG\r\n\x1a\n" * 500),
    "zeros": replace(bytes(5000)),
    "no JSON": replace(struct.pack("<Q", 8) + b"{'a': 1}"),
    "JSON of another kind": replace(struct.pack("<Q", 8) + b"[1, 2,3]"),
    "JSON too deep": replace(struct.pack("<Q", 80_000) + b"[" * 80_000),
    "foreign safetensors": save_foreign,
    "a longer file": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "the last byte missing": lambda path: os.truncate(path, path.stat().st_size - 1),
    "half of it missing": lambda path: os.truncate(path, path.stat().st_size // 2),
    "only the header": lambda path: os.truncate(path, 200),
    "another type": rewrite_header(lambda header: header["0"].update(dtype="I64")),
    "another shape": rewrite_header(lambda header: header["0"].update(shape=[60])),
    "a negative size": rewrite_header(lambda header: header["0"].update(data_offsets=[480, 0])),
    "a giant size": rewrite_header(lambda header: header["0"].update(data_offsets=[0, 1 << 60])),
    "another form": rewrite_header(lambda header: header["__metadata__"].update(form="[]")),
    "no checksum": rewrite_header(lambda header: header["__metadata__"].pop("sha256")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_counts_as_missing_is_told_and_removed(
    damage: Callable[[Path], None], store: OutputStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(store, [NOISE, write_video(tmp_path), 5])
    served = {*(tmp_path / "temp").iterdir()}
    damage(entry(tmp_path))

    assert store.load(KEY) is None
    assert entry(tmp_path).name in caplog.text
    assert list_entries(tmp_path) == []
    assert {*(tmp_path / "temp").iterdir()} == served
    assert_same(keep(store, NOISE), NOISE)


def test_an_entry_that_fits_its_checksum_but_makes_no_sense_counts_as_missing_and_is_removed(
    store: OutputStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep(store, BYTES)
    tensor = {"tensor": {"block": 0, "order": [0], "device": "cpu"}}
    store_module._write(entry(tmp_path), Packed({"list": [{"video": 0}, tensor]}, [BYTES]))

    assert store.load(KEY) is None
    assert "block 0 is a file where a tensor belongs" in caplog.text
    assert list_entries(tmp_path) == []


def test_no_flipped_bit_is_served(store: OutputStore, tmp_path: Path) -> None:
    value = [torch.arange(4), "note"]
    store.store(KEY, value)
    whole = entry(tmp_path).read_bytes()
    for bit in range(0, 8 * len(whole), 11):
        entry(tmp_path).write_bytes(whole)
        flip(bit)(entry(tmp_path))
        kept = store.load(KEY)
        if kept is not None:  # a blank in the header that became another blank
            assert_same(kept[0], value)


def test_an_entry_that_can_not_be_read_counts_as_missing(
    store: OutputStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, NOISE)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(store_module, "safe_open", refuse)
        assert store.load(KEY) is None
    assert list_entries(tmp_path) == []


def test_an_entry_that_may_only_be_read_is_served(
    store: OutputStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, NOISE)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "utime", refuse)

    assert store.load(KEY) is not None
    assert list_entries(tmp_path) == [entry(tmp_path).name]


def test_a_folder_in_an_entrys_place_does_no_harm(store: OutputStore, tmp_path: Path) -> None:
    entry(tmp_path).mkdir(parents=True)

    assert store.load(KEY) is None
    assert not store.store(KEY, NOISE)


def test_what_was_never_kept_is_missing_without_a_word(store: OutputStore, caplog: pytest.LogCaptureFixture) -> None:
    assert store.load(KEY) is None
    assert caplog.text == ""


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError()])
def test_an_entry_for_which_there_is_no_memory_stays_kept(
    error: Exception, store: OutputStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.store(KEY, [NOISE])

    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(store_module, "_read", fail)

    assert store.load(KEY) is None
    assert entry(tmp_path).is_file()


def test_a_video_that_has_no_room_where_it_is_used_stays_kept(store: OutputStore, tmp_path: Path) -> None:
    keep(store, write_video(tmp_path))
    elsewhere = OutputStore(tmp_path / "outputs", tmp_path / "made.mp4" / "temp", GIGABYTE)

    assert elsewhere.load(KEY) is None
    assert list_entries(tmp_path) == [entry(tmp_path).name]


def test_a_full_disk_is_told_once_and_leaves_nothing(
    store: OutputStore, full_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert not store.store(KEY, torch.zeros(5000))

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "Free some space" in caplog.text
    assert list_entries(full_disk) == []


def test_a_folder_that_can_not_be_made_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert not make_store(tmp_path / "file").store(KEY, NOISE)
    assert make_store(tmp_path / "file").load(KEY) is None


def test_an_entry_has_its_name_only_when_it_is_whole_and_on_the_disk(
    store: OutputStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names_when_synced: list[str] = []
    monkeypatch.setattr(store_module, "sync_folder", lambda folder: None)
    monkeypatch.setattr(os, "fsync", lambda descriptor: names_when_synced.extend(list_entries(tmp_path)))

    assert store.store(KEY, NOISE)

    [name] = names_when_synced
    assert name.endswith(".partial")
    assert list_entries(tmp_path) == [entry(tmp_path).name]


def age(path: Path, seconds: float) -> None:
    now = time.time()
    os.utime(path, (now - seconds, now - seconds))


def test_what_was_not_used_longest_makes_room(tmp_path: Path) -> None:
    store = make_store(tmp_path, 9000)
    for seconds, key in ((300, "older"), (200, "newer")):
        store.store(key, torch.zeros(700))
        age(entry(tmp_path, key), seconds)
    assert store.load("older") is not None

    store.store("newest", torch.zeros(700))

    assert list_entries(tmp_path) == ["newest.safetensors", "older.safetensors"]


def test_what_is_larger_than_all_may_be_is_not_kept_and_drives_nothing_out(tmp_path: Path) -> None:
    store = make_store(tmp_path, 9000)
    store.store("small", torch.zeros(700))

    assert not store.store("large", torch.zeros(7000))
    assert list_entries(tmp_path) == ["small.safetensors"]


def test_many_pictures_are_not_kept(store: OutputStore) -> None:
    assert not store.store(KEY, [torch.zeros(1).expand(store_module.MAX_TENSOR_BYTES // 4 + 1)])


def test_a_giant_video_is_not_kept(store: OutputStore, tmp_path: Path) -> None:
    video = write_video(tmp_path)
    os.truncate(path_of(video), store_module.MAX_FILE_BYTES + 1)

    assert not store.store(KEY, video)


def test_what_a_killed_process_left_is_removed_but_not_what_another_writes(store: OutputStore, tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    for name, seconds in (("left", 4000), ("written", 10)):
        partial = tmp_path / "outputs" / f".{name}.partial"
        partial.touch()
        age(partial, seconds)

    store.store(KEY, NOISE)

    assert list_entries(tmp_path) == [".written.partial", entry(tmp_path).name]


def test_two_programs_share_a_folder(tmp_path: Path) -> None:
    one, other = make_store(tmp_path), make_store(tmp_path)
    one.store(KEY, [1, NOISE])
    other.store(KEY, [2, NOISE])

    kept = one.load(KEY)

    assert kept is not None
    assert kept[0][0] == 2


@pytest.mark.parametrize(
    ("text", "size"),
    [("4", 4 * GIGABYTE), ("0", 0), ("0.25", GIGABYTE // 4), (" 1e1 ", 10 * GIGABYTE), ("-0", 0)],
)
def test_a_size_is_given_in_gigabytes(text: str, size: int) -> None:
    assert parse_gigabytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "4 GB", "-1", "nan", "inf", "1e999"])
def test_anything_else_is_no_size(text: str) -> None:
    assert parse_gigabytes(text) is None
