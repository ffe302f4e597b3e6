"""The commonest forms of writing, by language, as people say them. Numbers stay: the voice knows those."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.engines.speech.sign_words import SIGN_WORDS
from comfyui_talkingshorts.engines.speech.written_forms import rewrite_forms

FORMS = (
    "31.12.2024",
    "9:30",
    "14:00",
    "10%",
    "€5.99",
    "1 €",
    "$20",
    "20 °C",
    "50 km/h",
    "½",
    "5-1=4",
    "-5",
    "16:9",
    "24/7",
    "#1",
    "me@mail.com",
)
SAID = {
    "fr": "31 décembre 2024|9 heures 30|14 heures|10 pour cent|5 euros 99|1 euro|20 dollars|20 degrés|"
    "50 kilomètres à l'heure|un demi|5 moins 1 égale 4|moins 5|16 sur 9|24 7|numéro 1|me arobase mail point com",
    "es": "31 de diciembre de 2024|9 y 30|14 horas|10 por ciento|5 euros 99|1 euro|20 dólares|20 grados|"
    "50 kilómetros por hora|medio|5 menos 1 es igual a 4|menos 5|16 a 9|24 7|número 1|me arroba mail punto com",
    "it": "31 dicembre 2024|9 e 30|14|10 per cento|5 euro 99|1 euro|20 dollari|20 gradi|50 chilometri all'ora|mezzo|"
    "5 meno 1 uguale 4|meno 5|16 a 9|24 7|numero 1|me chiocciola mail punto com",
    "pt": "31 de dezembro de 2024|9 e 30|14 horas|10 por cento|5 euros 99|1 euro|20 dólares|20 graus|"
    "50 quilômetros por hora|meio|5 menos 1 é igual a 4|menos 5|16 por 9|24 7|número 1|me arroba mail ponto com",
    "nl": "31 december 2024|9 uur 30|14 uur|10 procent|5 euro 99|1 euro|20 dollar|20 graden|50 kilometer per uur|"
    "een half|5 min 1 is 4|min 5|16 op 9|24 7|nummer 1|me apenstaartje mail punt com",
    "ru": "31 декабря 2024 года|9 30|14 часов|10 процентов|5 евро 99|1 евро|20 долларов|20 градусов|"
    "50 километров в час|половина|5 минус 1 равно 4|минус 5|16 на 9|24 7|номер 1|me собака mail точка com",
    "pl": "31 grudnia 2024|9 30|14|10 procent|5 euro 99|1 euro|20 dolarów|20 stopni|50 kilometrów na godzinę|pół|"
    "5 minus 1 równa się 4|minus 5|16 do 9|24 7|numer 1|me małpa mail kropka com",
    "sv": "31 december 2024|9 och 30|14|10 procent|5 euro 99|1 euro|20 dollar|20 grader|50 kilometer i timmen|en halv|"
    "5 minus 1 är lika med 4|minus 5|16 till 9|24 7|nummer 1|me snabel-a mail punkt com",
    "vi": "ngày 31 tháng 12 năm 2024|9 giờ 30|14 giờ|10 phần trăm|5 euro 99|1 euro|20 đô la|20 độ|50 ki lô mét một giờ|"
    "một nửa|5 trừ 1 bằng 4|trừ 5|16 trên 9|24 7|số 1|me a còng mail chấm com",
    "ja": "2024ねん12がつ31にち|9じ30ふん|14じ|10 パーセント|5 ユーロ 99|1 ユーロ|20 ドル|20 ど|"
    "50 キロメートルまいじ|にぶんのいち|5 マイナス 1 イコール 4|マイナス 5|16 たい 9|24 7|ナンバー 1|"
    "me アットマーク mail ドット com",
    "ko": "2024년 12월 31일|9시 30분|14시|10 퍼센트|5 유로 99|1 유로|20 달러|20 도|50 킬로미터|이분의 일|"
    "5 마이너스 1 은 4|마이너스 5|16 대 9|24 7|번호 1|me 골뱅이 mail 점 com",
    "ar": "31 ديسمبر 2024|9:30|14:00|10 بالمئة|5 يورو 99|1 يورو|20 دولار|20 درجة|50 كيلومتر في الساعة|نصف|"
    "5 ناقص 1 يساوي 4|ناقص 5|16 إلى 9|24 7|رقم 1|me آت mail نقطة com",
    "hi": "31 दिसंबर 2024|9 बजकर 30 मिनट|14 बजे|10 प्रतिशत|5 यूरो 99|1 यूरो|20 डॉलर|20 डिग्री|"
    "50 किलोमीटर प्रति घंटा|आधा|5 माइनस 1 बराबर 4|माइनस 5|16 अनुपात 9|24 7|नंबर 1|me ऐट mail डॉट com",
}
CASES = [
    (language, written, spoken)
    for language, said in SAID.items()
    for written, spoken in zip(FORMS, said.split("|"), strict=True)
]


@pytest.mark.parametrize(("language", "written", "spoken"), CASES)
def test_the_commonest_forms_are_said_as_people_say_them(language: str, written: str, spoken: str) -> None:
    assert rewrite_forms(written, SIGN_WORDS[language]) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("+1 555 010 9999", "plus 1, 5 5 5, 0 1 0, 9 9 9 9"),
        ("+15550109999", "plus 1 5 5 5, 0 1 0 9, 9 9 9"),
        ("+44 20 7946 0958", "plus 4 4, 2 0, 7 9 4 6, 0 9 5 8"),
        ("+44 (0)20 7946 0958", "plus 4 4, 0, 2 0, 7 9 4 6, 0 9 5 8"),
        ("(555) 010-9999", "5 5 5, 0 1 0, 9 9 9 9"),
        ("0170 1234567", "0 1 7 0, 1 2 3 4, 5 6 7"),
        ("06 12 34 56 78", "0 6, 1 2, 3 4, 5 6, 7 8"),
    ],
)
def test_a_phone_number_is_said_digit_by_digit(written: str, spoken: str) -> None:
    assert rewrite_forms(written, SIGN_WORDS["es"]).replace("más", "plus") == spoken
    assert rewrite_forms(written, SIGN_WORDS["en-us"]) == spoken


@pytest.mark.parametrize(
    ("language", "written", "spoken"),
    [
        ("fr", "le 01/05/2024", "le 1er mai 2024"),
        ("fr", "05/2024", "05/2024"),
        ("fr", "1.5.2024", "1er mai 2024"),
        ("es", "1,234.5 y 1.234,5", "1234,5 y 1.234,5"),
        ("ja", "1.234,5", "1234.5"),
        ("ru", "1 $, 2 $, 5 $, 21 $", "1 доллар, 2 доллара, 5 долларов, 21 доллар"),
        ("pl", "1 zł, 2 zł, 5 zł, 21 zł, 22 zł", "1 złoty, 2 złote, 5 złotych, 21 złotych, 22 złote"),
        ("ru", "11 ₽, 12 ₽, 22 ₽", "11 рублей, 12 рублей, 22 рубля"),
        ("nl", "3 min", "3 minuten"),
        ("fr", "9h30", "9 heures 30"),
        ("es", "n.º 5, nº 5, núm. 5", "número 5, número 5, número 5"),
        ("it", "1½", "1 e mezzo"),
        ("de", "www.a-b.de/x", "www Punkt a Minus b Punkt de Schrägstrich x"),
    ],
)
def test_each_language_has_its_own_ways(language: str, written: str, spoken: str) -> None:
    assert rewrite_forms(written, SIGN_WORDS[language]) == spoken


@pytest.mark.parametrize("language", SIGN_WORDS)
@pytest.mark.parametrize(
    "text", ["5.5.5.5", "1.2", "a - b", "(5)", "MP3, A4, B-52", "99.99.9999", "12.345.678", "and/or", "Wait... 5", ""]
)
def test_what_no_rule_knows_stays_as_it_is(language: str, text: str) -> None:
    assert rewrite_forms(text, SIGN_WORDS[language]) == text


@pytest.mark.parametrize(
    ("language", "sign"), [(language, sign) for language, words in SIGN_WORDS.items() for sign in words.currencies]
)
def test_every_currency_is_said_by_its_name(language: str, sign: str) -> None:
    said = rewrite_forms(f"20 {sign}", SIGN_WORDS[language])

    assert any(name and name in said for name in SIGN_WORDS[language].currencies[sign])
