"""What a change is worth: sums by hand, what may be added to what, intervals that hold, and figures that say whence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.benefits import COLUMNS, YEARLY, Assumption, Benefits, Kind, RollOut, benefits


def days(n_days: int, **daily: float | np.ndarray) -> pd.DataFrame:
    """A day table in which all else is 0."""
    table = pd.DataFrame({name: np.zeros(n_days) for name in ("latent_units", *COLUMNS)})
    return table.assign(**daily)


def pair(n_days: int = 10) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    rule = days(n_days, lost_margin=5.0, holding_cost=3.0, logistics_cost=4.0, waste_cost=1.0, stock_value=900.0,
                co2_kg=7.0)  # fmt: skip
    plan = days(n_days, lost_margin=2.0, holding_cost=2.0, logistics_cost=5.0, waste_cost=0.5, stock_value=600.0,
                co2_kg=6.0)  # fmt: skip
    return [rule], [plan]


def test_a_year_of_the_difference_by_hand() -> None:
    # a day: margin 3, carrying 1, logistics -1, waste 0.5: 3.5 a day and 1277.5 a year; cash 300 once; 1 kg a day
    made = benefits(*pair())
    assert [made.amount(name) for name in YEARLY] == [3 * 365, 365, -365, 182.5]
    assert made.amount("profit") == 3.5 * 365
    assert made.amount("cash release") == 300
    assert made.amount("carbon") == 365
    assert made.table["low"].isna().all()
    assert "No interval: 10 days" in str(made)


def test_payback_and_present_value_by_hand() -> None:
    # 100 once, 10 a year, 25% a year, two years, profit 110: 100 / 1.25 + 100 / 1.5625 - 100 = 80 + 64 - 100 = 44
    terms = RollOut(one_off_cost=100.0, running_cost=10.0, discount_rate=0.25, years=2)
    assert terms.present_value(110.0) == pytest.approx(44.0)
    assert terms.payback_years(110.0) == 1.0
    assert terms.payback_years(10.0) == float("inf")
    made = benefits(*pair(), roll_out=terms)
    assert made.amount("present value") == pytest.approx((1277.5 - 10) * 1.44 - 100)
    assert made.amount("payback") == pytest.approx(100 / 1267.5)


def test_cash_carbon_and_assumptions_are_in_no_sum_of_profit() -> None:
    terms = RollOut(one_off_cost=100.0, running_cost=0.0, discount_rate=0.0, years=1)
    rule, plan = pair()
    richer = [rule[0].assign(stock_value=9e6, co2_kg=9e6)]
    hoped = Assumption("fewer audits", 50.0, "the auditor's offer of March")
    one, other = (benefits(each, plan, roll_out=terms, assumptions=[hoped]) for each in (rule, richer))
    assert one.amount("profit") == other.amount("profit") == 1277.5
    assert one.amount("present value") == other.amount("present value") == 1177.5
    assert one.amount("present value with assumptions") == 1227.5
    row = one.table.set_index("figure").loc["fewer audits"]
    assert (row["kind"], row["source"]) == (Kind.ASSUMED, "assumed: the auditor's offer of March")


def test_carbon_is_unknown_where_no_lane_tells_it() -> None:
    rule, plan = ([each[0].assign(co2_kg=0.0)] for each in pair())
    made = benefits(rule, plan)
    assert np.isnan(made.amount("carbon"))
    assert "co2_kg_per_truck" in str(made)


def test_every_figure_says_where_it_comes_from() -> None:
    terms = RollOut(one_off_cost=100.0, running_cost=10.0, discount_rate=0.1, years=3)
    made = benefits(*pair(), roll_out=terms, names=("what was ordered", "<tierflow>"))
    assert (made.table["source"].str.len() > 10).all()
    for name, column in YEARLY.items():
        assert column in made.table.set_index("figure").loc[name, "source"]
    assert "3 years at 10.0%, 100 once, 10 a year" in str(made)
    assert "&lt;tierflow&gt;" in made._repr_html_()
    assert "<b>1,278</b>" in made._repr_html_()


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, (60, 4), elements=st.floats(-50, 50)), st.integers(0, 100))
def test_parts_add_up_and_intervals_hold_the_figure_between_them(daily: np.ndarray, seed: int) -> None:
    terms = RollOut(one_off_cost=10.0, running_cost=1.0, discount_rate=0.05, years=4)
    rule = days(60, **dict(zip(YEARLY.values(), daily.T, strict=True)), stock_value=daily[:, 0])
    made = benefits([rule], [days(60)], roll_out=terms, seed=seed)
    assert made.amount("profit") == pytest.approx(sum(made.amount(name) for name in YEARLY), abs=1e-6)
    table = made.table.set_index("figure").loc[["profit", *YEARLY, "cash release", "present value"]]
    assert (table["low"] <= table["high"]).all()
    width = (table["high"] - table["low"]).to_numpy()
    assert (np.abs(table["amount"] - (table["low"] + table["high"]) / 2) <= width + 1e-6).all()
    payback = made.table.set_index("figure").loc["payback"]
    assert payback["low"] <= payback["high"]


def test_swapping_rule_and_plan_turns_every_sign() -> None:
    rng = np.random.default_rng(0)
    one, other = (days(70, **{name: rng.gamma(2.0, 3.0, 70) for name in COLUMNS}) for _ in range(2))
    there, back = benefits([one], [other]), benefits([other], [one])
    np.testing.assert_allclose(there.table["amount"], -back.table["amount"])
    np.testing.assert_allclose(there.table["low"], -back.table["high"])


def test_intervals_over_weeks_cover_the_true_mean() -> None:
    """120 chains of 26 weeks whose days have a mean of 1 and remember the day before: about 95% cover it."""
    rng, covered = np.random.default_rng(1), 0
    for history in range(120):
        noise = rng.normal(size=182)
        for day in range(1, 182):
            noise[day] += 0.5 * noise[day - 1]
        made = benefits([days(182, lost_margin=1.0 + noise)], [days(182)], seed=history).table.set_index("figure")
        covered += made.loc["margin", "low"] <= 365 <= made.loc["margin", "high"]
    # 13 blocks make intervals a little short: say 92%, with a standard error of 2.5 points.
    assert covered / 120 >= 0.83


def of_histories(n: int) -> Benefits:
    rng = np.random.default_rng(2)
    rule = [days(14, lost_margin=mean) for mean in rng.normal(3.0, 1.0, n)]
    return benefits(rule, [days(14)] * n)


def test_five_short_histories_give_an_interval_and_four_do_not() -> None:
    assert of_histories(4).table["low"].isna().all()
    many = of_histories(5)
    margin = many.table.set_index("figure").loc["margin"]
    assert margin["low"] < margin["amount"] < margin["high"]
    assert "bootstrap over 5 histories" in str(many)


def test_what_did_not_meet_the_same_demand_is_refused() -> None:
    with pytest.raises(ValueError, match="same demand"):
        benefits([days(3, latent_units=1.0)], [days(3)])
    with pytest.raises(ValueError, match="3 and 4 days"):
        benefits([days(3)], [days(4)])
