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


def test_in_languages_without_words_for_them_digits_stay_and_signs_of_number_words_go() -> None:
    assert spell_out("Το n° #1 ~5 €", "el") == "Το n°  1  5 €"
    assert spell_out("Le n° #1 coûte ~5 €", "fr") == "Le n° numéro 1 coûte  5 euros"


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("at 9.30am or 9.30 p.m.", "at nine thirty a m or nine thirty p m."),
        ("31.12.2024", "December thirty-first, twenty twenty-four"),
        (
            "12/31/2024, 31/12/2024",
            "December thirty-first, twenty twenty-four, December thirty-first, twenty twenty-four",
        ),
        ("₹1,50,000, Rs. 500/- only", "one hundred fifty thousand rupees, five hundred rupees only"),
        ("12,34,567 views", "one million two hundred thirty-four thousand five hundred sixty-seven views"),
        ("USD 20, 20$, 20 USD", "twenty dollars, twenty dollars, twenty dollars"),
        ("$20 or 3.50$", "twenty dollars or three dollars and fifty cents"),
        ("Rs. 500, Rs 1,500, ₹20", "five hundred rupees, one thousand five hundred rupees, twenty rupees"),
        ("US$20, USD 5", "twenty dollars, five dollars"),
        ("I <3 you, <3 items", "I love you, less than three items"),
        (
            "3-1=2, 3 x 4 = 12, 10/2=5",
            "three minus one equals two, three times four equals twelve, ten divided by two equals five",
        ),
        ("5>3, 3 < 5, x ≥ 5", "five is greater than three, three is less than five, x is at least five"),
        (">5 people, <10 minutes", "more than five people, less than ten minutes"),
        (
            "1,234.5 and 1.234,5 and 12,5",
            "one thousand two hundred thirty-four point five and one thousand two hundred thirty-four point five and "
            "twelve point five",
        ),
        ("16:9, 3:1, 9:16", "sixteen to nine, three to one, nine sixteen"),
        ("'90s, the 90s, 90's, 1990s", "nineties, the nineties, nineties, nineteen nineties"),
        ("5 km/day, $5/week", "five kilometers per day, five dollars per week"),
        ("a 90s timer", "a ninety second timer"),
        ("90 mph", "ninety miles per hour"),
        ("1h 30m, 2:05:30", "one hour thirty minutes, two hours five minutes thirty seconds"),
        ("w/ milk, w/o sugar, §5", "with milk, without sugar, section five"),
        ("Mon-Fri, 1st-3rd", "Monday to Friday, first to third"),
        (".5, Nr. 5, COVID-19, MP3", "zero point five, Number five, COVID-nineteen, MP3"),
        ("call 911", "call nine one one"),
        ("1-800-FLOWERS", "one, eight zero zero, FLOWERS"),
        (
            "½, 1½, 20°C, 60 km/h, 10%",
            "one half, one and a half, twenty degrees Celsius, sixty kilometers per hour, ten percent",
        ),
    ],
)
def test_english_is_said_as_people_say_it(written: str, spoken: str) -> None:
    assert spell_out(written, "en-us") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("um 9.30 Uhr", "um neun Uhr dreißig"),
        ("€5.99 oder 5,99 €", "fünf Euro neunundneunzig Cent oder fünf Euro neunundneunzig Cent"),
        (
            "1,234.5 und 1.234,5",
            "eintausendzweihundertvierunddreißig Komma fünf und eintausendzweihundertvierunddreißig Komma fünf",
        ),
        ("die 90er und die 1990er", "die neunziger und die neunzehnhundertneunziger"),
        ("3-1=2, 5>3, 16:9", "drei minus eins gleich zwei, fünf ist größer als drei, sechzehn zu neun"),
        ("Nr. 5, S. 7, § 3", "Nummer fünf, Seite sieben, Paragraph drei"),
        ("ich@mail.de", "ich at mail Punkt de"),
        ("+49 30 1234567", "plus vier neun, drei null, eins zwei drei vier, fünf sechs sieben"),
    ],
)
def test_german_is_said_as_people_say_it(written: str, spoken: str) -> None:
    assert spell_out(written, "de") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("3-1=2，5>3，16:9", "三减一等于二， 五大于三， 十六比九"),
        ("½杯，1,234.5元", "二分之一杯，一千二百三十四点五元"),
        ("#1，No. 5", "第一，第五"),
        ("a@b.com", "a艾特b点com"),
        ("+86 138 1234 5678", "加八 六, 一 三 八, 一 二 三 四, 五 六 七 八"),
    ],
)
def test_chinese_is_said_as_people_say_it(written: str, spoken: str) -> None:
    assert spell_out(written, "cmn") == spoken
