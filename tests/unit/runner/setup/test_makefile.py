import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

VARIABLES = {"SCRIPT", "VOICE", "START", "DURATION", "PORTRAIT", "PORTRAIT_PROMPT", "QUALITY", "SEED", "VOICE_RIGHTS"}
VARIABLES |= {
    "OUT",
    "SERVER",
    "SIZE",
    "LANDSCAPE",
    "TINY_MODELS",
    "TALKINGSHORTS_HOME",
    "TALKINGSHORTS_TEST_TINY_ENCODERS",
    "PYTHON",
    "AREA",
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
    "PYTHONPATH",
}

FAKE_PYTHON = f"""#!/bin/sh
case "$1 $2" in
  -c*|"-m talkingshorts.setup.bootstrap") exit 0 ;;
  "-m talkingshorts.setup.spelling") PYTHONPATH="{ROOT}/runner" exec "{sys.executable}" "$@" ;;
esac
exec "{sys.executable}" -I -S -c '
import json, os, sys
names = ["PYTHONPATH", "TALKINGSHORTS_HOME", "TALKINGSHORTS_TEST_TINY_ENCODERS"]
seen = {{name: os.environ[name] for name in names if name in os.environ}}
print(json.dumps({{"arguments": sys.argv[1:], "environment": seen}}))' "$@"
"""

