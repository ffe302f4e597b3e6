# ruff: noqa: RUF001 (dashes and punctuation of other languages)
from __future__ import annotations

import pytest
from comfyui_talkingshorts.engines.speech.spoken_words import spell_out


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It costs $5.99.", "It costs five dollars and ninety-nine cents."),
        ("$5M, $3.2bn, €1.5k", "five million dollars, three point two billion dollars, one point five thousand euros"),
        ("£2 million or 99¢", "two million pounds or ninety-nine cents"),
        ("$9.99/month", "nine dollars and ninety-nine cents per month"),
        ("2.5M views", "two point five million views"),
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("1st, 22nd, #1", "first, twenty-second, number one"),
        ("50% off, 3/4 cup", "fifty percent off, three quarters cup"),
        ("2 + 2 = 4", "two plus two equals four"),
        ("~5 minutes, 18+", "about five minutes, eighteen plus"),
        ("24/7, 9/11, 50/50, 70/30", "twenty four seven, nine eleven, fifty fifty, seventy thirty"),
        ("4.8/5, 5/5 stars", "four point eight out of five, five out of five stars"),
    ],
)
def test_numbers_and_money_are_words(written: str, spoken: str) -> None:
    assert spell_out(written, "en-us") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("12/25/2024", "December twenty-fifth, twenty twenty-four"),
        ("25/12/24", "December twenty-fifth, twenty twenty-four"),
        ("2024-12-25", "December twenty-fifth, twenty twenty-four"),
        ("Jan. 5, 2024", "January fifth, twenty twenty-four"),
        ("15 March 2024", "fifteenth March twenty twenty-four"),
        ("1999 was fine.", "nineteen ninety-nine was fine."),
        ("1914-18", "nineteen fourteen to eighteen"),
        ("the 1990s, the '90s, my 20s", "the nineteen nineties, the nineties, my twenties"),
        ("at 10:30 a.m. Then", "at ten thirty a m. Then"),
        ("9am-5pm, 14:05", "nine a m to five p m, fourteen oh five"),
        ("13/13/2024", "thirteen/thirteen/two thousand twenty-four"),
    ],
)
def test_dates_and_times_are_words(written: str, spoken: str) -> None:
    assert spell_out(written, "en-us") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("10-20 people", "ten to twenty people"),
        ("$10-20M, $10–$20", "ten to twenty million dollars, ten to twenty dollars"),
        ("5-10%, 5%-10%", "five to ten percent, five percent to ten percent"),
        ("24-7, 9-5", "twenty-four-seven, nine to five"),
        ("-5 degrees, 0.5 -5", "minus five degrees, zero point five minus five"),
        ("call 555-1234", "call five five five, one two three four"),
        ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
        ("1-800-555-0199", "one, eight zero zero, five five five, zero one nine nine"),
        ("100-2000", "one hundred to two thousand"),
    ],
)
def test_a_dash_is_told_by_what_it_joins(written: str, spoken: str) -> None:
    assert spell_out(written, "en-us") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("60fps, 1 fps", "sixty frames per second, one frame per second"),
        ("2 hrs 30 mins", "two hours thirty minutes"),
        ("C# @ home", "C sharp at home"),
        ("5 km/h, 20 °C, 16GB", "five kilometers per hour, twenty degrees Celsius, sixteen gigabytes"),
        ("1500 km", "one thousand five hundred kilometers"),
        ("5 ft. 3 in. tall", "five feet three inches tall"),
        ("5'3\" tall", "five foot three tall"),
        ("1080p, 640x480", "ten eighty p, six hundred forty by four hundred eighty"),
        ("F-16, v2.0", "F sixteen, version two point zero"),
        ("Dr. Smith vs. Mr. Jones, etc.", "Doctor Smith versus Mister Jones, et cetera."),
        ("No. 5, no. Really.", "Number five, no. Really."),
        ("https://example.com/a?b=1, or", "example dot com slash a question mark b equals one, or"),
        ("Visit http://www.example.org/.", "Visit www dot example dot org."),
        ("Mail a.b@c.com.", "Mail a dot b at c dot com."),
        ("youtube.com and Node.js", "youtube dot com and Node.js"),
        ("Thanks @ann", "Thanks at ann"),
    ],
)
def test_units_abbreviations_and_addresses_are_words(written: str, spoken: str) -> None:
    assert " ".join(spell_out(written, "en-us").split()) == spoken


@pytest.mark.parametrize(
    "text",
    ["What do you want to say today?", 'Wait... what?! "Quotes" (and brackets); naïve café.', "A PhD in AI, GPT", ""],
)
@pytest.mark.parametrize("language", ["en-us", "de", "cmn", "fr"])
def test_words_and_punctuation_stay_as_typed(text: str, language: str) -> None:
    assert spell_out(text, language) == text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("am 3.5.2024 um 14:30 Uhr", "am dritten Mai zweitausendvierundzwanzig um vierzehn Uhr dreißig"),
        ("3,50 € für 1.500 Leute", "drei Euro fünfzig Cent für eintausendfünfhundert Leute"),
        ("10-20 km, z. B. 5 %", "zehn bis zwanzig Kilometer, zum Beispiel fünf Prozent"),
        ("die F-16", "die F sechzehn"),
        ("1999 war gut", "neunzehnhundertneunundneunzig war gut"),
    ],
)
def test_german_is_spelled_out(written: str, spoken: str) -> None:
    assert spell_out(written, "de") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("今天是2024年1月5日，14:30。", "今天是二零二四年一月五日，十四点三十分。"),
        ("共20个，50%", "共二十个，百分之五十"),
        ("价格是$5.99", "价格是五点九九美元"),
        ("10-20人", "十到二十人"),
        ("电话13812345678", "电话幺三八幺二三四五六七八"),
        ("300，1,234元", "三百， 一千二百三十四元"),
        ("我用GPT-4", "我用GPT 四"),
        ('他说"3个"', '他说"三个"'),
        ("１２个", "十二个"),
    ],
)
def test_chinese_is_spelled_out(written: str, spoken: str) -> None:
    assert spell_out(written, "cmn") == spoken


def test_a_long_chinese_text_without_a_stop_keeps_every_character() -> None:
    assert spell_out("今天有3个" * 100 + "1" * 500, "cmn").count("今天有三个") == 100


def test_digits_of_all_writings_are_read() -> None:
    assert spell_out("٢²日3).1٢٣", "en-us").startswith("two squared")


def test_in_other_languages_digits_stay_and_signs_of_number_words_go() -> None:
    assert spell_out("Le n° #1 coûte ~5 €", "fr") == "Le n°  1 coûte  5 €"
