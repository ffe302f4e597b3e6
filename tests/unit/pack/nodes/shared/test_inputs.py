"""The inputs that nodes share are what graphs, saved long ago, count on."""

from __future__ import annotations

from typing import Any

import pytest
from comfyui_talkingshorts.nodes.clone_voice import CloneVoice
from comfyui_talkingshorts.nodes.draft_portrait import DraftPortrait
from comfyui_talkingshorts.nodes.draft_voice import DraftVoice
from comfyui_talkingshorts.nodes.portrait_picture import PortraitPicture
from comfyui_talkingshorts.nodes.save_portrait import SavePortrait
from comfyui_talkingshorts.nodes.save_short import SaveShort
from comfyui_talkingshorts.nodes.save_speech import SaveSpeech
from comfyui_talkingshorts.nodes.speech_to_video import SpeechToVideo
from comfyui_talkingshorts.nodes.talking_video import TalkingVideo


def find_inputs(node: Any) -> dict[str, Any]:
    return {entry.id: entry for entry in node.define_schema().inputs}


@pytest.mark.parametrize("node", [CloneVoice, DraftVoice, DraftPortrait, TalkingVideo, SpeechToVideo])
def test_a_seed_is_42_unless_another_is_given_and_may_change_after_each_run(node: Any) -> None:
    seed = find_inputs(node)["seed"]

    assert (seed.default, seed.min, seed.max, seed.control_after_generate) == (42, 0, 2**64 - 1, True)


@pytest.mark.parametrize("node", [DraftPortrait, PortraitPicture, TalkingVideo, SpeechToVideo])
def test_a_size_is_480_by_832_in_steps_of_16(node: Any) -> None:
    inputs = find_inputs(node)

    assert [*inputs].index("height") == [*inputs].index("width") + 1
    assert (inputs["width"].default, inputs["height"].default) == (480, 832)
    assert {(inputs[side].min, inputs[side].max, inputs[side].step) for side in ("width", "height")} == {(16, 2048, 16)}


@pytest.mark.parametrize("node", [CloneVoice, DraftVoice])
def test_a_target_may_be_left_out_and_then_is_the_natural_length(node: Any) -> None:
    target = find_inputs(node)["target_seconds"]

    assert (target.default, target.min, target.max, target.optional) == (0.0, 0.0, 3600.0, True)


@pytest.mark.parametrize(("node", "prefix"), [(SaveShort, "short"), (SavePortrait, "portrait"), (SaveSpeech, "speech")])
def test_a_file_is_saved_below_talkingshorts(node: Any, prefix: str) -> None:
    assert find_inputs(node)["filename_prefix"].default == f"talkingshorts/{prefix}"


@pytest.mark.parametrize("node", [CloneVoice, DraftVoice])
def test_an_empty_script_is_refused_before_anything_runs(node: Any) -> None:
    for script in ("", " \n"):
        assert node.validate_inputs(script=script) == "The script is empty: write the words to say."


@pytest.mark.parametrize("node", [CloneVoice, DraftVoice])
def test_a_script_that_another_node_gives_is_not_judged_before_it_is_known(node: Any) -> None:
    assert node.validate_inputs(script=None) is True
    assert node.validate_inputs(script="Hi.") is True
