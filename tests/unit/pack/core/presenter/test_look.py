# ruff: noqa: RUF001 (letters of other languages)
from collections import Counter

import pytest
from comfyui_talkingshorts.core.presenter.look import OPTIONS, choose_look, explain_unknown_words, read_prompt
from comfyui_talkingshorts.core.script.portrait_prompt import write_portrait_prompt


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


GLASSES = {"round", "square", "thin"}
LONG = {"long_straight", "long_wavy", "curly_long", "ponytail"}


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("ein Mann mit Bart", {"presentation": {"man"}, "beard": {"full"}}),
        ("ein alter Mann mit Vollbart und Hornbrille", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        (
            "Brillenträgerin mit langen roten Haaren",
            {"presentation": {"woman"}, "glasses": GLASSES, "hair_color": {"red"}},
        ),
        ("blauäugige Blondine", {"eye_color": {"blue"}, "hair_color": {"blond", "honey"}}),
        ("rothaarige junge Frau ohne Brille", {"hair_color": {"red"}, "age": {"young"}, "glasses": {"none"}}),
        ("ein Mann ohne Bart und Brille", {"beard": {"none"}, "glasses": {"none"}}),
        ("ein Mann ohne Haare", {"hair_style": {"bald"}}),
        ("een oude man met een baard en bril", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        ("vrouw met krullend haar zonder bril", {"presentation": {"woman"}, "glasses": {"none"}}),
        ("une femme avec des lunettes", {"presentation": {"woman"}, "glasses": GLASSES}),
        (
            "femme sans lunettes aux longs cheveux noirs",
            {"glasses": {"none"}, "hair_style": LONG, "hair_color": {"black"}},
        ),
        (
            "homme aux yeux verts, pull bleu",
            {"eye_color": {"green"}, "outfit": {"sweater"}, "outfit_color": {"navy", "sky"}},
        ),
        ("un anciano", {"presentation": {"man"}, "age": {"old"}}),
        ("una anciana con gafas", {"presentation": {"woman"}, "age": {"old"}, "glasses": GLASSES}),
        ("hombre calvo sin barba con camisa azul", {"hair_style": {"bald"}, "beard": {"none"}, "outfit": {"shirt"}}),
        ("un uomo con la barba e gli occhiali", {"presentation": {"man"}, "beard": {"full"}, "glasses": GLASSES}),
        (
            "uma mulher loira de óculos",
            {"presentation": {"woman"}, "hair_color": {"blond", "honey"}, "glasses": GLASSES},
        ),
        ("пожилой мужчина с бородой без очков", {"age": {"old"}, "beard": {"full"}, "glasses": {"none"}}),
        ("літній чоловік з бородою", {"presentation": {"man"}, "age": {"old"}, "beard": {"full"}}),
        ("一个戴眼镜的老人", {"age": {"old"}, "glasses": GLASSES}),
        ("没有胡子的年轻男人", {"presentation": {"man"}, "age": {"young"}, "beard": {"none"}}),
        ("长发女人，红色毛衣", {"hair_style": LONG, "outfit": {"sweater"}, "outfit_color": {"red"}}),
        ("眼鏡をかけた若い女性", {"presentation": {"woman"}, "age": {"young"}, "glasses": GLASSES}),
        ("眼鏡をかけていない老人", {"age": {"old"}, "glasses": {"none"}}),
        ("ひげのない男性", {"presentation": {"man"}, "beard": {"none"}}),
        ("안경을 쓴 할아버지", {"presentation": {"man"}, "age": {"old"}, "glasses": GLASSES}),
        ("수염 없는 남자", {"presentation": {"man"}, "beard": {"none"}}),
        ("رجل مسن بلحية ونظارات", {"presentation": {"man"}, "age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        ("امرأة بدون نظارة", {"presentation": {"woman"}, "glasses": {"none"}}),
        ("امرأة ترتدي حجابا", {"presentation": {"woman"}, "hair_style": {"hijab"}}),
        ("پیرمردی با عینک", {"presentation": {"man"}, "age": {"old"}, "glasses": GLASSES}),
        ("चश्मे वाला बूढ़ा आदमी", {"presentation": {"man"}, "age": {"old"}, "glasses": GLASSES}),
        ("बिना दाढ़ी वाला आदमी", {"presentation": {"man"}, "beard": {"none"}}),
        ("גבר עם זקן ומשקפיים", {"presentation": {"man"}, "beard": {"full"}, "glasses": GLASSES}),
        ("ηλικιωμένη γυναίκα με γυαλιά", {"presentation": {"woman"}, "age": {"old"}, "glasses": GLASSES}),
        ("ชายแก่ใส่แว่น", {"presentation": {"man"}, "age": {"old"}, "glasses": GLASSES}),
        ("தாடியுடன் ஆண்", {"presentation": {"man"}, "beard": {"full"}}),
        ("starszy mężczyzna z brodą i w okularach", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        (
            "młoda kobieta z długimi blond włosami, bez okularów",
            {"hair_color": {"blond", "honey"}, "glasses": {"none"}},
        ),
        ("starý muž s brýlemi a vousy", {"presentation": {"man"}, "beard": {"full"}, "glasses": GLASSES}),
        ("idős nő szemüveggel, rövid ősz haj", {"presentation": {"woman"}, "glasses": GLASSES, "hair_color": {"grey"}}),
        ("fiatal férfi szakáll nélkül", {"presentation": {"man"}, "age": {"young"}, "beard": {"none"}}),
        ("un bărbat în vârstă cu barbă și ochelari", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        ("sakallı gözlüklü yaşlı bir adam", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        ("gözlüksüz genç kadın", {"presentation": {"woman"}, "age": {"young"}, "glasses": {"none"}}),
        ("en gammal man med skägg och glasögon", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        ("en ung kvinne med briller uten hår", {"presentation": {"woman"}, "glasses": GLASSES, "hair_style": {"bald"}}),
        ("vanha partainen mies silmälasit päässä", {"age": {"old"}, "beard": {"full"}, "glasses": GLASSES}),
        ("người đàn ông già có râu đeo kính", {"presentation": {"man"}, "beard": {"full"}, "glasses": GLASSES}),
        ("wanita muda berhijab tanpa kacamata", {"hair_style": {"hijab"}, "glasses": {"none"}}),
        ("starszy mężczyzna z brodą bez okularów", {"presentation": {"man"}, "beard": {"full"}, "glasses": {"none"}}),
        ("mladá žena s brýlemi", {"presentation": {"woman"}, "age": {"young"}, "glasses": GLASSES}),
        ("szakállas férfi szemüveg nélkül", {"presentation": {"man"}, "beard": {"full"}, "glasses": {"none"}}),
        ("un bărbat bătrân cu ochelari", {"presentation": {"man"}, "age": {"old"}, "glasses": GLASSES}),
        ("gözlüklü yaşlı kadın", {"presentation": {"woman"}, "age": {"old"}, "glasses": GLASSES}),
        ("sakalsız genç adam", {"presentation": {"man"}, "age": {"young"}, "beard": {"none"}}),
        ("en gammal man med skägg", {"presentation": {"man"}, "age": {"old"}, "beard": {"full"}}),
        ("en kvinne uten briller", {"presentation": {"woman"}, "glasses": {"none"}}),
        ("parrakas mies ilman silmälaseja", {"presentation": {"man"}, "beard": {"full"}, "glasses": {"none"}}),
        ("một người đàn ông có râu", {"presentation": {"man"}, "beard": {"full"}}),
        ("seorang wanita tua berkacamata", {"presentation": {"woman"}, "age": {"old"}, "glasses": GLASSES}),
        ("no beard or glasses", {"beard": {"none"}, "glasses": {"none"}}),
        ("a woman without freckles", {"freckles": {"no"}}),
    ],
)
def test_words_of_any_language_that_scripts_may_have_count(prompt: str, said: dict[str, set[str]]) -> None:
    wishes = read_prompt(prompt)
    assert {field: set(wishes.get(field, ())) for field in said} == said
    assert explain_unknown_words(prompt) is None


def test_each_clause_is_read_in_its_own_language() -> None:
    prompt = "ein Mann mit Bart, facing the camera, soft even light, plain neutral background, photograph"
    assert read_prompt(prompt) == read_prompt("a man with a beard, plain neutral background")
    assert explain_unknown_words(prompt) is None


@pytest.mark.parametrize(
    "prompt",
    [
        "a person with a pull cart",
        "a human being",
        "die Mannschaft",
        "a mandarin orange salad",
        "gründlich",
        "ein Wegweiser",
    ],
)
def test_a_word_inside_another_one_does_not_count(prompt: str) -> None:
    assert read_prompt(prompt).keys() <= {"outfit_color"}


def test_words_that_the_drawing_does_not_know_are_told() -> None:
    assert explain_unknown_words("a man with a dog, and a tattoo") == (
        "The drawing doesn't know these words: dog, tattoo. The seed decides what they leave open."
    )
    assert "hund" in (explain_unknown_words("eine Frau mit Hund") or "")
    assert "猫" in (explain_unknown_words("一个有猫的女人") or "")
    assert "and 3 more" in (explain_unknown_words("cat dog cow pig hen rat fox bat owl ape elk") or "")


@pytest.mark.parametrize(
    "script", ["", "I bake bread in my kitchen.", "I'm a nurse.", "My wife and I travel. I am 70."]
)
def test_nothing_is_told_of_the_prompt_that_a_script_makes(script: str) -> None:
    assert explain_unknown_words(write_portrait_prompt(script)) is None