OLD_PYTHON = """#!/bin/sh
exit 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    write_program(tmp_path / ".venv" / "bin" / "python", FAKE_PYTHON)
    return tmp_path


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def make(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        ["make", "-s", *words], cwd=folder, env=inherited | environment, capture_output=True, text=True, check=False
    )


def arguments_of_short(folder: Path, *words: str, **environment: str) -> list[str]:
    done = make(folder, "short", *words, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["arguments"][3:]


@pytest.mark.parametrize(
    "script",
    [
        "Fish & chips; it's \"good\", `isn't` it? | > < * ~ #1",
        "It costs $5, not $$5 or $(shell id) or ${HOME}.",
        "first line\nsecond line\n\nlast line",
        "back\\slash \\n 100% ünïcödé 你好 !$%^",
        "-starts with a dash",
        "@notes.txt",
        "",
    ],
)
def test_a_script_reaches_the_program_as_it_was_typed(folder: Path, script: str) -> None:
    assert arguments_of_short(folder, f"SCRIPT={script}")[0] == f"--script={script}"


def test_a_script_from_the_environment_reaches_the_program_too(folder: Path) -> None:
    assert arguments_of_short(folder, SCRIPT="It's $5 & more")[0] == "--script=It's $5 & more"


def test_without_variables_a_sample_is_spoken_in_the_quality_that_the_program_picks(folder: Path) -> None:
    script, *rest = arguments_of_short(folder)
    assert len(script) > 40
    assert not script.startswith("--script=Hello")  # VibeVoice sets greetings to music
    assert rest == []


def test_a_short_lies_where_the_program_puts_it_unless_another_place_is_named(folder: Path) -> None:
    assert "-o" not in arguments_of_short(folder, "OUT=")
    assert arguments_of_short(folder, "OUT=a.mp4")[1:] == ["-o", "a.mp4"]


@pytest.mark.parametrize(("answer", "options"), [("1", ["--landscape"]), ("", []), ("0", []), ("no", [])])
def test_a_short_is_wider_than_high_only_on_a_yes(folder: Path, answer: str, options: list[str]) -> None:
    assert arguments_of_short(folder, f"LANDSCAPE={answer}")[1:] == options


def test_every_variable_becomes_its_option(folder: Path) -> None:
    given = arguments_of_short(
        folder,
        *("SCRIPT=Hi", "VOICE=https://example.org/v?a=1&b=2", "START=1.5", "DURATION=20", "PORTRAIT=my face.png"),
        *('PORTRAIT_PROMPT=a "wise" man\'s $1 face', "QUALITY=best", "SEED=7", "VOICE_RIGHTS=1", "OUT=my out/a b.mp4"),
        *("SERVER=http://host:1/", "SIZE=512x896"),
    )
    assert given == [
        *("--script=Hi", "-o", "my out/a b.mp4", "--quality=best"),
        *("--voice=https://example.org/v?a=1&b=2", "--start=1.5", "--duration=20", "--portrait=my face.png"),
        *('--portrait-prompt=a "wise" man\'s $1 face', "--seed=7", "--server=http://host:1/", "--size=512x896"),
        "--voice-rights",
    ]


def test_tiny_models_are_written_into_a_home_of_their_own_and_used_from_there(folder: Path) -> None:
    done = make(folder, "short", "SCRIPT=Hi", "QUALITY=best", "TINY_MODELS=1")
    writing, making = map(json.loads, done.stdout.splitlines())

    assert writing["arguments"] == ["-m", "support.tiny.home", ".talkingshorts/tiny/base"]
    assert making["arguments"][3:] == ["--script=Hi", "--quality=best", "--size=128x224"]
    assert writing["environment"] == {"PYTHONPATH": "tests:custom_nodes"}
    assert making["environment"] == {
        "TALKINGSHORTS_HOME": ".talkingshorts/tiny",
        "TALKINGSHORTS_TEST_TINY_ENCODERS": "1",
    }
    assert "noise" in done.stderr


def test_a_size_beats_that_of_tiny_models(folder: Path) -> None:
    _, making = map(json.loads, make(folder, "short", "TINY_MODELS=1", "SIZE=64x96").stdout.splitlines())
    assert making["arguments"][-1] == "--size=64x96"


@pytest.mark.parametrize("answer", ["", "0", "no"])
def test_tiny_models_are_used_only_on_a_yes(folder: Path, answer: str) -> None:
    (making,) = map(json.loads, make(folder, "short", f"TINY_MODELS={answer}").stdout.splitlines())
    assert making["environment"] == {}


@pytest.mark.parametrize("answer", ["", "0", "no", "false", "maybe"])
def test_voice_rights_are_claimed_only_by_a_yes(folder: Path, answer: str) -> None:
    assert "--voice-rights" not in arguments_of_short(folder, f"VOICE_RIGHTS={answer}")


def test_the_named_python_that_is_too_old_is_refused_in_one_line(folder: Path) -> None:
    old = write_program(folder / "python2.7", OLD_PYTHON)
    done = make(folder, "setup", f"PYTHON={old}")
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("set-up:")]
    assert str(old) in line
    assert "3.11" in line


def test_without_a_usable_python_set_up_ends_in_one_line(folder: Path) -> None:
    shutil.rmtree(folder / ".venv")
    tools = folder / "tools"
    tools.mkdir()
    for name in ("make", "sh"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = make(folder, "setup", PATH=str(tools))
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("set-up:")]
    assert "no Python on the PATH" in line


def test_a_dead_name_on_the_path_is_passed_over(folder: Path) -> None:
    shutil.rmtree(folder / ".venv")
    tools = folder / "tools"
    write_program(tools / "python3.12", OLD_PYTHON)
    write_program(tools / "python3.11", FAKE_PYTHON)
    for name in ("make", "sh"):
        (tools / name).symlink_to(shutil.which(name) or name)
    assert make(folder, "setup", PATH=str(tools)).returncode == 0


def arguments_of_tests(folder: Path, area: str) -> list[str]:
    done = make(folder, "test", f"AREA={area}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["arguments"]


@pytest.fixture
def areas(folder: Path) -> Path:
    for name in ("unit/runner/batch", "unit/runner/cli", "unit/pack", "server/runner/batch", "golden/sets", "n8n"):
        (folder / "tests" / name / "__pycache__").mkdir(parents=True)
    (folder / "tests" / "unit" / "test_house.py").touch()
    return folder


@pytest.mark.parametrize(
    ("area", "paths"),
    [
        ("runner/batch", ["tests/unit/runner/batch", "tests/server/runner/batch"]),
        ("runner/cli", ["tests/unit/runner/cli"]),
        ("runner/cli pack", ["tests/unit/runner/cli", "tests/unit/pack"]),
        ("test_house.py", ["tests/unit/test_house.py"]),
        ("server", ["tests/server"]),
        ("golden", ["tests/golden"]),
    ],
)
def test_an_area_is_tested_alone_without_and_with_comfyui(areas: Path, area: str, paths: list[str]) -> None:
    assert arguments_of_tests(areas, area) == ["-m", "pytest", *paths]


@pytest.mark.parametrize("area", ["runner/bach", "runner/batch runner/bach", "n8n", "$(shell id)", "a'b", "../docs"])
def test_an_area_that_is_none_is_refused_with_those_that_are(areas: Path, area: str) -> None:
    done = make(areas, "test", f"AREA={area}")

    assert (done.returncode, done.stdout) == (2, "")
    [line] = [line for line in done.stderr.splitlines() if line.startswith("test:")]
    named = "browser golden pack runner runner/batch runner/cli server unit"
    assert line == f"test: AREA={area} names no tests. The areas are: {named}"


@pytest.fixture
def checks(areas: Path) -> Path:
    """A checkout with a ruff; what fails is named by the variable FAILS."""
    write_program(areas / ".venv" / "bin" / "ruff", '#!/bin/sh\necho ruff "$@"\n')
    write_program(
        areas / ".venv" / "bin" / "python",
        '#!/bin/sh\ncase "$2" in\n  pyright | pytest) echo "$2"; [ "$2" != "$FAILS" ] ;;\nesac\n',
    )
    return areas


def test_without_an_area_everything_is_checked_and_types_are_told_last(checks: Path) -> None:
    done = make(checks, "test")

    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["ruff check", "ruff format --check", "pytest", "pyright"],
    )


@pytest.mark.parametrize("what", ["pyright", "pytest"])
def test_a_check_that_fails_fails_the_whole_and_hides_no_other(checks: Path, what: str) -> None:
    done = make(checks, "test", FAILS=what)

    assert (done.returncode, done.stdout.splitlines()[-2:]) == (2, ["pytest", "pyright"])


@pytest.mark.parametrize(
    ("word", "near"),
    [("PORTAIT=me.jpg", "PORTRAIT"), ("VIOCE=me.m4a", "VOICE"), ("script=Hi.", "SCRIPT"), ("SCRIPTS=Hi.", "SCRIPT")],
)
def test_a_misspelt_variable_is_told_with_the_one_that_is_near(folder: Path, word: str, near: str) -> None:
    done = make(folder, "short", word)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"make has no variable {word.partition('=')[0]}: did you mean {near}" in done.stderr


@pytest.mark.parametrize("target", ["setup", "test", "serve"])
def test_no_target_ignores_a_variable(folder: Path, target: str) -> None:
    done = make(folder, target, "PICTURE=me.jpg")

    assert done.returncode == 2
    assert "make has no variable PICTURE." in done.stderr
    assert "Its variables are: SCRIPT VOICE " in done.stderr


@pytest.mark.parametrize(
    "word", ["COMFYUI_DIR=/x", "TALKINGSHORTS_SERVER=http://gpu:8188", "HTTPS_PROXY=http://p", "CUDA_VISIBLE_DEVICES=0"]
)
def test_a_variable_of_a_program_is_none_of_makes(folder: Path, word: str) -> None:
    assert arguments_of_short(folder, word)


def test_every_variable_that_make_takes_is_a_known_one() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (known,) = re.findall(r"^KNOWN := (.*)", makefile, re.MULTILINE)

    assert set(known.split()) == set(re.findall(r"^override (\w+) :=", makefile, re.MULTILINE))
