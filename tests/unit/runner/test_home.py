import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs import windows
from platformdirs.api import PlatformDirsABC
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows
from support.checkout import ROOT
from talkingshorts import home


@pytest.fixture(autouse=True)
def plain_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALKINGSHORTS_HOME", "COMFYUI_DIR", "COMFYUI_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_in_a_checkout_everything_stays_in_it_wherever_the_command_is_run() -> None:
    assert home.home_dir() == ROOT / ".talkingshorts"
    assert home.base_dir() == ROOT / ".comfyui" / "base"
    assert home.comfyui_dir() == ROOT / ".comfyui" / "ComfyUI"


@pytest.fixture
def no_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: None)


@pytest.mark.usefixtures("no_checkout")
@pytest.mark.parametrize(
    ("system", "folder"),
    [(Unix, ".local/share"), (MacOS, "Library/Application Support"), (Windows, "AppData/Local")],
    ids=["linux", "darwin", "win32"],
)
def test_installed_on_its_own_the_runner_keeps_to_the_users_data_folder(
    system: type[PlatformDirsABC], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "PlatformDirs", system)
    monkeypatch.setattr(windows, "get_win_folder", windows.get_win_folder_from_env_vars)
    monkeypatch.setenv("HOME", "/users/me")
    monkeypatch.setenv("LOCALAPPDATA", "/users/me/AppData/Local")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    assert home.home_dir() == Path("/users/me") / folder / "talkingshorts"
    assert home.base_dir() == home.home_dir() / "base"


@pytest.mark.usefixtures("no_checkout")
def test_installed_on_its_own_the_runner_has_a_comfyui_with_an_environment_in_its_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))

    assert home.comfyui_dir() == tmp_path / "ComfyUI"
    assert home.comfyui_python() == tmp_path / "env" / "bin" / "python"


@pytest.mark.usefixtures("no_checkout")
def test_the_users_own_comfyui_runs_in_the_environment_made_for_it_else_in_the_runners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))
    monkeypatch.setenv("COMFYUI_DIR", "comfy")
    assert home.comfyui_python() == Path(sys.executable)

    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").touch()
    assert home.comfyui_python() == tmp_path / "env" / "bin" / "python"


def test_a_named_home_holds_the_base_directory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_HOME", "mine")

    assert home.home_dir() == tmp_path / "mine"
    assert home.base_dir() == tmp_path / "mine" / "base"


def test_the_users_own_comfyui_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_DIR", "comfy")
    monkeypatch.setenv("COMFYUI_PYTHON", "bin/python")

    assert home.comfyui_dir() == tmp_path / "comfy"
    assert home.comfyui_python() == tmp_path / "bin" / "python"


def test_a_tilde_is_the_home_where_a_path_begins_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COMFYUI_DIR", "~/ComfyUI")

    assert home.expand_home("~/me.jpg") == f"{tmp_path}/me.jpg"
    assert home.comfyui_dir() == tmp_path / "ComfyUI"
    for path in ("", "me.jpg", "a/~/b", "s3://a/~", "~nobody-is-called-so/x"):
        assert home.expand_home(path) == path
