import pytest
from comfyui_talkingshorts.core.presenter.look import read_prompt
from comfyui_talkingshorts.core.script.speaker import describe_speaker

ANYONE = "a friendly presenter in a plain dark sweater"


@pytest.mark.parametrize(
    ("script", "speaker"),
    [
        ("I am a doctor. Let me tell you about my car.", "a calm doctor in a white coat"),
        ("I\u2019m a nurse.", "a calm nurse in a white coat"),
        ("As a father of two, I never sleep.", "a friendly father in a plain dark sweater"),
        ("As a grandmother, I know.", "a friendly grandmother in a plain dark sweater"),
        ("I'm a mother. And as an engineer I like numbers.", "a focused female engineer in a hoodie"),
        ("My husband and I love pasta recipes.", "a cheerful female chef in a white jacket"),
        ("My wife and I travel.", "a relaxed male traveller in a light jacket"),
        ("My husband met my wife.", ANYONE),
        ("I'm a retired teacher.", "a kind older teacher in a light shirt"),
        ("I am 70 years old.", "a friendly older presenter in a plain dark sweater"),
        ("I'm a 45-year-old lawyer.", "a confident middle-aged lawyer in a navy suit"),
        ("I'm 19, and happy.", "a friendly young presenter in a plain dark sweater"),
    ],
)
def test_what_speakers_say_of_themselves_decides(script: str, speaker: str) -> None:
    assert describe_speaker(script) == speaker


@pytest.mark.parametrize(
    "script",
    [
        "I am not a doctor.",
        "As a doctor's son I know.",
        "I'm a big fan of this teacher.",
        "As a result, as a rule, as a matter of fact.",
        "I'm 5 minutes late, and 100% sure.",
        "She says that her mother is a pilot.",
    ],
)
def test_what_is_said_of_others_or_denied_does_not(script: str) -> None:
    assert describe_speaker(script) == ANYONE


@pytest.mark.parametrize(
    ("script", "role"),
    [
        ("Baking cookies is easy.", "chef"),
        ("We run a business.", "business person"),
        ("Stars shine, planets turn.", "science presenter"),
        ("She trained every day, running and stretching.", "trainer"),
        ("Countries and their histories: two kings, one empire.", "historian"),
        ("今天我们来做菜。", "chef"),
    ],
)
def test_words_of_a_topic_count_in_every_form(script: str, role: str) -> None:
    assert role in describe_speaker(script)


@pytest.mark.parametrize(
    "script",
    [
        "She's a movie star.",
        "Be a role model.",
        "Download my app.",
        "Run!",
        "Good news!",
        "Don't lose your patience.",
        "",
    ],
)
def test_one_word_that_only_looks_like_a_topic_tells_none(script: str) -> None:
    assert describe_speaker(script) == ANYONE


@pytest.mark.parametrize(
    "script",
    [
        "Das war heute in der Bank, und die Software ist da.",
        "Je suis dans la cuisine et la sauce.",
        "Hola, ¿qué tal?",
        "안녕",
    ],
)
def test_words_of_other_languages_are_not_taken_for_english_ones(script: str) -> None:
    assert describe_speaker(script) == ANYONE


def test_small_changes_of_a_script_leave_the_speaker_as_it_was() -> None:
    assert describe_speaker("Today I bake a cake in my oven!") == describe_speaker(
        "Today, I baked two cakes in an oven."
    )


def test_gender_and_age_are_left_open_unless_the_script_tells_them() -> None:
    open_words = read_prompt(describe_speaker("I am a doctor."))
    assert not {"presentation", "age"} & open_words.keys()
    told = read_prompt(describe_speaker("My husband and I are happy. I'm 70 years old."))
    assert (told["presentation"], told["age"]) == (("woman",), ("old",))
