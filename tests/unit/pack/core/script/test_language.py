from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.script.language import detect_language, has_more_foreign_words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What do you want to say today?", "en-us"),
        ("Déjà vu, a café on La Rambla", "en-us"),
        ("12345", "en-us"),
        ("El perro que vive en la casa no come por la noche", "es"),
        ("Je ne sais pas ce que vous faites dans la maison", "fr"),
        ("Das ist nicht der Hund, den ich mit dir gesehen habe", "de"),
        ("我每天都去学校", "cmn"),
        ("がっこうにいきます", "ja"),
        ("나는 학교에 갑니다", "ko"),
        ("Я хожу в школу", "ru"),
        ("Я їжджу до школи", "uk"),
        ("أذهب إلى المدرسة", "ar"),
        ("मैं स्कूल जाता हूँ", "hi"),
        ("Πηγαίνω στο σχολείο", "el"),
        ("我用iPhone和ChatGPT", "cmn"),
        ("The word 你好 has two letters", "en-us"),
    ],
)
def test_the_writing_tells_the_language(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "surroundings", "language"),
    [
        ("Das kostet 5 €", "de", "de"),
        ("12345", "cmn", "cmn"),
        ("OK, Google", "cmn", "en-us"),
        ("This is the one that you want", "de", "en-us"),
        ("Привет", "de", "ru"),
    ],
)
def test_the_surroundings_tell_what_a_text_leaves_open(text: str, surroundings: str, language: str) -> None:
    assert detect_language(text, surroundings) == language


@pytest.mark.parametrize(
    ("text", "is_foreign"),
    [
        ("der krieg war lang.", True),
        ("the war was long.", False),
        ("war", False),
        ("la guerra", True),
        ("c'est la vie, he said to the man", False),
    ],
)
def test_one_function_word_tells_a_foreign_text(text: str, is_foreign: bool) -> None:
    assert has_more_foreign_words(text) == is_foreign
