"""What README and docs promise holds: their commands parse, their links lead somewhere, and what they name is there."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from support.checkout import ROOT
from support.pages import (
    INDEX,
    PAGES,
    README,
    list_anchors,
    list_code,
    list_commands,
    list_rows,
    list_targets,
    name_of,
)
from talkingshorts import errors
from talkingshorts.cli.parser import build_parser
from talkingshorts.display import batch_events, events
from talkingshorts.shipped.models import load_model_list
from talkingshorts.workflow.binding import list_named_inputs
from talkingshorts.workflow.file import load_workflow

PACK = ROOT / "custom_nodes" / "comfyui_talkingshorts"
BASES = (ROOT, ROOT / "runner" / "talkingshorts", PACK)
"""What paths on the pages begin at."""

CHECKED_ENDINGS = {".py", ".md", ".json", ".jpg", ".yaml", ".yml", ".txt", ".toml", ".sh", ".cfg"}
MADE_FOLDERS = ("out/", "output/", ".", "HOME/", "BASE/", "VibeVoice-")
"""What paths begin with that are there only once something was made or downloaded."""

PLACEHOLDER = re.compile(r"(?<![A-Za-z])(?!README|CONTRIBUTING|CHANGELOG|SECURITY)[A-Z_]{2,}(?![a-z])")
"""What stands for a name in a path: NAME.json."""

LONGEST_PROSE = 120
README_WORDS = 1000

WORDS_OF_MAKE = re.findall(r"^override (\w+) :=", (ROOT / "Makefile").read_text(), re.MULTILINE)
TARGETS = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)

all_pages = pytest.mark.parametrize("page", PAGES, ids=name_of)
all_pages_and_the_packs = pytest.mark.parametrize("page", [*PAGES, PACK / "README.md"], ids=name_of)
all_prose = pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        PACK / "README.md",
        *sorted((PACK / "web" / "docs").glob("*.md")),
        *(ROOT / "tests" / folder / "README.md" for folder in ("data", "golden/sets")),
    ],
    ids=name_of,
)


def list_calls(page: Path, program: str) -> list[list[str]]:
    """Return the arguments of every call of a program on a page."""
    return [words[1:] for words in list_commands(page) if words[0].rpartition("/")[2] == program]


@all_pages
def test_every_command_of_the_program_parses(page: Path) -> None:
    containers = [words[3:] for words in list_calls(page, "docker") if words[:3] == ["compose", "run", "--rm"]]

    for words in list_calls(page, "talkingshorts") + containers:
        build_parser().parse_args(words)


@all_pages
def test_every_command_named_in_a_sentence_is_one(page: Path) -> None:
    parser = build_parser()

    for code in list_code(page):
        match = re.match(r"talkingshorts ([a-z]+)", code)
        if match:
            with pytest.raises(SystemExit) as end:
                parser.parse_args([match[1], "--help"])
            assert end.value.code == 0, code


@all_pages
def test_every_target_and_variable_of_make_is_one(page: Path) -> None:
    in_sentences = [code.split()[1:] for code in list_code(page) if code.startswith("make ")]

    for words in list_calls(page, "make") + in_sentences:
        target, *variables = words or ["help"]
        assert target in TARGETS
        assert {word.partition("=")[0] for word in variables if "=" in word} <= set(WORDS_OF_MAKE)


@all_pages
def test_every_test_that_is_called_is_there(page: Path) -> None:
    paths = [word for words in list_commands(page) if "pytest" in words for word in words if word.startswith("tests/")]
    areas = re.findall(r"AREA=([a-z0-9_/]+)", page.read_text(encoding="utf-8"))

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [area for area in areas if not any((ROOT / "tests" / kind / area).exists() for kind in ("", "unit"))] == []


@all_pages_and_the_packs
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in list_targets(page):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in list_anchors(file), target


@all_pages
def test_every_path_that_is_named_is_there(page: Path) -> None:
    for code in list_code(page):
        is_path = re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", code) and "/" in code
        is_checked = code.endswith("/") or Path(code).suffix in CHECKED_ENDINGS
        if not is_path or not is_checked or code.startswith(MADE_FOLDERS) or PLACEHOLDER.search(code):
            continue
        assert any((base / code).exists() or (base / "engines" / code).exists() for base in BASES), code


@all_pages
def test_every_page_leads_back_to_the_index(page: Path) -> None:
    targets = {(page.parent / target.partition("#")[0]).resolve() for target in list_targets(page)}

    assert page == INDEX or INDEX in targets


def test_the_index_lists_every_page() -> None:
    targets = {(INDEX.parent / target).resolve() for target in list_targets(INDEX)}

    assert set(PAGES) - {INDEX} <= targets


@all_prose
def test_prose_is_wrapped(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "!["))]

    assert [line for line in lines if len(line) > LONGEST_PROSE] == []


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").split()) <= README_WORDS


def test_the_readme_says_how_the_program_gets_onto_the_path_before_it_is_used() -> None:
    commands = [" ".join(words) for words in list_commands(README)]
    first_use = next(number for number, words in enumerate(commands) if words.startswith("talkingshorts "))

    assert commands[0].startswith("git clone ")
    assert "export PATH=$PWD/.venv/bin:$PATH" in commands[:first_use]


def name_of_kind(kind: type) -> str:
    """Return an event's name as JSON has it."""
    return re.sub(r"\B([A-Z])", r"_\1", kind.__name__).lower()


