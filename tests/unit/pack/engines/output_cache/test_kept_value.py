"""A value is taken apart into JSON and blocks, and put together again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from comfyui_talkingshorts.engines.output_cache.kept_value import DamagedValueError, UnkeepableError, pack, unpack


def test_a_value_becomes_json_and_blocks_and_comes_back() -> None:
    picture = torch.arange(6.0).reshape(2, 3)
    value = {"pictures": [picture, picture + 1], 2: ("a", None, 1.5)}

    packed = pack(value)
    back = unpack(json.loads(json.dumps(packed.form)), packed.blocks.__getitem__)

    assert len(packed.blocks) == 2
    assert (list(back), back[2]) == (["pictures", 2], ("a", None, 1.5))
    assert all(torch.equal(one, other) for one, other in zip(back["pictures"], value["pictures"], strict=True))


def test_a_tensor_is_kept_as_it_lies_in_memory_and_comes_back_so() -> None:
    turned = torch.arange(6.0).reshape(2, 3).T

    packed = pack(turned)
    back = unpack(packed.form, packed.blocks.__getitem__)

    assert isinstance(packed.blocks[0], torch.Tensor)
    assert packed.blocks[0].is_contiguous()
    assert (back.stride(), back.tolist()) == (turned.stride(), turned.tolist())


def test_what_can_not_be_kept_is_named() -> None:
    with pytest.raises(UnkeepableError, match="a function"):
        pack({"a": [1, lambda: None]})


def test_a_file_where_a_tensor_belongs_is_refused() -> None:
    form = {"tensor": {"block": 3, "order": [0], "device": "cpu"}}

    with pytest.raises(DamagedValueError, match="block 3 is a file where a tensor belongs"):
        unpack(form, lambda number: Path(f"{number}.mp4"))
