from pathlib import Path

import pytest
from support.checkout import ROOT
from talkingshorts import home
from talkingshorts.shipped import data


def test_in_a_checkout_the_shipped_files_are_its_own() -> None:
    assert data.shipped_dir() == ROOT
    assert data.pack_dir() == ROOT / "custom_nodes" / "comfyui_talkingshorts"
    assert data.shared_models_file() == ROOT / "extra_model_paths.yaml"


def test_installed_on_its_own_the_program_has_them_beside_its_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: None)

    assert data.shipped_dir() == Path(data.__file__).parent / "files"
    assert data.pack_dir() == Path(data.__file__).parent / "files" / "custom_nodes" / "comfyui_talkingshorts"