def test_all_events_are_listed_with_their_fields() -> None:
    kinds = [*get_args(events.Event), *get_args(batch_events.BatchEvent)]
    known = {name_of_kind(kind): [field.name for field in fields(kind)] for kind in kinds}
    del known["row_event"]

    listed = {
        re.findall(r"`(\w+)`", event)[0]: re.findall(r"\w+", re.sub(r"\(.*?\)", "", names))
        for event, names in list_rows(ROOT / "docs" / "cli.md", "## Events")
    }

    answers = {"presigned": ["files"], "error": ["exit_code", "kind", "message"]}
    assert listed == known | answers


def test_all_exit_codes_are_listed() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RunnerError)]
    listed = {int(code) for code, _ in list_rows(ROOT / "docs" / "cli.md", "## Exit codes")}

    assert listed == {0} | {kind.exit_code for kind in kinds}


def test_all_named_inputs_of_the_shipped_graphs_are_listed() -> None:
    known = {
        entry.name
        for path in (ROOT / "workflows").glob("*.api.json")
        for entry in list_named_inputs(load_workflow(path))
    }
    listed = {
        name
        for cells in list_rows(ROOT / "docs" / "graphs.md", "## Named inputs")
        for name in re.findall(r"`(\w+)`", cells[0])
    }

    assert listed == known


def list_graph_rows(page: str) -> list[list[str]]:
    return list_rows(ROOT / page, "## The graphs" if page == "README.md" else "# Graphs")


@pytest.mark.parametrize("page", ["README.md", "docs/graphs.md"])
def test_all_shipped_graphs_are_listed(page: str) -> None:
    listed = {name for cells in list_graph_rows(page) for name in re.findall(r"`(\w+)`", cells[0])}

    assert listed == {path.name.removesuffix(".api.json") for path in (ROOT / "workflows").glob("*.api.json")}


def test_the_table_of_nodes_names_every_node() -> None:
    words = json.loads((PACK / "locales" / "en" / "nodeDefs.json").read_text(encoding="utf-8"))
    listed = {
        name.strip() for cells in list_rows(ROOT / "docs" / "canvas.md", "## The nodes") for name in cells[0].split(",")
    }

    assert listed == {node["display_name"] for node in words.values()}


def list_preset_sizes() -> dict[str, tuple[int, str]]:
    """Return how many files each preset has, and their size in GB with one digit."""
    files = load_model_list()
    presets = {preset: [file for file in files if preset in file.presets] for file in files for preset in file.presets}
    return {name: (len(chosen), f"{sum(file.bytes for file in chosen) / 1e9:.1f}") for name, chosen in presets.items()}


def test_the_presets_are_listed_with_their_files_and_sizes() -> None:
    listed = {
        preset: (int(count), size)
        for presets, _, counts, sizes in list_rows(ROOT / "docs" / "models.md", "# Models")
        for preset, count, size in zip(
            re.findall(r"`(\w+)`", presets), counts.split(", "), sizes.split(", "), strict=True
        )
    }

    assert listed == list_preset_sizes()


@pytest.mark.parametrize("page", ["README.md", "docs/graphs.md"])
def test_the_graphs_are_listed_with_the_size_of_their_models(page: str) -> None:
    known = list_preset_sizes()
    known |= {"talking_short": known["best"], "talking_short_fast": known["fast"]}

    for names, _, models in list_graph_rows(page):
        sizes = [f"{known[name][1]} GB" for name in re.findall(r"`(\w+)`", names) if name != "draft"]
        assert re.findall(r"[\d.]+ GB", models) == sizes


def test_the_architecture_page_shows_the_runners_levels_as_they_are() -> None:
    levels = re.search(
        r'LEVELS = """\n(.*?)\n"""', (ROOT / "tests" / "unit" / "runner" / "test_rooms.py").read_text(), re.S
    )
    rows = list_rows(ROOT / "docs" / "architecture.md", "## The rooms of the runner")
    listed = [{room.removesuffix(".py") for room in re.findall(r"`([\w.]+)/?`", cells[1])} for cells in rows]

    assert levels is not None
    assert listed == [set(line.split()) for line in levels[1].splitlines()]


def test_the_architecture_page_names_every_room_of_the_engines() -> None:
    rows = list_rows(ROOT / "docs" / "architecture.md", "## The rooms of the pack")
    listed = {room for cells in rows for room in re.findall(r"^`(\w+)/`$", cells[0])}
    rooms = {path.name for path in (PACK / "engines").iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert listed == rooms | {"nodes", "engines", "core"}
