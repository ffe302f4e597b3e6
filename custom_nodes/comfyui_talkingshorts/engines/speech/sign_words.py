# ruff: noqa: RUF001 (letters of other languages)
"""What signs, units, currencies and months are called, by language: data for written_forms.py.

English, German and Chinese have little here: their libraries know the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SignWords:
    """The words of one language.

    `date` and `time` are formats of day, month (its name; `number` is its number), year, and of hour and minute; empty
    where the language's library reads them. `full_hour` is for an hour without minutes. Where `month_first`, 5/6/2024
    is a day in May. `groups_by_comma` tells 1,234.5 from 1.234,5. `currencies` are words for one and for many, with
    those for two to four between them in Slavic languages; with `one_after_tens`, 21 takes the word for one.
    """

    address: Mapping[str, str]
    number: str
    plus: str = ""
    minus: str = ""
    times: str = ""
    divided: str = ""
    signs: Mapping[str, str] = field(default_factory=dict)
    to: str = ""
    ratio: str = ""
    space: str = " "
    date: str = ""
    first_of_month: str | int = 1
    months: tuple[str, ...] = ()
    time: str = ""
    full_hour: str = ""
    month_first: bool = False
    groups_by_comma: bool = False
    fractions: Mapping[str, str] = field(default_factory=dict)
    and_fraction: str = ""
    currencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one_after_tens: bool = False
    units: Mapping[str, str] = field(default_factory=dict)


def _signs(equals: str, greater: str, less: str, at_least: str, at_most: str, **others: str) -> dict[str, str]:
    """Return the words for = > < and their like, and for others by name."""
    names = {"percent": "%", "unequal": "≠", "about": "≈", "more": "more", "fewer": "fewer"}
    found = {names[name]: word for name, word in others.items()}
    return {"=": equals, ">": greater, "<": less, "≥": at_least, "≤": at_most, **found}


def _address(at: str, dot: str, slash: str, dash: str, underscore: str, **others: str) -> dict[str, str]:
    names = {"colon": ":", "ampersand": "&", "question": "?", "equals": "=", "percent": "%", "plus": "+", "hash": "#"}
    found = {names[name]: word for name, word in others.items()}
    return {"@": at, ".": dot, "/": slash, "-": dash, "_": underscore, **found}


def _fractions(half: str, quarter: str, three_quarters: str, third: str, two_thirds: str) -> dict[str, str]:
    return {"½": half, "¼": quarter, "¾": three_quarters, "⅓": third, "⅔": two_thirds}


def _months(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _units(words: str) -> dict[str, str]:
    """Return the words of `km: kilómetros; kg: kilos`."""
    return dict(entry.strip().split(": ", 1) for entry in words.split(";"))


SIGN_WORDS: dict[str, SignWords] = {
    "en-us": SignWords(
        signs=_signs(
            "equals",
            "is greater than",
            "is less than",
            "is at least",
            "is at most",
            unequal="is not equal to",
            about="is about",
            more="more than",
            fewer="less than",
        ),
        to="to",
        ratio="to",
        number="number",
        plus="plus",
        minus="minus",
        times="times",
        divided="divided by",
        address=_address(
            "at",
            "dot",
            "slash",
            "dash",
            "underscore",
            colon="colon",
            ampersand="and",
            question="question mark",
            equals="equals",
            percent="percent",
            plus="plus",
            hash="hash",
        ),
        date="{year}-{number:02}-{day:02}",
        months=("",) * 12,
        month_first=True,
        groups_by_comma=True,
    ),
    "de": SignWords(
        signs=_signs(
            "gleich",
            "ist größer als",
            "ist kleiner als",
            "ist mindestens",
            "ist höchstens",
            unequal="ungleich",
            about="ungefähr",
            more="mehr als",
            fewer="weniger als",
        ),
        to="bis",
        ratio="zu",
        number="Nummer",
        plus="plus",
        minus="minus",
        times="mal",
        divided="geteilt durch",
        address=_address("at", "Punkt", "Schrägstrich", "Minus", "Unterstrich"),
    ),
    "cmn": SignWords(
        number="第",
        plus="加",
        address=_address("艾特", "点", "斜杠", "横杠", "下划线"),
        space="",
        groups_by_comma=True,
        fractions=_fractions("二分之一", "四分之一", "四分之三", "三分之一", "三分之二"),
    ),
    "fr": SignWords(
        signs=_signs(
            "égale",
            "est supérieur à",
            "est inférieur à",
            "est au moins",
            "est au plus",
            percent="pour cent",
            more="plus de",
            fewer="moins de",
        ),
        plus="plus",
        to="à",
        ratio="sur",
        number="numéro",
        minus="moins",
        times="fois",
        divided="divisé par",
        address=_address("arobase", "point", "slash", "tiret", "tiret bas"),
        date="{day} {month} {year}",
        first_of_month="1er",
        months=_months("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        time="{hour} heures {minute}",
        full_hour="{hour} heures",
        fractions=_fractions("un demi", "un quart", "trois quarts", "un tiers", "deux tiers"),
        and_fraction="et",
        currencies={
            "€": ("euro", "euros"),
            "$": ("dollar", "dollars"),
            "£": ("livre", "livres"),
            "¥": ("yen", "yens"),
            "₹": ("roupie", "roupies"),
        },
        units=_units(
            "km/h: kilomètres à l'heure; °C: degrés; °F: degrés Fahrenheit; km: kilomètres; cm: centimètres; "
            "mm: millimètres; m²: mètres carrés; m: mètres; kg: kilos; g: grammes; ml: millilitres; l: litres; "
            "min: minutes; h: heures; Go: gigaoctets; Mo: mégaoctets"
        ),
    ),
    "es": SignWords(
        signs=_signs(
            "es igual a",
            "es mayor que",
            "es menor que",
            "es al menos",
            "es como mucho",
            percent="por ciento",
            more="más de",
            fewer="menos de",
        ),
        plus="más",
        to="a",
        ratio="a",
        number="número",
        minus="menos",
        times="por",
        divided="entre",
        address=_address("arroba", "punto", "barra", "guion", "guion bajo"),
        date="{day} de {month} de {year}",
        months=_months("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        time="{hour} y {minute}",
        full_hour="{hour} horas",
        fractions=_fractions("medio", "un cuarto", "tres cuartos", "un tercio", "dos tercios"),
        and_fraction="y",
        currencies={
            "€": ("euro", "euros"),
            "$": ("dólar", "dólares"),
            "£": ("libra", "libras"),
            "¥": ("yen", "yenes"),
            "₹": ("rupia", "rupias"),
        },
        units=_units(
            "km/h: kilómetros por hora; °C: grados; °F: grados Fahrenheit; km: kilómetros; cm: centímetros; "
            "mm: milímetros; m²: metros cuadrados; m: metros; kg: kilos; g: gramos; ml: mililitros; l: litros; "
            "min: minutos; h: horas; GB: gigas; MB: megas"
        ),
    ),
    "it": SignWords(
        signs=_signs(
            "uguale",
            "è maggiore di",
            "è minore di",
            "è almeno",
            "è al massimo",
            percent="per cento",
            more="più di",
            fewer="meno di",
        ),
        plus="più",
        to="a",
        ratio="a",
        number="numero",
        minus="meno",
        times="per",
        divided="diviso",
        address=_address("chiocciola", "punto", "barra", "trattino", "trattino basso"),
        date="{day} {month} {year}",
        first_of_month="primo",
        months=_months("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        time="{hour} e {minute}",
        full_hour="{hour}",
        fractions=_fractions("mezzo", "un quarto", "tre quarti", "un terzo", "due terzi"),
        and_fraction="e",
        currencies={
            "€": ("euro", "euro"),
            "$": ("dollaro", "dollari"),
            "£": ("sterlina", "sterline"),
            "¥": ("yen", "yen"),
            "₹": ("rupia", "rupie"),
        },
        units=_units(
            "km/h: chilometri all'ora; °C: gradi; °F: gradi Fahrenheit; km: chilometri; cm: centimetri; "
            "mm: millimetri; m²: metri quadrati; m: metri; kg: chili; g: grammi; ml: millilitri; l: litri; "
            "min: minuti; h: ore; GB: giga; MB: mega"
        ),
    ),
    "pt": SignWords(
        signs=_signs(
            "é igual a",
            "é maior que",
            "é menor que",
            "é pelo menos",
            "é no máximo",
            percent="por cento",
            more="mais de",
            fewer="menos de",
        ),
        plus="mais",
        to="a",
        ratio="por",
        number="número",
        minus="menos",
        times="vezes",
        divided="dividido por",
        address=_address("arroba", "ponto", "barra", "hífen", "sublinhado"),
        date="{day} de {month} de {year}",
        months=_months("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        time="{hour} e {minute}",
        full_hour="{hour} horas",
        fractions=_fractions("meio", "um quarto", "três quartos", "um terço", "dois terços"),
        and_fraction="e",
        currencies={
            "R$": ("real", "reais"),
            "€": ("euro", "euros"),
            "$": ("dólar", "dólares"),
            "£": ("libra", "libras"),
            "¥": ("iene", "ienes"),
            "₹": ("rupia", "rupias"),
        },
        units=_units(
            "km/h: quilômetros por hora; °C: graus; °F: graus Fahrenheit; km: quilômetros; cm: centímetros; "
            "mm: milímetros; m²: metros quadrados; m: metros; kg: quilos; g: gramas; ml: mililitros; l: litros; "
            "min: minutos; h: horas; GB: gigas; MB: megas"
        ),
    ),
    "nl": SignWords(
        signs=_signs(
            "is",
            "is groter dan",
            "is kleiner dan",
            "is minstens",
            "is hoogstens",
            percent="procent",
            more="meer dan",
            fewer="minder dan",
        ),
        plus="plus",
        to="tot",
        ratio="op",
        number="nummer",
        minus="min",
        times="keer",
        divided="gedeeld door",
        address=_address("apenstaartje", "punt", "slash", "streepje", "laag streepje"),
        date="{day} {month} {year}",
        months=_months("januari februari maart april mei juni juli augustus september oktober november december"),
        time="{hour} uur {minute}",
        full_hour="{hour} uur",
        fractions=_fractions("een half", "een kwart", "driekwart", "een derde", "twee derde"),
        and_fraction="en",
        currencies={
            "€": ("euro", "euro"),
            "$": ("dollar", "dollar"),
            "£": ("pond", "pond"),
            "¥": ("yen", "yen"),
            "₹": ("roepie", "roepies"),
        },
        units=_units(
            "km/h: kilometer per uur; °C: graden; °F: graden Fahrenheit; km: kilometer; cm: centimeter; "
            "mm: millimeter; m²: vierkante meter; m: meter; kg: kilo; g: gram; ml: milliliter; l: liter; "
            "min: minuten; GB: gigabyte; MB: megabyte"
        ),
    ),
    "ru": SignWords(
        signs=_signs(
            "равно",
            "больше",
            "меньше",
            "не меньше",
            "не больше",
            percent="процентов",
            more="больше",
            fewer="меньше",
        ),
        plus="плюс",
        to="до",
        ratio="на",
        number="номер",
        minus="минус",
        times="умножить на",
        divided="разделить на",
        address=_address("собака", "точка", "слэш", "дефис", "подчёркивание"),
        date="{day} {month} {year} года",
        months=_months("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
        time="{hour} {minute}",
        full_hour="{hour} часов",
        fractions=_fractions("половина", "четверть", "три четверти", "одна треть", "две трети"),
        and_fraction="и",
        currencies={
            "€": ("евро", "евро"),
            "$": ("доллар", "доллара", "долларов"),
            "£": ("фунт", "фунта", "фунтов"),
            "₽": ("рубль", "рубля", "рублей"),
            "¥": ("иена", "иены", "иен"),
            "₹": ("рупия", "рупии", "рупий"),
        },
        one_after_tens=True,
        units=_units(
            "км/ч: километров в час; km/h: километров в час; km: километров; kg: килограммов; cm: сантиметров; "
            "°C: градусов; км: километров; см: сантиметров; м²: квадратных метров; "
            "м: метров; кг: килограммов; г: граммов; мл: миллилитров; л: литров; мин: минут; ГБ: гигабайт"
        ),
    ),
    "ja": SignWords(
        signs=_signs("イコール", "大なり", "小なり", "以上", "以下", percent="パーセント"),
        plus="プラス",
        to="から",
        ratio="たい",
        number="ナンバー",
        minus="マイナス",
        times="かける",
        divided="わる",
        address=_address("アットマーク", "ドット", "スラッシュ", "ハイフン", "アンダーバー"),
        date="{year}ねん{number}がつ{day}にち",
        months=("",) * 12,
        time="{hour}じ{minute}ふん",
        full_hour="{hour}じ",
        groups_by_comma=True,
        fractions=_fractions("にぶんのいち", "よんぶんのいち", "よんぶんのさん", "さんぶんのいち", "さんぶんのに"),
        currencies={"€": ("ユーロ", "ユーロ"), "$": ("ドル", "ドル"), "£": ("ポンド", "ポンド"), "¥": ("えん", "えん")},
        units=_units(
            "km/h: キロメートルまいじ; °C: ど; km: キロメートル; cm: センチ; m: メートル; kg: キロ; g: グラム"
        ),
    ),
    "ko": SignWords(
        signs={"=": "은", "%": "퍼센트"},
        plus="플러스",
        to="에서",
        ratio="대",
        number="번호",
        minus="마이너스",
        times="곱하기",
        divided="나누기",
        address=_address("골뱅이", "점", "슬래시", "대시", "밑줄"),
        date="{year}년 {number}월 {day}일",
        months=("",) * 12,
        time="{hour}시 {minute}분",
        full_hour="{hour}시",
        groups_by_comma=True,
        fractions=_fractions("이분의 일", "사분의 일", "사분의 삼", "삼분의 일", "삼분의 이"),
        currencies={
            "€": ("유로", "유로"),
            "$": ("달러", "달러"),
            "£": ("파운드", "파운드"),
            "₩": ("원", "원"),
            "¥": ("엔", "엔"),
        },
        units=_units("km/h: 킬로미터; °C: 도; km: 킬로미터; cm: 센티미터; m: 미터; kg: 킬로그램; g: 그램"),
    ),
    "ar": SignWords(
        signs=_signs("يساوي", "أكبر من", "أصغر من", "على الأقل", "على الأكثر", percent="بالمئة"),
        plus="زائد",
        to="إلى",
        ratio="إلى",
        number="رقم",
        minus="ناقص",
        times="ضرب",
        divided="على",
        address=_address("آت", "نقطة", "شرطة مائلة", "شرطة", "شرطة سفلية"),
        date="{day} {month} {year}",
        months=_months("يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"),
        groups_by_comma=True,
        fractions=_fractions("نصف", "ربع", "ثلاثة أرباع", "ثلث", "ثلثان"),
        and_fraction="و",
        currencies={"€": ("يورو", "يورو"), "$": ("دولار", "دولار"), "£": ("جنيه", "جنيه")},
        units=_units("km/h: كيلومتر في الساعة; °C: درجة; km: كيلومتر; kg: كيلوغرام; m: متر; cm: سنتيمتر"),
    ),
    "hi": SignWords(
        signs={"=": "बराबर", "%": "प्रतिशत"},
        plus="प्लस",
        to="से",
        ratio="अनुपात",
        number="नंबर",
        minus="माइनस",
        times="गुणा",
        divided="भाग",
        address=_address("ऐट", "डॉट", "स्लैश", "डैश", "अंडरस्कोर"),
        date="{day} {month} {year}",
        months=_months("जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर"),
        time="{hour} बजकर {minute} मिनट",
        full_hour="{hour} बजे",
        groups_by_comma=True,
        fractions=_fractions("आधा", "चौथाई", "तीन चौथाई", "एक तिहाई", "दो तिहाई"),
        currencies={"€": ("यूरो", "यूरो"), "$": ("डॉलर", "डॉलर"), "£": ("पाउंड", "पाउंड"), "₹": ("रुपया", "रुपये")},
        units=_units("km/h: किलोमीटर प्रति घंटा; °C: डिग्री; km: किलोमीटर; kg: किलो; m: मीटर; cm: सेंटीमीटर"),
    ),
    "pl": SignWords(
        signs=_signs(
            "równa się",
            "jest większe niż",
            "jest mniejsze niż",
            "to co najmniej",
            "to najwyżej",
            percent="procent",
            more="ponad",
            fewer="poniżej",
        ),
        plus="plus",
        to="do",
        ratio="do",
        number="numer",
        minus="minus",
        times="razy",
        divided="podzielone przez",
        address=_address("małpa", "kropka", "ukośnik", "myślnik", "podkreślnik"),
        date="{day} {month} {year}",
        months=_months(
            "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"
        ),
        time="{hour} {minute}",
        full_hour="{hour}",
        fractions=_fractions("pół", "ćwierć", "trzy czwarte", "jedna trzecia", "dwie trzecie"),
        and_fraction="i",
        currencies={
            "€": ("euro", "euro"),
            "$": ("dolar", "dolary", "dolarów"),
            "£": ("funt", "funty", "funtów"),
            "zł": ("złoty", "złote", "złotych"),
        },
        units=_units("km/h: kilometrów na godzinę; °C: stopni; km: kilometrów; cm: centymetrów; kg: kilo"),
    ),
    "cs": SignWords(
        signs=_signs(
            "rovná se",
            "je větší než",
            "je menší než",
            "je alespoň",
            "je nejvýše",
            percent="procent",
            more="více než",
            fewer="méně než",
        ),
        plus="plus",
        to="až",
        ratio="ku",
        number="číslo",
        minus="minus",
        times="krát",
        divided="děleno",
        address=_address("zavináč", "tečka", "lomítko", "pomlčka", "podtržítko"),
        date="{day}. {month} {year}",
        months=_months("ledna února března dubna května června července srpna září října listopadu prosince"),
        time="{hour} hodin {minute}",
        full_hour="{hour} hodin",
        fractions=_fractions("půl", "čtvrt", "tři čtvrtě", "třetina", "dvě třetiny"),
        and_fraction="a",
        currencies={
            "€": ("euro", "eura", "eur"),
            "$": ("dolar", "dolary", "dolarů"),
            "£": ("libra", "libry", "liber"),
            "Kč": ("koruna", "koruny", "korun"),
        },
        units=_units("km/h: kilometrů za hodinu; °C: stupňů; km: kilometrů; cm: centimetrů; kg: kilo"),
    ),
    "uk": SignWords(
        signs=_signs(
            "дорівнює",
            "більше",
            "менше",
            "не менше",
            "не більше",
            percent="відсотків",
            more="більше",
            fewer="менше",
        ),
        plus="плюс",
        to="до",
        ratio="на",
        number="номер",
        minus="мінус",
        times="помножити на",
        divided="поділити на",
        address=_address("равлик", "крапка", "слеш", "дефіс", "підкреслення"),
        date="{day} {month} {year} року",
        months=_months("січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"),
        time="{hour} {minute}",
        full_hour="{hour} годин",
        fractions=_fractions("половина", "чверть", "три чверті", "одна третина", "дві третини"),
        and_fraction="і",
        currencies={
            "€": ("євро", "євро"),
            "$": ("долар", "долари", "доларів"),
            "₴": ("гривня", "гривні", "гривень"),
        },
        one_after_tens=True,
        units=_units("км/год: кілометрів на годину; °C: градусів; км: кілометрів; см: сантиметрів; кг: кілограмів"),
    ),
    "ro": SignWords(
        signs=_signs(
            "este egal cu",
            "este mai mare decât",
            "este mai mic decât",
            "este cel puțin",
            "este cel mult",
            percent="la sută",
            more="peste",
            fewer="sub",
        ),
        plus="plus",
        to="până la",
        ratio="la",
        number="numărul",
        minus="minus",
        times="ori",
        divided="împărțit la",
        address=_address("at", "punct", "slash", "cratimă", "liniuță jos"),
        date="{day} {month} {year}",
        months=_months(
            "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie"
        ),
        time="{hour} și {minute}",
        full_hour="{hour}",
        fractions=_fractions("jumătate", "un sfert", "trei sferturi", "o treime", "două treimi"),
        and_fraction="și",
        currencies={"€": ("euro", "euro"), "$": ("dolar", "dolari"), "£": ("liră", "lire"), "lei": ("leu", "lei")},
        units=_units("km/h: kilometri pe oră; °C: grade; km: kilometri; cm: centimetri; kg: kilograme"),
    ),
    "sv": SignWords(
        signs=_signs(
            "är lika med",
            "är större än",
            "är mindre än",
            "är minst",
            "är högst",
            percent="procent",
            more="mer än",
            fewer="mindre än",
        ),
        plus="plus",
        to="till",
        ratio="till",
        number="nummer",
        minus="minus",
        times="gånger",
        divided="delat med",
        address=_address("snabel-a", "punkt", "snedstreck", "bindestreck", "understreck"),
        date="{day} {month} {year}",
        months=_months("januari februari mars april maj juni juli augusti september oktober november december"),
        time="{hour} och {minute}",
        full_hour="{hour}",
        fractions=_fractions("en halv", "en fjärdedel", "tre fjärdedelar", "en tredjedel", "två tredjedelar"),
        and_fraction="och",
        currencies={"€": ("euro", "euro"), "$": ("dollar", "dollar"), "£": ("pund", "pund"), "kr": ("krona", "kronor")},
        units=_units("km/h: kilometer i timmen; °C: grader; km: kilometer; cm: centimeter; kg: kilo"),
    ),
    "nb": SignWords(
        signs=_signs(
            "er lik",
            "er større enn",
            "er mindre enn",
            "er minst",
            "er høyst",
            percent="prosent",
            more="mer enn",
            fewer="mindre enn",
        ),
        plus="pluss",
        to="til",
        ratio="til",
        number="nummer",
        minus="minus",
        times="ganger",
        divided="delt på",
        address=_address("krøllalfa", "punktum", "skråstrek", "bindestrek", "understrek"),
        date="{day}. {month} {year}",
        months=_months("januar februar mars april mai juni juli august september oktober november desember"),
        time="{hour} {minute}",
        full_hour="{hour}",
        fractions=_fractions("en halv", "en kvart", "tre kvart", "en tredel", "to tredeler"),
        and_fraction="og",
        currencies={"€": ("euro", "euro"), "$": ("dollar", "dollar"), "£": ("pund", "pund"), "kr": ("krone", "kroner")},
        units=_units("km/t: kilometer i timen; km/h: kilometer i timen; °C: grader; km: kilometer; kg: kilo"),
    ),
    "fi": SignWords(
        signs=_signs(
            "on yhtä kuin",
            "on suurempi kuin",
            "on pienempi kuin",
            "on vähintään",
            "on enintään",
            percent="prosenttia",
            more="yli",
            fewer="alle",
        ),
        plus="plus",
        ratio="suhde",
        number="numero",
        minus="miinus",
        times="kertaa",
        divided="jaettuna",
        address=_address("ät", "piste", "kauttaviiva", "viiva", "alaviiva"),
        date="{day}. {month} {year}",
        months=_months(
            "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
            "marraskuuta joulukuuta"
        ),
        time="{hour} {minute}",
        full_hour="{hour}",
        fractions=_fractions("puolikas", "neljännes", "kolme neljännestä", "kolmannes", "kaksi kolmannesta"),
        and_fraction="ja",
        currencies={"€": ("euro", "euroa"), "$": ("dollari", "dollaria"), "£": ("punta", "puntaa")},
        units=_units("km/h: kilometriä tunnissa; °C: astetta; km: kilometriä; cm: senttiä; kg: kiloa"),
    ),
    "hu": SignWords(
        signs=_signs(
            "egyenlő",
            "nagyobb mint",
            "kisebb mint",
            "legalább",
            "legfeljebb",
            percent="százalék",
            more="több mint",
            fewer="kevesebb mint",
        ),
        plus="plusz",
        ratio="arány",
        number="szám",
        minus="mínusz",
        times="szor",
        divided="osztva",
        address=_address("kukac", "pont", "per", "kötőjel", "alulvonás"),
        date="{year} {month} {day}",
        months=_months(
            "január február március április május június július augusztus szeptember október november december"
        ),
        time="{hour} óra {minute}",
        full_hour="{hour} óra",
        fractions=_fractions("fél", "negyed", "háromnegyed", "egyharmad", "kétharmad"),
        currencies={
            "€": ("euró", "euró"),
            "$": ("dollár", "dollár"),
            "£": ("font", "font"),
            "Ft": ("forint", "forint"),
        },
        units=_units("km/h: kilométer per óra; °C: fok; km: kilométer; cm: centi; kg: kiló"),
    ),
    "tr": SignWords(
        signs={"=": "eşittir"},
        plus="artı",
        ratio="bölü",
        number="numara",
        minus="eksi",
        times="çarpı",
        divided="bölü",
        address=_address("et", "nokta", "bölü", "tire", "alt tire"),
        date="{day} {month} {year}",
        months=_months("ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık"),
        time="{hour} {minute}",
        full_hour="{hour}",
        fractions=_fractions("yarım", "çeyrek", "dörtte üç", "üçte bir", "üçte iki"),
        currencies={"€": ("euro", "euro"), "$": ("dolar", "dolar"), "£": ("sterlin", "sterlin"), "₺": ("lira", "lira")},
        units=_units("km/h: kilometre bölü saat; °C: derece; km: kilometre; cm: santim; kg: kilo"),
    ),
    "vi": SignWords(
        signs=_signs(
            "bằng",
            "lớn hơn",
            "nhỏ hơn",
            "ít nhất",
            "nhiều nhất",
            percent="phần trăm",
            more="hơn",
            fewer="dưới",
        ),
        plus="cộng",
        to="đến",
        ratio="trên",
        number="số",
        minus="trừ",
        times="nhân",
        divided="chia",
        address=_address("a còng", "chấm", "gạch chéo", "gạch ngang", "gạch dưới"),
        date="ngày {day} tháng {number} năm {year}",
        months=("",) * 12,
        time="{hour} giờ {minute}",
        full_hour="{hour} giờ",
        fractions=_fractions("một nửa", "một phần tư", "ba phần tư", "một phần ba", "hai phần ba"),
        currencies={"€": ("euro", "euro"), "$": ("đô la", "đô la"), "₫": ("đồng", "đồng")},
        units=_units("km/h: ki lô mét một giờ; °C: độ; km: ki lô mét; cm: xăng ti mét; kg: ki lô"),
    ),
    "id": SignWords(
        signs=_signs(
            "sama dengan",
            "lebih besar dari",
            "lebih kecil dari",
            "paling sedikit",
            "paling banyak",
            percent="persen",
            more="lebih dari",
            fewer="kurang dari",
        ),
        plus="tambah",
        to="sampai",
        ratio="banding",
        number="nomor",
        minus="minus",
        times="kali",
        divided="dibagi",
        address=_address("at", "titik", "garis miring", "strip", "garis bawah"),
        date="{day} {month} {year}",
        months=_months("Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"),
        time="{hour} lewat {minute}",
        full_hour="{hour}",
        fractions=_fractions("setengah", "seperempat", "tiga perempat", "sepertiga", "dua pertiga"),
        currencies={"€": ("euro", "euro"), "$": ("dolar", "dolar"), "Rp": ("rupiah", "rupiah")},
        units=_units("km/h: kilometer per jam; °C: derajat; km: kilometer; cm: sentimeter; kg: kilo"),
    ),
}
