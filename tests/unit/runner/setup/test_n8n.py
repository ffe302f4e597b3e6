from collections.abc import Mapping
from pathlib import Path

import pytest
from talkingshorts.managed.provision import SetupError
from talkingshorts.setup import n8n
from talkingshorts.setup.n8n import explain_build_failure, install_n8n, is_installed

NPM_FAILED = (1, "npm error code ENOSPC\nnpm error nospc There is not enough space\n")
BUILD_FAILED = (1, "sqlite3.c: In function f\nsqlite3.c:7:1: error: unknown type name 'x'\ngyp ERR! stack Error: 2\n")
DONE = (0, "")


class Machine:
    """A checkout on a machine where npm and the compiler do as they are told."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder
        self.requirement = folder / "requirements.json"
        self.requirement.write_text('{"dependencies": {"n8n": "1"}}')
        self.said: list[str] = []
        self.caches: list[str] = []
        self.npm: tuple[int, str] = DONE
        self.compiler: tuple[int, str] = DONE

    def run_python(self, folder: Path, variables: Mapping[str, str], arguments: list[str]) -> tuple[int, str]:
        if folder.name == "sqlite3":
            return self.compiler
        (folder / "node_modules" / "sqlite3").mkdir(parents=True)
        (folder / "npm-cache").mkdir()
        self.caches.append(variables["npm_config_cache"])
        return self.npm

    def install(self) -> None:
        install_n8n(self.checkout, self.requirement, self.run_python, self.said.append)

    @property
    def is_installed(self) -> bool:
        return is_installed(self.checkout, self.requirement)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(n8n.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.delenv("NPM_CONFIG_CACHE", raising=False)
    return Machine(tmp_path)


def test_n8n_is_installed_into_the_checkout_without_what_was_only_downloaded(machine: Machine) -> None:
    assert not machine.is_installed
    machine.install()

    assert machine.is_installed
    assert {path.name for path in (machine.checkout / ".n8n").iterdir()} == {"package.json", "node_modules"}


def test_another_version_is_installed_anew(machine: Machine) -> None:
    machine.install()
    machine.requirement.write_text('{"dependencies": {"n8n": "2"}}')

    assert not machine.is_installed
    machine.install()
    assert machine.is_installed


@pytest.mark.parametrize(
    ("npm", "compiler", "told"),
    [
        (NPM_FAILED, DONE, "npm can't install n8n: nospc There is not enough space"),
        (DONE, BUILD_FAILED, "database driver can't be built: sqlite3.c:7:1: error: unknown type name 'x'"),
    ],
)
def test_an_install_that_fails_leaves_no_n8n_and_says_why(
    machine: Machine, npm: tuple[int, str], compiler: tuple[int, str], told: str
) -> None:
    machine.npm, machine.compiler = npm, compiler
    with pytest.raises(SetupError, match=told):
        machine.install()

    assert not (machine.checkout / ".n8n").exists()


def test_what_a_run_that_was_cut_short_left_is_in_nobodys_way(machine: Machine) -> None:
    (machine.checkout / ".n8n.partial" / "node_modules" / "half").mkdir(parents=True)
    machine.install()

    assert not (machine.checkout / ".n8n" / "node_modules" / "half").exists()


def test_a_cache_that_the_user_names_is_used(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_CACHE", "/shared/npm")
    machine.install()

    assert machine.caches == ["/shared/npm"]


def test_a_machine_without_a_compiler_is_told_what_to_install(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(n8n.shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match=r"no make and no c\+\+. .* apt install build-essential"):
        machine.install()


def test_while_npm_is_silent_its_progress_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = n8n.threading.Event()
    monkeypatch.setattr(n8n, "NEWS_SECONDS", 0.001)
    run = machine.run_python

    def wait_and_run(folder: Path, variables: Mapping[str, str], arguments: list[str]) -> tuple[int, str]:
        if folder.name != "sqlite3":
            (folder / "big").write_bytes(b"x" * 2_000_000)
            assert heard.wait(20)
        return run(folder, variables, arguments)

    def listen(line: str) -> None:
        if "2 MB after" in line:
            heard.set()

    install_n8n(machine.checkout, machine.requirement, wait_and_run, listen)

    assert heard.is_set()


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (BUILD_FAILED[1], "sqlite3.c:7:1: error: unknown type name 'x'"),
        ("gyp ERR! stack Error: no Python\ngyp ERR! cwd /x\n", "gyp ERR! stack Error: no Python"),
        ("", "no output (it ended with 1)"),
    ],
)
def test_why_the_driver_cant_be_built_is_told_in_one_line(output: str, told: str) -> None:
    assert explain_build_failure(output, 1) == told
