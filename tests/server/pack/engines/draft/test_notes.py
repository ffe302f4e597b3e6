"""What the draft's nodes tell the user, on a real ComfyUI: programs read it in the job's outputs."""

from __future__ import annotations

from typing import Any

from support.servers.on_comfyui import ComfyUI, run_graph


def run_node(comfyui: ComfyUI, node: str, saver: str, output: str, **inputs: Any) -> dict[str, Any]:
    """Return the outputs of the job of a graph that saves what the node gives."""
    graph = {
        "1": {"class_type": node, "inputs": inputs},
        "2": {"class_type": saver, "inputs": {output: ["1", 0], "filename_prefix": "noted"}},
    }
    return run_graph(comfyui, graph)["outputs"]


def test_the_drawing_tells_which_words_it_does_not_know(comfyui: ComfyUI) -> None:
    outputs = run_node(
        comfyui,
        "TalkingShortsDraftPortrait",
        "TalkingShortsSavePortrait",
        "portrait",
        prompt="ein Mann mit Bart und Hund",
        width=64,
        height=96,
        seed=1,
    )

    assert outputs["1"]["text"] == [
        "The drawing doesn't know these words: hund. The seed decides what they leave open."
    ]


def test_the_draft_voice_tells_what_it_did_not_say(comfyui: ComfyUI) -> None:
    outputs = run_node(
        comfyui,
        "TalkingShortsDraftVoice",
        "TalkingShortsSaveSpeech",
        "speech",
        script="[laughs] Hello there. [pause 500ms] Bye.",
        seed=1,
    )

    assert outputs["1"]["text"] == ["Not said, as stage directions: [laughs]."]
