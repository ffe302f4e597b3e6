# ruff: noqa: RUF001 (the letters of other languages)
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
        ("価格は1,200円です", "ja"),
        ("葛城市と葛飾区", "ja"),
        ("我很喜欢吃日本人做的优の良品这种零食", "cmn"),
        ("Müller trägt größere Schuhe über Paß.", "de"),
        ("¿Cómo estás?", "es"),
        ("Il coûte dix mille euros ; c’est cher !", "fr"),
        ("Perché non è così?", "it"),
        ("Olá, tudo bem? Não sei o que você quer.", "pt"),
        ("Goedemorgen, hoe gaat het met je?", "nl"),
        ("Dzień dobry, jak się masz?", "pl"),
        ("Dobrý den, jak se máte?", "cs"),
        ("Jó napot kívánok, hogy van?", "hu"),
        ("Bună ziua, ce mai faceți?", "ro"),
        ("İyi günler, nasılsınız? Bugün hava çok güzel.", "tr"),
        ("God dag, hur mår du? Det är fint väder.", "sv"),
        ("God dag, hvordan har du det?", "nb"),
        ("Hyvää päivää, mitä kuuluu?", "fi"),
        ("Xin chào, bạn có khỏe không?", "vi"),
        ("Selamat pagi, apa kabar? Saya suka ini.", "id"),
        ("The naïve fiancé's résumé", "en-us"),
        ("Beyoncé, Renée Zellweger & José González", "en-us"),
        ("Erdoğan met Şahin in İzmir", "en-us"),
        ("São Paulo, Brazil's biggest city", "en-us"),
        ("Buy now. Free shipping. Limited offer.", "en-us"),
        ("Can you see a van? Is it on fire? Mi casa.", "en-us"),
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
