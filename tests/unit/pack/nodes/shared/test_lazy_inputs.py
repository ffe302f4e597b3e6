"""What a node with lazy inputs asks for next: what is cheap first, and gigabytes last."""

from typing import Any

from comfyui_talkingshorts.nodes.shared.lazy_inputs import list_next_inputs

ORDER = (("portrait",), ("positive", "negative"), ("model", "vae"))


def test_one_stage_is_asked_for_at_a_time() -> None:
    inputs: dict[str, Any] = dict.fromkeys(("model", "vae", "positive", "negative", "portrait"))

    asked = []
    while names := list_next_inputs(ORDER, inputs):
        asked.append(names)
        inputs |= dict.fromkeys(names, "there")

    assert asked == [["portrait"], ["positive", "negative"], ["model", "vae"]]


def test_only_what_is_missing_of_a_stage_is_asked_for() -> None:
    assert list_next_inputs(ORDER, {"portrait": 1, "positive": 1, "negative": None, "model": None}) == ["negative"]


def test_what_is_not_linked_is_not_asked_for() -> None:
    assert list_next_inputs(ORDER, {"model": None}) == ["model"]
    assert list_next_inputs(ORDER, {"seed": 42}) == []
