"""Prices, quantities, and yes or no, as feeds write them."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from app.catalog.problems import InvalidProduct, shown

MOST = Decimal(1_000_000_000)
"""The highest price that is not taken for a mistake: a very dear thing in Vietnamese dong."""

CURRENCY = re.compile(r"[A-Z]{3}")

_PRICE = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20}|,[0-9]{1,2})?")
"""With a comma only where it cannot set thousands apart: 9,99 is a price, 1,234 may be two."""

_GROUPED = (
    r"(-?[0-9]{1,3}(?:(?P<apart>[., '\u2019])[0-9]{3})(?:(?P=apart)[0-9]{3}){0,2})"
    r"(?:(?!(?P=apart))[.,]([0-9]{1,2}))?"
)
"""With thousands set apart: 1.234,50 or 1 234. Alone 1,234 may be a thousand, or a little more.

It is compiled when it is needed.
"""

_COMMAS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_MAYBE_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")
_WITHOUT_CENTS = frozenset(["JPY", "KRW"])
"""Currencies in which 1,200 cannot be a little more than one."""

_OF_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "LYD", "OMR", "TND"])
"""Currencies in which 1.250 is a price; in others it may be a thousand and a quarter.

Nobody has counted in thousandths of Iraq's dinar for decades, although ISO 4217 does.
"""

_SIGNS = """
USD US$ $/AUD $/CAD $/NZD $/SGD $/HKD $/MXN $/BRL R$/EUR €/GBP £/JPY ¥ 円/CNY ¥/INR ₹/SEK kr/NOK kr
DKK kr/PLN zł/CZK Kč/HUF Ft/TRY ₺/KRW ₩/ILS ₪/THB ฿
"""
"""What spreadsheets put before or behind an amount in a currency, beside its code."""

_SIGNS_OF = {entry.split()[0]: entry.split() for entry in re.split("[/\\n]", _SIGNS.strip())}

_QUANTITY = re.compile(r"([+-]?[0-9]{1,9})(?:[.,]0{1,2})?")
"""Spreadsheets and scripts write whole numbers as 7,0 and 7.0; 7.000 may be thousands."""

_SEPARATORS = str.maketrans({"\u066b": ".", "\u066c": "'", "\u2212": "-"})
"""Arabic ones, and the minus sign."""

_CENT, _THOUSANDTH = Decimal("0.01"), Decimal("0.001")
_PAIRS = """
true/false yes/no y/n 1/0 1.0/0.0 1,0/0,0 wahr/falsch ja/nein vrai/faux oui/non verdadero/falso
sí/no si/no vero/falso verdadeiro/falso sim/não waar/onwaar ja/nee sant/falskt ja/nej sand/falsk
sann/usann ja/nei tosi/epätosi kyllä/ei prawda/fałsz tak/nie pravda/nepravda ano/ne áno/nie
igaz/hamis igen/nem adevărat/fals da/nu doğru/yanlış doğru/yanliş evet/hayır evet/hayir
αληθησ/ψευδησ αληθεσ/ψευδεσ ναι/όχι ναι/οχι истина/ложь да/нет істина/хибність так/ні вярно/не
tõene/väär jah/ei patiess/aplams jā/nē istina/laž はい/いいえ 真/偽 真/假 是/否 예/아니요 네/아니오
참/거짓 نعم/لا صحيح/خطأ כן/לא אמת/שקר ใช่/ไม่ใช่ จริง/เท็จ đúng/sai có/không benar/salah ya/tidak
हाँ/नहीं सत्य/असत्य on/off active/inactive aktiv/inaktiv actif/inactif activo/inactivo attivo/inattivo
ein/aus cert/fals egia/faltsua satt/ósatt tačno/netačno točno/netočno тачно/нетачно точно/неточно
درست/نادرست بله/خیر benar/palsu вкл/выкл ✓/✗ ✔/✘ ☑/☐
"""  # noqa: RUF001
"""What spreadsheets make of TRUE and FALSE in their languages, and people of yes and no."""

_AROUND = "'=(). "
"""What a spreadsheet leaves of a formula, and of a cell that was to be text."""

_YES, _NO = map(frozenset, zip(*(pair.split("/") for pair in _PAIRS.split()), strict=True))


def price(value: object, name: str = "price", currency: str = "") -> Decimal:
    """Return a price in hundredths, or thousandths of a dinar; 0 is that of what is given away.

    Raises:
        InvalidProduct: no number, one or a thousand times as much, negative, above MOST, or so
            small that it would read as free.
    """
    number = value if isinstance(value, Decimal) and value.is_finite() else None
    if isinstance(value, str):
        text = _amount(_western(value), currency)
        if currency in _WITHOUT_CENTS and _COMMAS.fullmatch(text):
            text = text.replace(",", "")
        number = Decimal(text.replace(",", ".")) if _PRICE.fullmatch(text) else _grouped(text)
        if currency not in _OF_THOUSANDTHS and _MAYBE_THOUSANDS.fullmatch(text):
            raise InvalidProduct(f"{name} {shown(value)!r} may be thousands")
    if number is None:
        raise InvalidProduct(f"{name} {shown(value)!r} is not a number")
    if number.is_signed():
        raise InvalidProduct(f"{name} is negative")
    if number > MOST:
        raise InvalidProduct(f"{name} is above {MOST}")
    least = _THOUSANDTH if currency in _OF_THOUSANDTHS else _CENT
    rounded = number.quantize(least, ROUND_HALF_UP)
    if number and not rounded:
        raise InvalidProduct(f"{name} is less than {least}")
    return rounded


def _amount(text: str, currency: str) -> str:
    """Return a price without the sign or the code of its own currency, as `$1,299.00` has one."""
    for sign in _SIGNS_OF.get(currency, filter(None, [currency])):
        bare = text.removeprefix(sign) if text.startswith(sign) else text.removesuffix(sign)
        if bare != text:
            return bare.strip()
    return text


def quantity(text: str) -> int:
    """Return how many there are; oversold is none.

    Raises:
        InvalidProduct: it is no whole number.
    """
    number = _western(text)
    whole = _QUANTITY.fullmatch(number)
    counted = Decimal(whole[1]) if whole else _grouped(number)
    if counted is None or counted != counted.to_integral_value():
        raise InvalidProduct(f"quantity {shown(text)!r} is not a whole number")
    return max(int(counted), 0)


def flag(text: str, name: str) -> bool:
    """Return whether it says yes, in any language that we know.

    Raises:
        InvalidProduct: it says neither yes nor no.
    """
    word = unicodedata.normalize("NFKC", text).casefold().strip(_AROUND)
    if word in _YES or word in _NO:
        return word in _YES
    raise InvalidProduct(f"{name} {shown(text)!r} is neither yes nor no")


def _grouped(text: str) -> Decimal | None:
    """Return a number whose thousands are set apart, None where it may be another."""
    found = re.fullmatch(_GROUPED, text)
    if found is None:
        return None
    whole, apart, cents = found.groups()
    if cents is None and apart in ".," and whole.count(apart) == 1:
        return None
    return Decimal(f"{whole.replace(apart, '')}.{cents or 0}")


def _western(text: str) -> str:
    """Return a number with the digits and the decimal point that are read here."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text).translate(_SEPARATORS)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in plain)
