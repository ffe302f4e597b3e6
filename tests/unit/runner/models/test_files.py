"""Where model files are found: as the managed ComfyUI does, in the first folder that has one of the name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from talkingshorts import home
from talkingshorts.models.files import LocalModel, find_model, hash_file, model_roots, nearest_folder, part_path
from talkingshorts.shipped.models import ModelFile

VAE = ModelFile("a.safetensors", "https://models.invalid/a", "vae", 4, None, ("best",), "MIT")
DIFFUSION = ModelFile("d.safetensors", "https://models.invalid/d", "diffusion_models", 4, None, ("best",), "MIT")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TALKINGSHORTS_HOME", "COMFYUI_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(home, "checkout_dir", lambda: tmp_path / "checkout")
    return tmp_path / "checkout"


def write(path: Path, content: bytes = b"abcd") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_file_that_is_nowhere_belongs_into_the_first_folder(tmp_path: Path) -> None:
    path = tmp_path / "first" / "vae" / "a.safetensors"

    assert find_model(VAE, [tmp_path / "first", tmp_path / "second"]) == LocalModel(VAE, path, "missing", 0)


def test_a_file_in_any_folder_is_present(tmp_path: Path) -> None:
    path = write(tmp_path / "second" / "vae" / "a.safetensors")

    assert find_model(VAE, [tmp_path / "first", tmp_path / "second"]) == LocalModel(VAE, path, "present", 4)


def test_a_file_of_another_size_is_told_from_a_whole_one(tmp_path: Path) -> None:
    path = write(tmp_path / "vae" / "a.safetensors", b"abc")

    assert find_model(VAE, [tmp_path]) == LocalModel(VAE, path, "wrong size", 3)


def test_the_first_of_two_counts_since_comfyui_takes_it(tmp_path: Path) -> None:
    write(tmp_path / "first" / "vae" / "a.safetensors", b"abc")
    write(tmp_path / "second" / "vae" / "a.safetensors")

    assert find_model(VAE, [tmp_path / "first", tmp_path / "second"]).status == "wrong size"


def test_a_file_under_way_is_partial(tmp_path: Path) -> None:
    path = tmp_path / "vae" / "a.safetensors"
    write(part_path(path), b"ab")

    assert find_model(VAE, [tmp_path]) == LocalModel(VAE, path, "partial", 2)


def test_the_former_names_of_comfyuis_folders_count_too(tmp_path: Path) -> None:
    path = write(tmp_path / "unet" / "d.safetensors")

    assert find_model(DIFFUSION, [tmp_path]) == LocalModel(DIFFUSION, path, "present", 4)


def test_downloads_go_to_the_managed_comfyui_and_shared_volumes_count(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path / "own"))
    write(checkout / "extra_model_paths.yaml", b"# base_path: /no\nshared:\n  base_path: /models\n  vae: vae\n")

    assert model_roots() == [
        checkout / ".comfyui" / "base" / "models",
        tmp_path / "own" / "models",
        Path("/models"),
    ]


def test_a_home_of_its_own_sees_the_models_of_the_checkout(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))

    assert model_roots() == [
        tmp_path / "home" / "base" / "models",
        checkout / ".comfyui" / "ComfyUI" / "models",
        checkout / ".comfyui" / "base" / "models",
    ]


def test_a_folder_that_may_not_be_entered_has_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, here = tmp_path / "closed", write(tmp_path / "open" / "vae" / "a.safetensors")
    closed.mkdir()
    look = os.stat

    def refuse(path: str | Path, **options: bool) -> os.stat_result:
        if closed in Path(path).parents:
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, **options)

    monkeypatch.setattr(os, "stat", refuse)

    assert find_model(VAE, [closed, tmp_path / "open"]) == LocalModel(VAE, here, "present", 4)
    assert find_model(VAE, [closed]).status == "missing"
    assert nearest_folder(closed / "vae") == closed


def test_a_hash_is_taken_in_steps_that_come_to_the_whole_file(tmp_path: Path) -> None:
    steps: list[int] = []

    digest = hash_file(write(tmp_path / "a", bytes(5 << 20)), steps.append)

    assert digest == "c036cbb7553a909f8b8877d4461924307f27ecb66cff928eeeafd569c3887e29"
    assert sum(steps) == 5 << 20
    assert len(steps) > 1
