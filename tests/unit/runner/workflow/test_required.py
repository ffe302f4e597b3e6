"""Which inputs a graph can't do without, read off the graph."""

from __future__ import annotations

from typing import Any

import pytest
from talkingshorts.shipped.workflows import list_workflows
from talkingshorts.workflow.file import Workflow, load_workflow
from talkingshorts.workflow.required import is_sample, list_required_inputs


def primitive(value: Any, title: str = "words") -> dict[str, Any]:
    return {"class_type": "PrimitiveString", "inputs": {"value": value}, "_meta": {"title": title}}


def speak(script: Any) -> dict[str, Any]:
    return {"class_type": "TalkingShortsDraftVoice", "inputs": {"script": script}}


def clone(reference: Any) -> dict[str, Any]:
    return {"class_type": "TalkingShortsCloneVoice", "inputs": {"script": "Hi.", "reference": reference}}


def fetch(source: Any) -> dict[str, Any]:
    return {"class_type": "TalkingShortsYouTubeVoice", "inputs": {"source": source}}


def list_empty(**graph: dict[str, Any]) -> list[str]:
    inputs = list_required_inputs(Workflow("w.json", graph))
    return [required.explain_empty() for required in inputs if required.is_empty]


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("draft", ["script"]),
        ("talking_short", ["script", "voice_source"]),
        ("talking_short_fast", ["script", "voice_source"]),
        ("voice_clone", ["script", "voice_source"]),
        ("talking_video", ["portrait", "speech"]),
        ("s2v", ["portrait", "speech"]),
        ("i2v", ["portrait"]),
        ("i2v_fast", ["portrait"]),
        ("portrait", []),
    ],
)
def test_shipped_graphs_require_what_is_said_and_who_is_heard_and_seen(name: str, required: list[str]) -> None:
    path = next(workflow.path for workflow in list_workflows() if workflow.name == name)

    assert sorted(entry.target.address for entry in list_required_inputs(load_workflow(path))) == required


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_input_is_required_under_whatever_name_it_has(text: str) -> None:
    assert list_empty(a=primitive(text), b=speak(["a", 0])) == ["words is empty: write the words to say."]


def test_a_field_of_the_node_itself_is_required_too() -> None:
    assert list_empty(b=speak("")) == ["b.script is empty: write the words to say."]


def test_the_voice_is_required_where_it_is_cloned_and_nowhere_else() -> None:
    graph = {"a": primitive(""), "b": fetch(["a", 0])}

    assert list_empty(**graph, c=clone(["b", 0])) == [
        "words is empty: name a link to the voice to clone, or a file with it."
    ]
    assert list_empty(**graph, c={**speak("Hi."), "inputs": {"script": "Hi.", "reference": ["b", 0]}}) == []


@pytest.mark.parametrize("script", [["a", 0], ["gone", 0], [], ["c", 0]])
def test_what_another_node_computes_is_that_nodes_business(script: list[Any]) -> None:
    graph = {"a": {"class_type": "StringConcatenate", "inputs": {}}, "c": primitive(["c", 0])}

    assert list_empty(**graph, b=speak(script)) == []


def test_what_a_shipped_graph_says_is_a_sample_and_what_somebody_wrote_is_not() -> None:
    shipped = load_workflow(next(workflow.path for workflow in list_workflows() if workflow.name == "draft"))
    (script,) = list_required_inputs(shipped)
    own = Workflow("own.json", {"1": primitive("My own words.", "script"), "2": speak(["1", 0])})

    assert is_sample(script)
    assert not any(map(is_sample, list_required_inputs(own)))
