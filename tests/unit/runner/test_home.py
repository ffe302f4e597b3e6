import sys
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_installed_on_its_own_the_runner_keeps_to_the_users_data_folder(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: None)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/users/me"))
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    assert Path("/users/me") in home.home_dir().parents
    assert home.base_dir() == home.home_dir() / "base"


def test_a_named_home_holds_the_base_directory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_HOME", "mine")

    assert home.home_dir() == tmp_path / "mine"
    assert home.base_dir() == tmp_path / "mine" / "base"


def test_the_users_own_comfyui_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_DIR", "comfy")
    monkeypatch.setenv("COMFYUI_PYTHON", "bin/python")

    assert home.comfyui_dir() == tmp_path / "comfy"
    assert home.comfyui_python() == tmp_path / "bin" / "python"
