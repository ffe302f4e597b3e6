"""The wheel, installed into an empty environment and used in an empty folder, as by anybody who has no checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.processes import Outcome
from support.servers.on_comfyui import ComfyUI
from support.shorts import decode, read_result
from talkingshorts.home import venv_python

PACK = "custom_nodes/comfyui_talkingshorts"
FILES = "talkingshorts/shipped/files"


def list_files(folder: str = ".") -> set[str]:
    """Return the checkout's files in a folder that git knows or would add, by their paths in the checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return {name for name in names if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clean copy of the checkout."""
    folder = tmp_path_factory.mktemp("tree")
    for name in list_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def build_wheel(tree: Path) -> Path:
    """Return the wheel of the distribution in a folder, built by way of its source distribution."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tree / "dist"), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (tree / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tree: Path) -> Path:
    return build_wheel(tree)


def list_contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_it_carries_the_program_but_nothing_of_set_up(wheel: Path) -> None:
    modules = {name for name in list_contents(wheel) if not name.startswith(FILES)}

    assert modules == {
        name.removeprefix("runner/")
        for name in list_files("runner")
        if not name.startswith("runner/talkingshorts/setup/")
    }


def test_it_carries_the_workflows_the_models_and_the_pack_laid_out_as_in_a_checkout(wheel: Path) -> None:
    carried = {name.removeprefix(f"{FILES}/") for name in list_contents(wheel) if name.startswith(FILES)}
    requirements = {f"requirements/{name}.txt" for name in ("build", "comfyui", "constraints", "torch")}

    assert carried == list_files("workflows") | list_files(PACK) | requirements | {
        "models.json",
        "extra_model_paths.yaml",
    }


def test_the_packs_own_wheel_holds_every_file_that_comfyui_reads(tree: Path) -> None:
    about = {f"{PACK}/{name}" for name in ("LICENSE", "README.md", "pyproject.toml")}

    assert list_contents(build_wheel(tree / PACK)) == {
        name.removeprefix("custom_nodes/") for name in list_files(PACK) - about
    }


@dataclass(frozen=True)
class Program:
    """The installed `talkingshorts`, with nothing of the checkout in its environment."""

    python: Path
    folder: Path

    def __call__(self, *arguments: str) -> Outcome:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("TALKINGSHORTS_", "COMFYUI_"))
        }
        kept.pop("PYTHONPATH", None)
        done = subprocess.run(
            [self.python.with_name("talkingshorts"), *arguments],
            cwd=self.folder,
            env=kept | {"TALKINGSHORTS_HOME": str(self.folder.parent / "home")},
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr, self.folder)


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of an environment that holds the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    install = ["-m", "pip", "install", "-q", "-c", str(ROOT / "requirements" / "constraints.txt"), str(wheel)]
    subprocess.run([venv_python(folder), *install], check=True, timeout=300)
    return venv_python(folder)


@pytest.fixture
def program(python: Path, tmp_path: Path) -> Program:
    folder = tmp_path / "empty"
    folder.mkdir()
    return Program(python, folder)


def test_it_makes_a_short(program: Program, comfyui: ComfyUI) -> None:
    words = ("--script", "Made without a checkout.", "--size", "128x224", "--server", comfyui.url)
    done = program("make", *words, "-o", "short.mp4")

    assert done.code == 0, done.stderr
    (short,) = done.paths
    assert decode(short).frames.shape[1:] == (224, 128)
    assert read_result(short)["workflow"] == "draft.api.json"


def test_it_runs_a_shipped_workflow_by_its_bare_name(program: Program, comfyui: ComfyUI) -> None:
    values = ("script=By its name.", "width=128", "height=224")
    done = program(
        "run",
        "draft",
        *[word for value in values for word in ("-s", value)],
        "--server",
        comfyui.url,
        "-o",
        "out/{workflow}",
    )

    assert done.code == 0, done.stderr
    assert [path.name for path in done.paths] == ["draft.mp4"]


def test_it_lists_workflows_models_and_inputs(program: Program) -> None:
    workflows, models, inputs = (
        program("workflows", "list"),
        program("models", "list"),
        program("inputs", "talking_video"),
    )

    assert workflows.code == models.code == inputs.code == 0
    assert "talking_short_fast" in workflows.stdout
    assert "wan_2.1_vae.safetensors" in models.stdout
    assert {line.split("\t")[0] for line in inputs.stdout.splitlines()} >= {"portrait", "speech", "prompt"}


def test_its_doctor_looks_at_a_server(program: Program, comfyui: ComfyUI) -> None:
    done = program("doctor", "--server", comfyui.url, "--json")
    rows = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}

    assert done.code == 0, done.stdout
    assert rows["node pack"]["detail"] == "loaded"
    assert "models best" in rows


def test_without_a_server_it_names_the_one_command_that_installs_one(program: Program) -> None:
    done = program("make", "--script", "Hello.")

    assert done.code == 5
    assert "`talkingshorts server install`" in done.stderr
    assert str(program.folder.parent / "home") in done.stderr
    assert list(program.folder.iterdir()) == []
