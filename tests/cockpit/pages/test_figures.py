"""Key figures against a week ago and against what that week's plan expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from cockpit.pages.figures import GROUPS, all_figures, figures, run_a_week_before
from cockpit.web.words import MESSAGES
from cockpit.web.words.meanings import CHINESE_MEANINGS

COLUMNS = ["kpi", "today", "planned", "unit", "meaning"]


def kpis(*rows: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame([(*row, "share", "") for row in rows], columns=COLUMNS)


def figure(now: pd.DataFrame, before: pd.DataFrame | None, name: str) -> Any:
    return next(each for each in figures(now, before) if each.name == name)


def test_a_figure_stands_beside_a_week_ago_and_what_was_expected_then() -> None:
    each = figure(kpis(("fill_rate", 0.9, 0.95)), kpis(("fill_rate", 0.8, 0.93)), "fill_rate")
    assert (each.shown, each.planned, each.week_ago, each.expected) == (0.9, 0.95, 0.8, 0.93)
    assert each.verdict(each.week_ago, each.shown) == "better"
    assert each.verdict(each.expected, each.shown) == "worse"


def test_a_figure_of_tonights_orders_is_compared_with_that_of_a_week_ago() -> None:
    each = figure(kpis(("transport_cost", np.nan, 90.0)), kpis(("transport_cost", np.nan, 100.0)), "transport_cost")
    assert (each.shown, each.week_ago, np.isnan(each.expected)) == (90.0, 100.0, True)
    assert each.verdict(each.week_ago, each.shown) == "better"


def test_a_bias_gets_better_towards_zero_from_either_side() -> None:
    each = figure(kpis(("bias", -0.1, np.nan)), kpis(("bias", 0.3, np.nan)), "bias")
    assert each.verdict(0.3, -0.1) == "better"
    assert each.verdict(-0.1, 0.3) == "worse"


def test_more_orders_are_neither_better_nor_worse_and_the_unknown_is_no_verdict() -> None:
    each = figure(kpis(("orders", np.nan, 9.0)), None, "orders")
    assert each.verdict(5.0, 9.0) == "same"
    assert each.verdict(float("nan"), 9.0) == "same"


def test_twenty_figures_and_more_in_eight_groups_each_with_a_name_in_both_languages() -> None:
    names = [name for members in GROUPS.values() for name in members]
    assert len(names) >= 20
    assert len(set(names)) == len(names)
    for messages in MESSAGES.values():
        assert {f"figure.{name}" for name in names} | {f"group.{group}" for group in GROUPS} <= set(messages)


def test_messages_are_summed_and_what_the_manifest_counts_joins_in() -> None:
    table = all_figures(
        kpis(("messages_defer", np.nan, 2.0), ("messages_cancel", np.nan, 1.0), ("messages_benefit", np.nan, 70.0)),
        None, {"n_critical": 4, "gap": None},
    ).set_index("kpi")  # fmt: skip
    assert table.loc["messages", "planned"] == 3.0
    assert table.loc["critical", "today"] == 4.0
    assert np.isnan(table.loc["gap", "planned"])


def test_the_run_to_compare_with_is_a_week_old_and_not_much_older() -> None:
    days = {"now": "2025-01-20", "young": "2025-01-15", "right": "2025-01-12", "old": "2024-12-01"}
    runs = [{"run_id": name, "cutoff": day} for name, day in days.items()]
    found = run_a_week_before(runs, pd.Timestamp("2025-01-20"))
    assert found is not None
    assert found["run_id"] == "right"
    assert run_a_week_before(runs[:2], pd.Timestamp("2025-01-20")) is None
    assert run_a_week_before([runs[3]], pd.Timestamp("2025-01-20")) is None


def test_every_figure_says_in_chinese_how_it_is_counted() -> None:
    shown = {name for names in GROUPS.values() for name in names}
    assert shown - set(CHINESE_MEANINGS) == set()
