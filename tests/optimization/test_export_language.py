"""Orders in Chinese: every header, choice and sentence, and never half a sentence."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.contracts import Mode, OrderState
from optimization.actions import Action
from optimization.export_language import CHOICES, HEADERS, in_language, original_choice, original_name
from optimization.message_orders import _reason
from optimization.orders import ORDER_COLUMNS
from optimization.reasons import LineFacts, reason
from optimization.reasons_chinese import chinese_reason

NIGHT = pd.Timestamp("2025-11-05")
DAYS = st.one_of(st.just(np.inf), st.floats(0, 800))
DATES = st.one_of(st.just(pd.NaT), st.integers(-3, 30).map(lambda days: NIGHT + pd.Timedelta(days=days)))


def test_a_sentence_is_said_in_chinese() -> None:
    said = "runs out Thursday 6 Nov, promotion from Friday 7 Nov, 6 days' cover after, fills a truck that goes anyway"
    assert chinese_reason(said, "DC", "S1") == (
        "11月6日（周四）断货，11月7日（周五）起促销，补货后可用6天，装满本来就要发的车"
    )


def test_ids_are_never_translated() -> None:
    said = "out of stock has 40 days' cover, sells here: out of stock, 1 day's cover after"
    assert chinese_reason(said, "out of stock", "S1") == ("out of stock的库存可用40天，在此处好卖：缺货，补货后可用1天")
    said = "S, 1 has over a year of cover; better kept at on promotion"
    assert chinese_reason(said, "S, 1", "on promotion") == "S, 1的库存可用一年以上，放在on promotion更好"


@pytest.mark.parametrize("said", ["", "runs out soon", "out of stock, and more", "⟨days6天⟩", "S1 has much"])
def test_a_sentence_that_is_not_ours_stays_whole(said: str) -> None:
    assert chinese_reason(said, "S1", "S2") == said


@given(
    st.sampled_from([str(mode) for mode in Mode]), DATES, DATES, st.tuples(DAYS, DAYS, DAYS, DAYS),
    st.sampled_from([0.0, 3.0]), st.sampled_from(["", "moq", "fill", "cut", "limit"]),
)  # fmt: skip
def test_every_reason_of_a_line_has_its_chinese(
    mode: str, runs_out: pd.Timestamp, promotion: pd.Timestamp, cover: tuple[float, ...], on_hand: float, note: str
) -> None:
    facts = LineFacts(
        mode=mode, origin="0", destination="1", cutoff=NIGHT, on_hand=on_hand, stockout_date=runs_out,
        promotion_date=promotion, due_date=NIGHT + pd.Timedelta(days=3), cover_before=cover[0], cover_after=cover[1],
        cover_at_due=cover[2], origin_cover=cover[3], note=note,
    )  # fmt: skip
    assert not re.search("[A-Za-z⟨⟩]", chinese_reason(reason(facts), "0", "1"))


@pytest.mark.parametrize(
    ("action", "cover", "runs_out"),
    list(product(("expedite", "defer", "reduce", "cancel"), (3.0, 500.0, 0.2, np.inf), (NIGHT, pd.NaT))),
)
def test_every_message_has_its_chinese(action: str, cover: float, runs_out: pd.Timestamp) -> None:
    message = {"action": action, "quantity": 1, "old_quantity": 1240, "due_date": NIGHT, "old_due_date": NIGHT}
    said = chinese_reason(_reason(message, cover, runs_out), "DC", "S1")
    assert not re.search("[A-Za-z⟨⟩]", said)
    assert "1,240件" in said


def test_every_column_and_choice_has_one_chinese_word() -> None:
    assert set(HEADERS) == {*ORDER_COLUMNS, "change_reason"}
    for column, names in (("action", Action), ("kind", Mode), ("status", OrderState)):
        assert set(CHOICES[column]) == {str(name) for name in names}
        assert [original_choice(column, word) for word in CHOICES[column].values()] == list(CHOICES[column])
    assert [original_name(said) for said in HEADERS.values()] == list(HEADERS)


def test_orders_in_chinese_keep_ids_numbers_and_dates() -> None:
    orders = pd.DataFrame(
        {"sku": ["new"], "action": ["new"], "quantity": [3], "origin": ["A"], "destination": ["B"],
         "reason": ["out of stock"]}
    )  # fmt: skip
    shown = in_language(orders, "zh")
    assert shown.to_dict("records") == [
        {"商品编码": "new", "操作": "新增", "数量（件）": 3, "发出地": "A", "目的地": "B", "原因": "缺货"}
    ]
    assert in_language(orders, "en") is orders
