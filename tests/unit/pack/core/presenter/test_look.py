from collections import Counter

import pytest
from comfyui_talkingshorts.core.presenter.look import OPTIONS, choose_look, read_prompt


def test_the_same_prompt_and_seed_give_the_same_look() -> None:
    assert choose_look("a friendly woman", 7) == choose_look("a friendly woman", 7)


def test_the_seed_decides_what_the_prompt_leaves_open() -> None:
    looks = [choose_look("woman with glasses", seed) for seed in range(12)]
    assert len(set(looks)) == 12
    assert all(look.presentation == "woman" and look.glasses != "none" for look in looks)


def test_chance_gives_every_option_of_skin_and_nearly_every_hair_style() -> None:
    looks = [choose_look("", seed) for seed in range(400)]
    assert {look.skin for look in looks} == set(OPTIONS["skin"])
    assert len({look.hair_style for look in looks}) >= 15
    share = Counter(look.presentation for look in looks)["woman"] / 400
    assert 0.4 < share < 0.6


@pytest.mark.parametrize(
    ("prompt", "field", "allowed"),
    [
        ("a woman", "presentation", {"woman"}),
        ("old man", "age", {"old"}),
        ("a young girl", "age", {"young"}),
        ("bearded man", "beard", {"full"}),
        ("man with a moustache", "beard", {"moustache"}),
        ("a bald man", "hair_style", {"bald"}),
        ("blonde woman", "hair_color", {"blond", "honey"}),
        ("long red hair", "hair_color", {"red"}),
        ("curly hair", "hair_style", {"curly_long", "curly_short", "afro"}),
        ("woman with short brown hair", "hair_style", {"bob", "pixie"}),
        ("long red hair", "hair_style", {"long_straight", "long_wavy", "curly_long", "ponytail"}),
        ("short curly hair", "hair_style", {"curly_short"}),
        ("dark skin", "skin", {"brown", "deep", "ebony"}),
        ("man in a suit", "outfit", {"suit"}),
        ("a red hoodie", "outfit", {"hoodie"}),
        ("a red hoodie", "outfit_color", {"red"}),
        ("woman wearing a hijab", "hair_style", {"hijab"}),
        ("blue background", "backdrop_color", {"blue"}),
        ("in her office", "backdrop", {"office"}),
        ("city at night", "backdrop", {"night"}),
        ("green eyes and blue jacket", "eye_color", {"green"}),
        ("no glasses", "glasses", {"none"}),
        ("a man without beard", "beard", {"none"}),
        ("an old man, no glasses", "glasses", {"none"}),
        ("a man without a beard, no glasses, bald", "glasses", {"none"}),
        ("a man without a beard, with glasses", "glasses", {"round", "square", "thin"}),
    ],
)
def test_a_word_beats_chance(prompt: str, field: str, allowed: set[str]) -> None:
    assert {getattr(choose_look(prompt, seed), field) for seed in range(30)} <= allowed


def test_a_word_changes_what_it_names_and_leaves_the_rest_of_the_person() -> None:
    plain, bespectacled = choose_look("", 5), choose_look("glasses", 5)
    changed = {field for field in OPTIONS if getattr(plain, field) != getattr(bespectacled, field)}
    assert changed <= {"glasses"}


def test_colours_belong_to_the_noun_that_follows() -> None:
    wishes = read_prompt("Woman with red hair, blue eyes and a green sweater, white background")
    assert wishes["hair_color"] == ("red",)
    assert wishes["eye_color"] == ("blue",)
    assert wishes["outfit_color"] == ("forest",)
    assert wishes["backdrop_color"] == ("white",)


def test_unknown_words_in_any_script_are_left_alone() -> None:
    assert read_prompt("日本語 été 12345 \U0001f600 %s {} <b>") == {}
