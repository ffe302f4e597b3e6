import pytest
from comfyui_talkingshorts.core.portrait_prompt import write_portrait_prompt


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
