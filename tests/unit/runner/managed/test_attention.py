"""The managed ComfyUI is told which attention to compute with."""

from __future__ import annotations

import tomllib

import pytest
from support.checkout import ROOT
from talkingshorts.errors import UnreachableError
from talkingshorts.managed.attention import SAGE, list_attention_options


def test_comfyui_chooses_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALKINGSHORTS_ATTENTION", raising=False)

    assert list_attention_options() == []


def test_sageattention_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ATTENTION", "sage")

    assert list_attention_options() == ["--use-sage-attention"]


def test_another_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ATTENTION", "Sage")

    with pytest.raises(UnreachableError, match="TALKINGSHORTS_ATTENTION is 'Sage': set it to sage"):
        list_attention_options()


def test_the_extra_installs_the_version_that_doctor_names() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert extras["sage"] == [SAGE]
