"""A null in JSON is an empty text, not a word."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.null_text import drop_null


@pytest.mark.parametrize("text", [str(None), " None\n"])
def test_what_comfyui_makes_of_a_null_is_empty(text: str) -> None:
    assert drop_null(text) == ""


@pytest.mark.parametrize("text", ["None.", "none", "None of it.", "Nonesuch", "", " Hi "])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert drop_null(text) == text
