"""Languages as browsers ask for them, and figures as readers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.web import locale
from optimization.export_language import Language

EN, ZH = Language.ENGLISH, Language.CHINESE


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", EN),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", ZH),
        ("", "en;q=0.5, zh-Hans-CN;q=0.7", ZH),
        ("", "de-DE, fr;q=0.9", EN),
        ("", "zh;q=0", EN),
        ("en", "zh-CN", EN),
        ("zh", "en", ZH),
        ("../zh", "", EN),
    ],
)
def test_the_language_is_the_switch_then_the_browsers_best(asked: str, accepted: str, language: Language) -> None:
    assert locale.chosen_language(asked, accepted) is language


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_header_gives_a_language(asked: str, accepted: str) -> None:
    assert locale.chosen_language(asked, accepted) in set(Language)


def test_figures_are_written_as_the_language_does() -> None:
    assert locale.number(1234567.891, EN, decimals=1) == "1,234,567.9"
    assert locale.money(-1234.5, EN, "CNY") == "-CN¥1,234"
    assert locale.money(1234.56, ZH, "CNY", decimals=2) == "¥1,234.56"
    assert locale.money(-0.4, EN, "CNY") == "CN¥0"
    assert locale.number(-0.2, ZH) == "0"
    covers = (0.0, 6.26, 365, 12345.6, float("inf"))
    assert [locale.cover(days, EN) for days in covers] == ["0.0", "6.3", "365.0", ">365", ">365"]
    assert locale.share(0.1234, EN) == "12.3%"
    assert locale.day("2024-11-06", EN) == "Nov 6, 2024"
    assert locale.day("2024-11-06", ZH, style="full") == "2024年11月6日星期三"


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_what_is_unknown_is_a_dash_and_never_zero(unknown: float | None) -> None:
    assert {
        locale.number(unknown, EN),
        locale.money(unknown, ZH, "CNY"),
        locale.share(unknown, EN),
        locale.cover(unknown, EN),
    } == {"–"}
    assert locale.day(unknown, EN) == "–"
