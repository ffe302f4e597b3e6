"""ComfyUI in the home of a runner that was installed without a checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.fakes.environment import (
    BROKEN_WHEEL,
    CTRL_C_WHILE_FETCHING,
    CTRL_C_WHILE_INSTALLING,
    DISK_FULL,
    KILLED,
    OFFLINE,
    make_fake_environment,
)
from talkingshorts import home
from talkingshorts.errors import UsageError
from talkingshorts.managed import environment, install, provision
from talkingshorts.managed.environment import UNFINISHED, Environment
from talkingshorts.managed.provision import SetupError


class Runner:
    """A runner without a checkout, whose home is `home` and whose shipped files are in `shipped`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = folder / "my home"
        self.shipped = folder / "site-packages" / "files"
        self.said: list[str] = []
        for name in ("build", "torch", "constraints", "comfyui"):
            self.write(f"requirements/{name}.txt", f"{name}==1.0\n")
        self.write("custom_nodes/comfyui_talkingshorts/requirements.txt", "av>=16\n")
        monkeypatch.setenv("TALKINGSHORTS_HOME", str(self.home))
        monkeypatch.setattr(home, "checkout_dir", lambda: None)
        monkeypatch.setattr(install, "shipped_dir", lambda: self.shipped)
        monkeypatch.setattr(Environment, "make", lambda made: make_fake_environment(made.venv))
        monkeypatch.setattr(environment, "FULL_INSTALL_BYTES", 0)
        monkeypatch.setattr(provision, "fetch_comfyui", lambda folder, *_: write_comfyui(folder))

    def write(self, name: str, text: str) -> None:
        path = self.shipped / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def let_pip(self, script: str) -> None:
        self.write("pip-does", script)

    def listen(self, line: str) -> None:
        self.said.append(line)
        if "downloading ctrl_c" in line:
            raise KeyboardInterrupt

    def install(self) -> list[str]:
        """Install, and return the pip calls that it took."""
        calls = self.shipped / "pip-calls"
        calls.unlink(missing_ok=True)
        install.install_server(self.listen)
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def is_installed(self) -> bool:
        return home.comfyui_python().exists() and not (self.home / "env" / UNFINISHED).exists()


