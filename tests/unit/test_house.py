"""The rules that keep the house in order: who may import whom, and what the pack never does."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from comfyui_talkingshorts.core import limits
from comfyui_talkingshorts.core.link import parse_seconds as parse_time_of_link
from comfyui_talkingshorts.core.version import PACK_VERSION
from comfyui_talkingshorts.engines.voice_source import guarded_http
from support.checkout import ROOT
from talkingshorts import __version__
from talkingshorts.service import addresses
from talkingshorts.shorts import request
from talkingshorts.texts.times import parse_seconds

PACK = ROOT / "custom_nodes" / "comfyui_talkingshorts"
RUNNER = ROOT / "runner" / "talkingshorts"
PACK_FILES = sorted(PACK.rglob("*.py"))
RUNNER_FILES = sorted(RUNNER.rglob("*.py"))
NODE_FILES = sorted((PACK / "nodes").glob("*.py"))
WORKFLOWS = sorted((ROOT / "workflows").glob("*.api.json"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def list_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (level, module) of every import in the file, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


def list_layers_used(path: Path) -> set[str]:
    """Return the folders of the pack (core, engines, nodes) that one of its files imports from."""
    return {
        (*path.parents[level - 1].relative_to(PACK).parts, *module.split("."))[0]
        for level, module in list_imports(path)
        if level
    }


@pytest.mark.parametrize("path", sorted((PACK / "core").rglob("*.py")), ids=name_of)
def test_core_needs_only_the_standard_library_and_numpy(path: Path) -> None:
    absolute = {module.split(".")[0] for level, module in list_imports(path) if level == 0}

    assert absolute <= {*sys.stdlib_module_names, "numpy"}
    assert list_layers_used(path) <= {"core"}


@pytest.mark.parametrize("path", sorted((PACK / "engines").rglob("*.py")), ids=name_of)
def test_engines_know_core_but_no_nodes(path: Path) -> None:
    assert list_layers_used(path) <= {"core", "engines"}
    assert not re.search(r"io\.(Schema|ComfyNode|NodeOutput)", path.read_text())


@pytest.mark.parametrize("path", PACK_FILES, ids=name_of)
def test_the_pack_imports_itself_only_relatively_and_never_the_runner(path: Path) -> None:
    absolute = {module.split(".")[0] for level, module in list_imports(path) if level == 0}

    assert not absolute & {"comfyui_talkingshorts", "custom_nodes", "talkingshorts"}


@pytest.mark.parametrize("path", PACK_FILES, ids=name_of)
def test_the_pack_starts_no_process_and_runs_no_text_as_code(path: Path) -> None:
    modules = {module.split(".")[0] for _, module in list_imports(path)}
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }

    assert not modules & {"subprocess", "urllib", "pip", "huggingface_hub"}
    assert not calls & {"eval", "exec"}


@pytest.mark.parametrize("path", RUNNER_FILES, ids=name_of)
def test_the_runner_imports_nothing_of_the_pack_or_of_comfyui(path: Path) -> None:
    modules = {module.split(".")[0] for level, module in list_imports(path) if level == 0}

    assert not modules & {
        "comfyui_talkingshorts",
        "comfy",
        "comfy_api",
        "comfy_execution",
        "folder_paths",
        "nodes",
        "torch",
    }


TEXT = frozenset({"str", "str | None"})
RESULTS_BY_VERB = {"format": TEXT, "explain": TEXT, "print": frozenset({"None"}), "say": frozenset[str]()}
"""What a function whose name begins so may return. Nothing says: it either returns a text or prints one."""


@pytest.mark.parametrize("path", [*RUNNER_FILES, *PACK_FILES], ids=name_of)
def test_a_name_tells_whether_a_function_returns_a_text_or_prints_one(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text()))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    wrong = {
        function.name: result
        for function in functions
        if (verb := function.name.lstrip("_").partition("_")[0]) in RESULTS_BY_VERB
        and (result := ast.unparse(function.returns) if function.returns else "") not in RESULTS_BY_VERB[verb]
    }

    assert wrong == {}


@pytest.mark.parametrize("path", [path for path in RUNNER_FILES if path.parent.name != "cli"], ids=name_of)
def test_only_the_command_line_knows_how_options_are_written(path: Path) -> None:
    assert "argparse" not in {module for _, module in list_imports(path)}


@pytest.mark.parametrize("path", NODE_FILES, ids=name_of)
def test_a_node_leaves_the_work_to_the_engines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "execute":
            assert (node.end_lineno or 0) - node.lineno < 30


def list_node_ids() -> list[str]:
    return [node_id for path in NODE_FILES for node_id in re.findall(r'node_id="(\w+)"', path.read_text())]


def test_node_ids_carry_the_packs_name() -> None:
    assert list_node_ids()
    assert all(node_id.startswith("TalkingShorts") for node_id in list_node_ids())


@pytest.mark.parametrize("node_id", list_node_ids())
def test_every_node_is_used_by_a_shipped_workflow(node_id: str) -> None:
    used = {node["class_type"] for path in WORKFLOWS for node in json.loads(path.read_text()).values()}

    assert node_id in used


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_named_inputs_of_a_workflow_are_unique(path: Path) -> None:
    titles = [node["_meta"]["title"] for node in json.loads(path.read_text()).values()]

    assert len(titles) == len(set(titles))


def test_the_pack_keeps_api_graphs_out_of_its_templates() -> None:
    for path in (PACK / "example_workflows").glob("*.json"):
        assert "nodes" in json.loads(path.read_text()), f"{path.name} would open as an empty canvas"


def list_tracked_texts() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_no_package_index_is_named_anywhere() -> None:
    # Written in two parts so that this file doesn't name them either.
    hosts = re.compile("py" + r"pi\.org|python" + r"hosted\.org|registry\.np" + r"mjs|deb\.deb" + "ian")

    assert [name_of(path) for path in list_tracked_texts() if hosts.search(path.read_text(errors="ignore"))] == []


def test_no_model_weights_are_tracked() -> None:
    weights = {".safetensors", ".ckpt", ".pt", ".pth", ".gguf", ".bin"}

    assert [name_of(path) for path in list_tracked_texts() if path.suffix in weights] == []


def test_the_packs_requirements_are_lower_bounds_and_leave_torch_to_comfyui() -> None:
    lines = (PACK / "requirements.txt").read_text().split()

    assert all(">=" in line and "==" not in line for line in lines)
    assert not any(re.match(r"(torch|torchvision|torchaudio)\b", line) for line in lines)


def test_the_packs_dependencies_are_its_requirements() -> None:
    project = tomllib.loads((PACK / "pyproject.toml").read_text())["project"]

    assert project["dependencies"] == (PACK / "requirements.txt").read_text().split()


def test_the_pack_passes_the_registrys_scan() -> None:
    # The rules that `comfy node publish` checks a pack by.
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "S102,S307,E702", "-q", str(PACK)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_registry_is_told_what_it_asks_for() -> None:
    config = tomllib.loads((PACK / "pyproject.toml").read_text())
    project, comfy = config["project"], config["tool"]["comfy"]

    assert comfy["PublisherId"] == "talkingshorts"
    assert comfy["DisplayName"] == "TalkingShorts"
    assert re.fullmatch(r">=\d+\.\d+\.\d+", comfy["requires-comfyui"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    assert not project.get("dynamic")
    assert set(project["classifiers"]) <= {"Environment :: GPU :: NVIDIA CUDA", "Operating System :: OS Independent"}
    assert not (PACK / "install.py").exists()


def test_the_licence_lies_in_both_packages() -> None:
    assert (PACK / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_pack_reports_the_version_it_is_published_under() -> None:
    assert f'version = "{PACK_VERSION}"' in (PACK / "pyproject.toml").read_text()


def test_the_runner_and_the_pack_that_it_carries_have_one_version() -> None:
    assert __version__ == PACK_VERSION
    assert 'version = { attr = "talkingshorts.__version__" }' in (ROOT / "pyproject.toml").read_text()


def test_both_packages_name_the_same_licence() -> None:
    for path in (ROOT / "pyproject.toml", PACK / "pyproject.toml"):
        assert 'license = "GPL-3.0-or-later"' in path.read_text()


def test_the_runner_and_the_pack_make_the_same_sizes() -> None:
    assert request.POSSIBLE_SIDES == limits.POSSIBLE_SIDES


@pytest.mark.parametrize("text", ["90", "90s", "1:30", "1:02:03", "1m30s", "1h2m", "2 min", "1:2:3:4", "soon", ""])
def test_the_runner_and_the_pack_read_the_same_times(text: str) -> None:
    assert parse_seconds(text) == parse_time_of_link(text)


def test_the_service_and_the_pack_fetch_from_the_same_networks() -> None:
    for name in ("PRIVATE_NETWORKS", "METADATA_ADDRESSES", "GLOBAL_UNICAST", "NAT64_NETWORKS"):
        assert getattr(addresses, name) == getattr(guarded_http, name), name
