"""The reader's language, and numbers, money and days as that language writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial
from typing import Any

import pandas as pd
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from cockpit.web.scenario_speech import said_fault, said_kind, said_note, said_step, said_why
from cockpit.web.speech import said_meaning, said_sentence
from cockpit.web.words import MESSAGES, say, translate
from cockpit.wording import is_known
from optimization.export_language import Language
from optimization.plain_words import MOST_COVER_DAYS

LANGUAGE_COOKIE = "language"
UNKNOWN = "–"
_LOCALES: Mapping[Language, Locale] = {
    Language.ENGLISH: Locale("en"),
    Language.CHINESE: Locale("zh", script="Hans", territory="CN"),
}
_DAY_STYLES: Mapping[str, Mapping[Language, str]] = {
    "short_day": {Language.ENGLISH: "EEE d MMM", Language.CHINESE: "M月d日 EEE"},
    "long_day": {Language.ENGLISH: "EEEE d MMMM", Language.CHINESE: "M月d日 EEEE"},
}
_FEW = 100
_KEPT = 20_000
_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")
_MAX_RANGES = 20


def chosen_language(asked: str, accepted: str) -> Language:
    """Return the language a person switched to, else the best of their browser's, else English.

    Parameters
    ----------
    asked
        `en` or `zh`, as the switch left it; anything else is as if nobody had chosen.
    accepted
        The browser's `Accept-Language`.
    """
    if asked in set(Language):
        return Language(asked)
    weights: dict[Language, float] = {}
    for part in accepted.split(",")[:_MAX_RANGES]:
        match = _RANGE.fullmatch(part)
        if match and match[1].lower() in set(Language):
            language = Language(match[1].lower())
            weights[language] = max(weights.get(language, 0.0), float(match[2] or 1.0))
    wanted = {language: weight for language, weight in weights.items() if weight > 0}
    return max(wanted, key=lambda language: wanted[language]) if wanted else Language.ENGLISH


# A page writes hundreds of figures and the same ones each time it is asked for: what was written once is kept.
@lru_cache(maxsize=_KEPT)
def _decimal(value: float, pattern: str, language: Language) -> str:
    return str(format_decimal(value, format=pattern, locale=_LOCALES[language]))


@lru_cache(maxsize=_KEPT)
def _currency(value: float, currency: str, pattern: str, language: Language) -> str:
    return str(format_currency(value, currency, pattern, locale=_LOCALES[language], currency_digits=False))


@lru_cache(maxsize=_KEPT)
def _percent(value: float, pattern: str, language: Language) -> str:
    return str(format_percent(value, format=pattern, locale=_LOCALES[language]))


@lru_cache(maxsize=_KEPT)
def _date(value: date, style: str, language: Language) -> str:
    return str(format_date(value, format=style, locale=_LOCALES[language]))


def number(value: Any, language: Language, *, decimals: int = 0) -> str:
    """Return a number with a language's separators, a dash where it is unknown."""
    if value is None or not is_known(float(value)):
        return UNKNOWN
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return _decimal(round(float(value), decimals) + 0.0, pattern, language)  # -0.0 + 0.0 is 0.0


def cover(days: Any, language: Language) -> str:
    """Return days of cover; beyond a year `>365`, for nobody plans with more; a dash where there is no demand."""
    if days is not None and float(days) > MOST_COVER_DAYS:
        return f">{number(MOST_COVER_DAYS, language)}"
    return number(days, language, decimals=1)


def money(value: Any, language: Language, currency: str, *, decimals: int = 0) -> str:
    """Return an amount with its currency, a dash where it is unknown."""
    if value is None or not is_known(float(value)):
        return UNKNOWN
    if not currency:
        return number(value, language, decimals=decimals)
    amount = round(float(value), decimals) + 0.0
    digits = "#,##0" + ("." + "0" * decimals if decimals else "")
    pattern = f"¤{digits};-¤{digits}"
    return _currency(amount, currency, pattern, language)


def share(value: Any, language: Language, *, decimals: int = 1) -> str:
    """Return a share in 0..1 as a percentage, a dash where it is unknown."""
    if value is None or not is_known(float(value)):
        return UNKNOWN
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + "%"
    return _percent(float(value), pattern, language)


def day(value: Any, language: Language, *, style: str = "medium") -> str:
    """Return a day as a language writes it, with its weekday for `full` and `EEE` patterns; a dash where unknown."""
    if value is None or pd.isna(value):
        return UNKNOWN
    stamp: date = pd.Timestamp(value).date()
    return _date(stamp, style, language)


def with_sign(value: Any, write: Callable[[], str]) -> str:
    """Return what `write` says of a value, with a plus in front of gains."""
    return f"+{write()}" if value is not None and is_known(float(value)) and float(value) > 0 else write()


def amount(value: Any, unit: str, *, language: Language, currency: str) -> str:
    """Return a key figure with its unit: shares as percentages, money with its currency, days and kilograms named."""
    if value is None or not is_known(float(value)):
        return UNKNOWN
    if unit in ("share", "ratio"):
        return share(value, language)
    if unit == "money":
        return money(value, language, currency)
    small = abs(float(value)) < _FEW and float(value) % 1 != 0
    figure = number(value, language, decimals=2 if small else 0)
    said = f"unit.{unit}"
    return translate(language, said, n=figure) if said in MESSAGES[language] else figure


def words_for(language: Language, currency: str) -> dict[str, Any]:
    """Return the functions that templates write text with, bound to one language and currency."""

    def signed(value: Any, *, decimals: int = 0) -> str:
        return with_sign(value, partial(money, value, language, currency, decimals=decimals))

    def signed_units(value: Any) -> str:
        return with_sign(value, partial(number, value, language, decimals=1))

    def money_words(value: Any, *, decimals: int = 0) -> str:
        return money(value, language, currency, decimals=decimals)

    return {
        "t": partial(translate, language),
        "number": partial(number, language=language),
        "cover": partial(cover, language=language),
        "share": partial(share, language=language),
        "day": partial(day, language=language),
        "money": money_words,
        "say": partial(say, language),
        "meaning_of": partial(said_meaning, language=language),
        "sentence": partial(said_sentence, language=language),
        "said_step": partial(said_step, language=language),
        "said_fault": partial(said_fault, language=language),
        "said_why": partial(said_why, language=language),
        "said_note": partial(said_note, language=language),
        "said_kind": partial(said_kind, language=language),
        "signed": signed,
        "signed_units": signed_units,
        "amount": partial(amount, language=language, currency=currency),
        **{name: styles[language] for name, styles in _DAY_STYLES.items()},
    }
