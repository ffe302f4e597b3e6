"""Find out from a script who speaks: what the speaker says of themselves first, then what the script is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .language import has_more_foreign_words


@dataclass(frozen=True)
class Topic:
    """Who presents a topic, and how one knows it.

    `roles` are those that may stand in `presenter`; the first does when the speaker claims none. Each of `words` tells
    the topic; `hints` have other meanings too, and tell it two at a time. `chinese` words are found within the text.
    """

    presenter: str
    roles: str
    words: str = ""
    hints: str = ""
    chinese: str = ""


ANYONE = Topic(
    "a friendly {} in a plain dark sweater",
    "presenter,mother,mom,mum,father,dad,parent,grandmother,grandma,granny,grandfather,grandpa,grandad,woman,man,lady,"
    "widow,widower,actor,actress,artist,painter,writer,author,designer,photographer,librarian,psychologist",
)
TOPICS = (
    Topic(
        "a cheerful {} in a white jacket",
        "chef,cook,baker,butcher,pastry chef",
        "cook recipe kitchen bake oven flavour flavor sauce ingredient cuisine dough simmer",
        "dish chef food hot taste boil pan dinner",
        "食谱 烹饪 做菜 厨房 烤箱",
    ),
    Topic(
        "a fit {} in a sports shirt",
        "trainer,coach,athlete,runner,yoga teacher,dancer",
        "workout fitness muscle gym squat dumbbell yoga",
        "training train exercise run stretch jog coach strength",
        "健身 肌肉 锻炼",
    ),
    Topic(
        "a calm {} in a white coat",
        "doctor,nurse,physician,surgeon,dentist,pharmacist,paramedic,therapist,midwife,vet,veterinarian",
        "medical symptom vitamin medicine disease vaccine diagnosis",
        "doctor health patient sleep pain treatment heart blood",
        "医生 健康 症状 维生素",
    ),
    Topic(
        "a focused {} in a hoodie",
        "software developer,developer,programmer,engineer,software engineer,data scientist,hacker,gamer",
        "software programming programmer coding gpu algorithm ai javascript database chatbot",
        "app model computer data developer python server bug code",
        "编程 代码 软件 人工智能",
    ),
    Topic(
        "a confident {} in a navy suit",
        "business person,businesswoman,businessman,lawyer,banker,founder,ceo,entrepreneur,manager,politician",
        "business invest investor startup profit revenue entrepreneur marketing shareholder inflation",
        "market stock money price bank sales customer company sell brand budget",
        "投资 创业 市场 股票",
    ),
    Topic(
        "a composed {} in a grey suit",
        "news anchor,journalist,reporter,anchorwoman,anchorman",
        "headline election parliament minister",
        "news today report breaking government president vote",
        "新闻 选举",
    ),
    Topic(
        "a curious {} in a plain shirt",
        "science presenter,scientist,physicist,biologist,chemist,astronomer,astronaut,researcher",
        "physics astronomy galaxy molecule atom quantum telescope chemistry spacecraft",
        "science planet star space experiment energy universe theory",
        "物理 宇宙 科学 行星",
    ),
    Topic(
        "a thoughtful {} in a tweed jacket",
        "historian,archaeologist,museum guide",
        "historian medieval pharaoh empire archaeology",
        "history century king queen war ancient museum emperor roman",
        "历史 帝国 古代",
    ),
    Topic(
        "a kind {} in a light shirt",
        "teacher,professor,tutor,student,pupil",
        "homework exam classroom pupil maths mathematics",
        "school learn lesson student teacher class grade",
        "作业 考试 课堂 老师",
    ),
    Topic(
        "a relaxed {} in a light jacket",
        "traveller,traveler,tour guide,travel guide,pilot,sailor",
        "travel itinerary airport passport tourist backpacker",
        "trip flight beach island hotel city mountain hike",
        "旅行 旅游 酒店",
    ),
    Topic(
        "a down-to-earth {} in a linen shirt",
        "gardener,farmer,florist,carpenter,plumber,electrician,mechanic,builder",
        "garden gardener compost seedling",
        "plant flower soil seed tree nature animal",
        "花园 种植 园艺",
    ),
    Topic(
        "an expressive {} in a black T-shirt",
        "musician,singer,guitarist,pianist,drummer,composer,dj",
        "guitar album melody orchestra piano drummer",
        "music song band concert singer sing chord",
        "音乐 吉他 歌曲",
    ),
)
_ROLES = {role: topic for topic in (*TOPICS, ANYONE) for role in topic.roles.split(",")}
_WOMEN = frozenset({"mother", "mom", "mum", "grandmother", "grandma", "granny", "woman", "lady", "widow", "actress"})
_MEN = frozenset({"father", "dad", "grandfather", "grandpa", "grandad", "man", "widower", "actor"})
_GENDERED = _WOMEN | _MEN | {"businesswoman", "businessman", "anchorwoman", "anchorman"}

# "I'm a 34-year-old single mother", "as a retired nurse"; not "I am not a doctor", nor "I'm a fan of this teacher".
_CLAIM = re.compile(
    r"\b(?:(?:i am|i'm|i work as|i've been|i have been) (?:an?|the|your)|(?:as|being) an?) "
    r"(?P<what>(?:(?!(?:of|for|to|at|and|with|in|that|who)\b)[\w-]+ ){0,3}?)"
    rf"(?P<role>{'|'.join(sorted(_ROLES, key=len, reverse=True))})\b(?!'s)"
)
_AGE = re.compile(r"\b(?:i am|i'm|as)(?: an?)? (\d{1,3})(?:[ -]years?[ -]old|(?=[,.!?;]|\s*$| and i\b))")
_AGE_WORDS = {
    "young": re.compile(r"\b(?:young|teenage|youthful)\b"),
    "middle-aged": re.compile(r"\bmiddle-aged\b"),
    "older": re.compile(r"\b(?:old|older|elderly|retired|senior)\b"),
}
# How most who speak of a husband or a wife look: a better guess than none, and a description of one's own beats it.
_SAYS_WOMAN = re.compile(r"\bmy (?:husband|boyfriend)\b|\bi(?: am|'m) pregnant\b")
_SAYS_MAN = re.compile(r"\bmy (?:wife|girlfriend)\b")


def describe_speaker(script: str) -> str:
    """Return who speaks the script, with article and clothes; what it doesn't tell (mostly gender, age) is left open.

    Small changes of a script rarely change the answer, and the same script always gets the same.
    """
    text = " ".join(script.lower().replace("\u2019", "'").split())
    claims = list(_CLAIM.finditer(text))
    roles = [claim["role"] for claim in claims]
    # "As a mother, and as a doctor": what one does shows more than whom one has.
    role = next((role for role in roles if _ROLES[role] is not ANYONE), next(iter(roles), ""))
    topic = _ROLES[role] if role else find_topic(text)
    role = role or topic.roles.partition(",")[0]
    age = _find_age(text, " ".join(claim["what"] for claim in claims))
    gender = "" if role in _GENDERED else _find_gender(text, roles)
    article, adjective, rest = topic.presenter.split(" ", 2)
    return " ".join([article, adjective, *filter(None, [age, gender]), rest.format(role)])


def find_topic(script: str) -> Topic:
    """Return the topic of which most words occur in the script; ANYONE when none is told clearly."""
    text = script.lower()
    words = set(re.findall(r"[^\W\d_]+", text))
    # Words of another language may look like English ones: "war" is German for "was".
    is_foreign = has_more_foreign_words(text)
    scores = [
        sum(2 for word in topic.chinese.split() if word in text)
        + (0 if is_foreign else 2 * _count(topic.words, words) + _count(topic.hints, words))
        for topic in TOPICS
    ]
    best = max(scores)
    return TOPICS[scores.index(best)] if best >= 2 else ANYONE


def _count(wanted: str, words: set[str]) -> int:
    return sum(not words.isdisjoint(_forms(word)) for word in wanted.split())


def _forms(word: str) -> set[str]:
    """Return an English word with its endings: bake, bakes, baked, baking; run, running; story, stories."""
    stem = word[:-1] if word.endswith(("e", "y")) else word
    endings = {"e": ("es", "ed", "ing"), "y": ("ies", "ied", "ying", "ys")}.get(word[-1], ("s", "es", "ed", "ing"))
    doubled = () if word[-1] in "aeiouywx" else (f"{word}{word[-1]}ing", f"{word}{word[-1]}ed")
    return {word, *(stem + ending for ending in endings), *doubled}


def _find_age(text: str, claims: str) -> str:
    if match := _AGE.search(text):
        years = int(match[1])
        return "young" if years < 35 else "middle-aged" if years < 60 else "older"
    return next((age for age, pattern in _AGE_WORDS.items() if pattern.search(claims)), "")


def _find_gender(text: str, roles: list[str]) -> str:
    is_woman = bool(_WOMEN.intersection(roles) or _SAYS_WOMAN.search(text))
    is_man = bool(_MEN.intersection(roles) or _SAYS_MAN.search(text))
    if is_woman == is_man:
        return ""
    return "female" if is_woman else "male"