def write_comfyui(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").touch()
    (folder / "comfyui_version.py").write_text(f'__version__ = "{provision.COMFYUI_VERSION}"')
    (folder / "requirements.txt").write_text("torch\n")


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    for name in ("COMFYUI_DIR", "COMFYUI_PYTHON", "PIP_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Runner(tmp_path, monkeypatch)


def test_everything_lands_in_the_home_and_a_second_run_does_nothing(runner: Runner) -> None:
    assert runner.install()
    assert runner.is_installed
    assert {path.name for path in runner.home.iterdir()} == {"env", "ComfyUI", "base", "install"}
    assert {path.name for path in (runner.home / "install").iterdir()} == {"setup.lock"}
    assert (runner.home / "base" / "custom_nodes" / home.PACK_NAME).resolve() == (
        runner.shipped / "custom_nodes" / home.PACK_NAME
    )
    assert provision.read_comfyui_version(home.comfyui_dir()) == provision.COMFYUI_VERSION

    runner.said.clear()
    assert runner.install() == []
    assert runner.said == [f"ComfyUI is installed: {runner.home / 'ComfyUI'}"]


def test_what_comfyui_and_the_pack_need_is_installed_and_not_the_runner(runner: Runner) -> None:
    *_, last = runner.install()

    for path in (runner.home / "ComfyUI" / "requirements.txt", runner.shipped / "custom_nodes" / home.PACK_NAME):
        assert f" -r {path}" in last
    assert " -e " not in last
    assert last.endswith(" -c requirements/constraints.txt")


def test_after_an_upgrade_what_changed_is_installed_into_the_same_environment(runner: Runner) -> None:
    runner.install()
    (runner.home / "env" / "mine.txt").touch()
    runner.write("custom_nodes/comfyui_talkingshorts/requirements.txt", "av>=17\n")

    assert install.is_outdated()
    assert runner.install()
    assert (runner.home / "env" / "mine.txt").exists()
    assert not install.is_outdated()
    assert runner.install() == []


@pytest.mark.parametrize(
    "script", [OFFLINE, BROKEN_WHEEL, DISK_FULL, KILLED, CTRL_C_WHILE_FETCHING, CTRL_C_WHILE_INSTALLING]
)
def test_one_that_is_cut_short_leaves_nothing_that_the_next_trips_over(runner: Runner, script: str) -> None:
    runner.let_pip(script)
    with pytest.raises((SetupError, KeyboardInterrupt)):
        runner.install()
    assert not (runner.home / "env").exists()

    runner.let_pip("")
    runner.install()
    assert runner.is_installed


def test_the_environment_of_a_killed_run_is_made_anew(runner: Runner) -> None:
    runner.install()
    make_fake_environment(runner.home / "env")
    (runner.home / "env" / "half-installed").touch()

    runner.install()
    assert runner.is_installed
    assert not (runner.home / "env" / "half-installed").exists()


def test_a_home_that_can_not_be_written_is_told_with_the_remedy(runner: Runner) -> None:
    runner.home.parent.mkdir(parents=True, exist_ok=True)
    runner.home.write_text("a file")

    with pytest.raises(SetupError, match=r"Not a directory: .*\. Another folder can be named in TALKINGSHORTS_HOME\."):
        runner.install()


def test_too_little_room_is_told_with_the_remedy_before_anything_is_fetched(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FULL_INSTALL_BYTES", shutil.disk_usage(tmp_path).total + 2**40)

    with pytest.raises(SetupError, match=r"GB free, and set-up needs about .* larger disk in TALKINGSHORTS_HOME"):
        runner.install()
    assert not (runner.home / "env").exists()
    assert not (runner.home / "ComfyUI").exists()


def test_the_users_own_comfyui_gets_the_environment_and_is_not_fetched(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_comfyui(tmp_path / "mine")
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path / "mine"))

    assert f" -r {tmp_path}/mine/requirements.txt " in runner.install()[-1]
    assert runner.is_installed
    assert not (runner.home / "ComfyUI").exists()


@pytest.mark.parametrize("name", ["env", "ComfyUI"])
def test_what_the_user_has_in_the_home_is_kept_and_told(runner: Runner, name: str) -> None:
    theirs = runner.home / name / "models" / "mine.safetensors"
    theirs.parent.mkdir(parents=True)
    theirs.touch()

    with pytest.raises(SetupError, match=rf"/{name} is there already.*TALKINGSHORTS_HOME.*COMFYUI_DIR"):
        runner.install()
    assert theirs.exists()


def test_a_comfyui_of_an_earlier_version_is_replaced(runner: Runner) -> None:
    runner.install()
    (home.comfyui_dir() / "comfyui_version.py").write_text('__version__ = "0.3.0"')

    runner.install()
    assert provision.read_comfyui_version(home.comfyui_dir()) == provision.COMFYUI_VERSION


def test_where_the_user_names_another_python_nothing_is_installed(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYUI_PYTHON", "/usr/bin/python3")

    with pytest.raises(UsageError, match=r"COMFYUI_PYTHON is /usr/bin/python3.*Unset it"):
        runner.install()
    assert not runner.home.exists()


def test_what_is_not_installed_or_not_the_runners_own_is_not_outdated(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not install.is_outdated()
    runner.install()
    runner.write("requirements/torch.txt", "torch==2.0\n")
    monkeypatch.setenv("COMFYUI_PYTHON", "/usr/bin/python3")
    assert not install.is_outdated()


def test_in_a_checkout_the_command_that_sets_it_up_is_named(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: Path("/my/checkout"))

    with pytest.raises(SetupError, match=r"`make setup`.*/my/checkout"):
        runner.install()
    assert install.explain_install() == "Run `make setup` in the checkout"


def test_without_a_checkout_the_remedy_is_the_one_command(runner: Runner) -> None:
    assert "`talkingshorts server install`" in install.explain_install()
    assert str(runner.home) in install.explain_install()
