import pytest
from comfyui_talkingshorts.core.presenter.look import read_prompt
from comfyui_talkingshorts.core.script.portrait_prompt import TRAITS, write_portrait_prompt


@pytest.mark.parametrize("script", ["", "Bake the dish in a hot oven.", "你好", "!!!"])
def test_every_prompt_asks_for_a_face_that_can_be_animated(script: str) -> None:
    prompt = write_portrait_prompt(script)

    assert "facing the camera" in prompt
    assert "mouth visible and closed" in prompt
    assert "head and shoulders" in prompt
    assert "background" in prompt


def test_the_presenter_suits_the_script() -> None:
    assert "chef" in write_portrait_prompt("Today we bake a cake: a recipe from my kitchen.")
    assert "developer" in write_portrait_prompt("This Python code runs on a GPU.")


def test_the_users_words_come_first_and_are_kept() -> None:
    assert write_portrait_prompt("Bake a cake.", "an old sailor with a pipe").startswith("an old sailor with a pipe, ")


def test_what_the_user_settled_is_not_said_again() -> None:
    prompt = write_portrait_prompt("", "A photo of a smiling woman in front of a bookshelf, front view, close-up")

    assert "facing the camera" not in prompt
    assert "neutral background" not in prompt
    assert "photograph" not in prompt


def test_the_same_script_gives_the_same_prompt() -> None:
    assert write_portrait_prompt("Plant a tree.") == write_portrait_prompt("Plant a tree.")


def test_line_breaks_and_spaces_in_the_users_words_are_tidied() -> None:
    assert write_portrait_prompt("", " a man,\n in a  hat. ").startswith("a man, in a hat, ")


CLOSED_MOUTH, PHOTOGRAPH = "mouth visible and closed", "photograph"
FACING, FRAMING, BACKGROUND = "facing the camera", "head and shoulders", "plain neutral background"
EXPRESSION, LIGHT = "natural expression", "soft even light"


@pytest.mark.parametrize(
    ("words", "contradiction"),
    [
        ("a woman, side view", FACING),
        ("a man in profile", FACING),
        ("a man, not facing the camera", FACING),
        ("eine Frau im Profil", FACING),
        ("una mujer de perfil", FACING),
        ("一个女人的侧脸", FACING),
        ("a dancer, full body", FRAMING),
        ("a man smiling with teeth", CLOSED_MOUTH),
        ("a laughing girl", CLOSED_MOUTH),
        ("a surgeon with a face mask", CLOSED_MOUTH),
        ("eine lächelnde Frau", CLOSED_MOUTH),
        ("微笑的男人", CLOSED_MOUTH),
        ("an angry man", EXPRESSION),
        ("a man at night", LIGHT),
        ("a man in hard light", LIGHT),
        ("a man in the street", BACKGROUND),
        ("ein Mann, blauer Hintergrund", BACKGROUND),
        ("a watercolor of a man", PHOTOGRAPH),
        ("a man, not a photo", PHOTOGRAPH),
    ],
)
def test_nothing_is_added_that_contradicts_the_users_words(words: str, contradiction: str) -> None:
    assert write_portrait_prompt("", words).startswith(f"{words}")
    assert contradiction not in write_portrait_prompt("", words).removeprefix(words)


@pytest.mark.parametrize(
    ("words", "trait"),
    [
        ("a woman, no smile", CLOSED_MOUTH),
        ("a woman without a smile", EXPRESSION),
        ("a man with light brown hair", LIGHT),
        ("a woman, no background", BACKGROUND),
        ("a woman, no glasses", FACING),
        ("a good looking man", FACING),
        ("ein Mann ohne Hintergrund", BACKGROUND),
    ],
)
def test_what_the_user_denies_or_only_seems_to_settle_is_still_added(words: str, trait: str) -> None:
    assert trait in write_portrait_prompt("", words)


def test_no_glasses_stay_no_glasses_for_the_drawn_presenter_too() -> None:
    assert read_prompt(write_portrait_prompt("", "an old man, no glasses"))["glasses"] == ("none",)


def test_words_without_content_are_no_description() -> None:
    assert write_portrait_prompt("Hi.", " ...\n") == write_portrait_prompt("Hi.")


def test_control_characters_are_dropped_and_weights_are_kept() -> None:
    assert write_portrait_prompt("", "a (bald:1.2)\x00\u200b\nman").startswith("a (bald:1.2) man, ")


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("a man with a very long beard " * 200, 1400),
        ("长胡子的男人" * 200, 400),
        (f"{'男' * 400},{'男' * 200}", 400),
        (f"男 {'人' * 398},{'男' * 200}", 400),
        ("beard" * 400, 1400),
    ],
)
def test_long_words_are_cut_so_that_the_traits_still_reach_the_model(words: str, most: int) -> None:
    prompt = write_portrait_prompt("", words)
    kept = prompt.removesuffix("".join(f", {trait.words}" for trait in TRAITS))
    assert kept != prompt
    assert words.startswith(kept)
    assert most * 0.8 < len(kept) <= most


def test_who_speaks_is_read_from_a_script_without_its_markup() -> None:
    assert write_portrait_prompt("\ufeff<p>I&#8217;m a **nurse**.</p>") == write_portrait_prompt("I'm a nurse.")
