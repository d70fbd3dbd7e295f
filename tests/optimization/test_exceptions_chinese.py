"""Exceptions in Chinese: every sentence of the rules, ids and numbers untouched, never half a sentence."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.exceptions_chinese import _SENTENCES, chinese_exception
from optimization.plain_words import say_cover, say_date, say_days, say_rate, say_units

WORD = {
    "date": "Thursday 6 Nov", "days": "3 days", "cover": "6 days' cover", "units": "1,240 units", "rate": "2.0 a week",
    "n": "17", "day": "2025-11-06", "measure": "m3", "id": "X-9",
}  # fmt: skip


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("runs out Wednesday 5 Nov; the earliest delivery is Thursday 6 Nov, about 12 units of demand unserved",
         "11月5日（周三）断货；最早11月6日（周四）到货，约12件需求无法满足"),
        ("30 units, 300 days' cover; none sold in 28 days", "30件，可用300天；28天内没有售出"),
        ("order O1 from C1: 10 units due Friday 31 Oct, 4 days late",
         "订单O1（来自C1）：10件应于10月31日（周五）到货，已迟4天"),
        ("8 units leave tonight. Would sell at S1 (wants 9 units more, sells 1.5 a day) or S 2 (wants 1 unit more, "
         "sells 1 in 20 days, no lane yet).",
         "今晚发走8件。可在S1（还需9件，销量每天1.5件）或S 2（还需1件，销量每20天1件，尚无线路）售出。"),
        ("8 units leave tonight. No other location needs it: mark it down.",
         "今晚发走8件。其他地点都不需要：请降价处理。"),
        ("DC to S1: 30 units of 2 lines cannot be received at S1 on Thursday 6 Nov: its m3 are full",
         "DC至S1：2行共30件无法于11月6日（周四）在S1收货：立方米已满"),
    ],
)  # fmt: skip
def test_a_sentence_is_said_in_chinese(english: str, chinese: str) -> None:
    assert chinese_exception(english) == chinese


@pytest.mark.parametrize(("english", "template"), _SENTENCES)
def test_every_sentence_has_all_its_words(english: str, template: str) -> None:
    filled = re.sub(r"<([a-z]+)\d>", lambda found: WORD[found[1]], english).replace("s?", "s")
    said = chinese_exception(filled)
    assert said != filled
    assert "<" not in said
    assert sorted(re.findall(r"<\w+\d>", english)) == sorted(re.findall(r"<\w+\d>", template))


@pytest.mark.parametrize(
    "said", ["", "12 units too many", "out of stock", "8 units leave tonight. Sell it.", "Would sell at S1."]
)
def test_a_sentence_that_is_not_ours_stays_whole(said: str) -> None:
    assert chinese_exception(said) == said


@given(st.floats(0, 1e5), st.one_of(st.floats(0, 800), st.just(float("inf"))), st.floats(0, 1e3), st.dates())
def test_dates_days_and_rates_of_any_size_are_understood(units: float, days: float, rate: float, date: object) -> None:
    when = say_date(pd.Timestamp(str(date)))
    for sentence in (
        f"{say_units(units)} on record, none sold for {say_days(days)} where {say_rate(rate)} was usual",
        f"{say_units(units)} too many after 9 ended {when}, {say_cover(days)}",
    ):
        assert not re.search("[A-Za-z<>]", chinese_exception(sentence)), sentence
