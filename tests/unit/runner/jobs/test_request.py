"""What to run becomes a graph that fits a server, or the list of what is wrong with it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from talkingshorts.errors import UsageError, ValidationError
from talkingshorts.jobs.options import RunOptions
from talkingshorts.jobs.request import Request, bind, build_request, find_seed, require_readable
from talkingshorts.workflow.binding import Target
from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.node_info import parse_node_info

DECLARED: dict[str, dict[str, Any]] = {
    "LoadImage": {"input": {"required": {"image": [["sample.png"], {"image_upload": True}]}}, "output": ["IMAGE"]},
    "Scale": {
        "input": {"required": {"image": ["IMAGE"], "width": ["INT", {"min": 16, "max": 2048}], "sharp": ["BOOLEAN"]}},
        "output": ["IMAGE"],
    },
    "Save": {"input": {"required": {"images": ["IMAGE"]}}, "output": [], "output_node": True},
}
NODES = {name: parse_node_info(name, {**answer, "python_module": "nodes"}) for name, answer in DECLARED.items()}
WORKFLOW = Workflow(
    "w.json",
    {
        "1": {"class_type": "LoadImage", "inputs": {"image": "sample.png"}},
        "2": {"class_type": "Scale", "inputs": {"image": ["1", 0], "width": 64, "sharp": False}},
        "3": {"class_type": "Save", "inputs": {"images": ["2", 0]}},
    },
)
WIDTH, SHARP, IMAGE = (
    Target("width", "2", "width"),
    Target("sharp", "2", "sharp"),
    Target("image", "1", "image"),
)


def test_texts_become_values_of_the_types_that_the_server_names() -> None:
    bound = bind(Request(WORKFLOW, "out", values=[(WIDTH, "96"), (SHARP, "yes")]), NODES)

    assert bound.graph["2"]["inputs"] == {"image": ["1", 0], "width": 96, "sharp": True}


def test_a_file_is_named_in_its_input() -> None:
    bound = bind(Request(WORKFLOW, "out", files=[(IMAGE, Path("pictures/me.jpg"))]), NODES)

    assert bound.graph["1"]["inputs"] == {"image": "me.jpg"}


def test_a_file_is_taken_whatever_bytes_its_name_has() -> None:
    bound = bind(Request(WORKFLOW, "out", files=[(IMAGE, Path("me\udcff.jpg"))]), NODES)

    assert bound.graph["1"]["inputs"] == {"image": "me?.jpg"}


def test_only_what_is_set_is_copied_and_the_request_stays_as_it_is() -> None:
    before = copy.deepcopy(WORKFLOW.graph)

    bound = bind(Request(WORKFLOW, "out", values=[(WIDTH, "96")]), NODES)

    assert WORKFLOW.graph == before
    assert [node_id for node_id in before if bound.graph[node_id] is WORKFLOW.graph[node_id]] == ["1", "3"]


def test_every_value_that_does_not_fit_is_told_at_once() -> None:
    depth = Target("depth", "2", "depth")
    request = Request(WORKFLOW, "out", values=[(WIDTH, "wide"), (depth, "1"), (SHARP, "maybe")])

    with pytest.raises(ValidationError) as refusal:
        bind(request, NODES)

    assert str(refusal.value).splitlines() == [
        "width: 'wide' is not a whole number.",
        "Scale (#2) has no input 'depth': did you mean width? It has: image, width, sharp.",
        "sharp: 'maybe' is not true or false.",
    ]


def test_the_problems_of_the_request_come_before_those_of_its_values() -> None:
    request = Request(WORKFLOW, "out", values=[(WIDTH, "wide")], problems=["line 3 is too long."])

    with pytest.raises(ValidationError, match=r"^line 3 is too long\.\nwidth: 'wide' is not a whole number\.$"):
        bind(request, NODES)


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_picture_is_said_to_be_empty(text: str) -> None:
    loader = {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "_meta": {"title": "portrait"}}
    nodes = {"LoadImage": parse_node_info("LoadImage", {"input": {"required": {"image": [["a.png"], {}]}}})}
    request = Request(Workflow("w", {"1": loader}), "out", values=[(Target("portrait", "1", "image"), text)])

    with pytest.raises(ValidationError, match=r"^portrait is empty: name a file\.$"):
        bind(request, nodes)


def test_a_value_of_its_type_that_the_server_would_refuse_is_told() -> None:
    with pytest.raises(ValidationError, match=r"width = 9000 is out of range\. Allowed: 16 to 2048\."):
        bind(Request(WORKFLOW, "out", values=[(WIDTH, "9000")]), NODES)


def test_a_result_is_never_written_over_an_input(tmp_path: Path) -> None:
    picture = tmp_path / "me.png"

    with pytest.raises(UsageError, match="is the input"):
        Request(WORKFLOW, str(tmp_path / "x" / ".." / "me.png"), files=[(IMAGE, picture)])


def test_a_request_is_built_of_options_without_a_server(tmp_path: Path) -> None:
    path, picture = tmp_path / "w.json", tmp_path / "me.png"
    path.write_text('{"2": {"class_type": "Scale", "inputs": {"image": "a.png", "width": 64}}}')
    picture.touch()
    options = RunOptions(
        path, settings=[("2.width", "96")], files=[("2.image", picture)], output=str(tmp_path / "out.png")
    )

    request = build_request(options)

    assert request.values == [(Target("2.width", "2", "width"), "96")]
    assert request.files == [(Target("2.image", "2", "image"), picture)]


@pytest.mark.parametrize("text", ["@/etc/hostname", "@@home", "-", "{env:HOME}"])
def test_a_program_is_taken_at_its_word(text: str, tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text('{"2": {"class_type": "Write", "inputs": {"text": "a"}}}')

    request = build_request(RunOptions(path, settings=[("2.text", text)], output=str(tmp_path / "out.png")))

    assert [value for _, value in request.values] == [text]


def test_the_seed_is_the_named_input_or_else_the_first_that_a_node_holds() -> None:
    graph = {
        "1": {"class_type": "A", "inputs": {"seed": ["9", 0]}},
        "2": {"class_type": "B", "inputs": {"noise_seed": 7}},
        "3": {"class_type": "C", "inputs": {"seed": 8}},
    }

    assert find_seed(Workflow("w", graph), {"seed": 5}) == 5
    assert find_seed(Workflow("w", graph), {"seed": "five"}) == 7
    assert find_seed(WORKFLOW, {}) is None


def test_a_file_that_can_not_be_uploaded_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.png can't be read: No such file or directory\. Check the name\.$"):
        require_readable(tmp_path / "gone.png", "Check the name.")
    with pytest.raises(UsageError, match="it is a device or a pipe"):
        require_readable(Path("/dev/null"))
    with pytest.raises(UsageError, match="Is a directory"):
        require_readable(tmp_path)
