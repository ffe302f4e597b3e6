"""Tiny models that all tests of the pack share: written once, and never to be changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, load_vibevoice
from support.tiny.s2v import write_tiny_speech_models
from support.tiny.talking_models import load_models
from support.tiny.vibevoice import write_tiny_vibevoice
from support.tiny.wan import write_tiny_talking_models


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model that ends by itself after 12 frames."""
    return write_tiny_vibevoice(tmp_path_factory.mktemp("vibevoice"), dtype="float32")


@pytest.fixture(scope="session")
def tiny_vibevoice(tiny_folder: Path) -> VibeVoice:
    """Return the loaded model. A test that changes its weights loads one of its own from tiny_folder."""
    return load_vibevoice(tiny_folder, "fp32")


@pytest.fixture(scope="session")
def talking_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what ComfyUI's loaders give for tiny Wan and InfiniteTalk models, by the folder each is in."""
    models_dir = tmp_path_factory.mktemp("talking_models")
    write_tiny_talking_models(models_dir)
    return load_models(models_dir)


@pytest.fixture(scope="session")
def speech_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what ComfyUI's loaders give for a tiny Wan S2V and all that it works with, by the folder each is in."""
    models_dir = tmp_path_factory.mktemp("speech_models")
    write_tiny_speech_models(models_dir)
    return load_models(models_dir)
