"""Promotions reach the series they name, on their days, once they are announced."""

import numpy as np
import pandas as pd
import pytest

from forecasting.promotions import MECHANISMS, PromotionPlan, promotion_plan

FIRST = pd.Timestamp("2024-01-01")
SERIES = pd.DataFrame(
    {
        "sku": ["K0", "K0", "K1"],
        "location": ["S0", "S1", "S0"],
        "category": ["A", "A", "B"],
        "zone": ["", "", ""],
        "region": ["EAST", "WEST", "EAST"],
    }
)


def plan_of(**columns) -> PromotionPlan:
    row = {
        "promotion": "P", "sku": np.nan, "category": np.nan, "location": np.nan, "zone": np.nan, "region": np.nan,
        "mechanism": "discount", "from": "2024-01-05", "to": "2024-01-06", "price": 6.0, "planned_units": np.nan,
        "one_off": False,
        "known_at": "2024-01-03",
    } | columns  # fmt: skip
    frame = pd.DataFrame([row])
    for name in ("from", "to", "known_at"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return promotion_plan(frame, SERIES, usual_price=np.full(3, 10.0), first=FIRST)


def on(plan: PromotionPlan, origin: int, horizon: int = 5) -> list[list[float]]:
    return plan.announced(origin, n_series=3, horizon=horizon).is_on.tolist()


def test_a_promotion_of_a_sku_reaches_it_everywhere_on_its_days():
    # known at the end of 01-03 (index 2), on 01-05 and 01-06 (indexes 4 and 5): steps 2 and 3 from origin 2
    assert on(plan_of(sku="K0"), 2) == [[0, 1, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]


def test_before_its_announcement_nobody_sees_it():
    assert np.sum(on(plan_of(sku="K0"), 1)) == 0


def test_without_known_at_it_is_known_on_its_first_day():
    plan = plan_of(sku="K0", known_at=None)
    assert np.sum(on(plan, 3)) == 0
    assert on(plan, 4)[0] == [1, 0, 0, 0, 0]


def test_category_and_region_narrow_it():
    assert np.array(on(plan_of(category="A", region="WEST"), 2)).sum(axis=1).tolist() == [0, 2, 0]
    assert np.array(on(plan_of(sku="K0", location="S0"), 2)).sum(axis=1).tolist() == [2, 0, 0]


def test_depth_mechanism_and_days_are_told():
    days = plan_of(sku="K1", mechanism="live", planned_units=40).announced(2, n_series=3, horizon=4)
    assert days.depth[2].tolist() == pytest.approx([np.nan, 0.4, 0.4, np.nan], nan_ok=True)
    assert days.mechanism[2].tolist() == [0, MECHANISMS.index("live") + 1, MECHANISMS.index("live") + 1, 0]
    assert days.day[2].tolist() == [0, 1, 2, 0]
    assert days.days_left[2].tolist() == [0, 2, 1, 0]
    # 40 units over one series and two days
    assert days.planned[2, 1] == 20


def test_of_overlapping_promotions_the_deepest_is_seen():
    shallow, deep = plan_of(sku="K1", price=9.0), plan_of(sku="K1", price=5.0)
    both = PromotionPlan(
        *(np.concatenate([getattr(shallow, n), getattr(deep, n)]) for n in PromotionPlan.__dataclass_fields__)
    )
    assert both.announced(2, n_series=3, horizon=4).depth[2, 1] == pytest.approx(0.5)


def test_past_days_count_from_the_announcement():
    late = plan_of(sku="K1", known_at="2024-01-06").past_days(3, 8)
    assert np.flatnonzero(late[2]).tolist() == [5]
    assert np.flatnonzero(plan_of(sku="K1").past_days(3, 8)[2]).tolist() == [4, 5]


def test_planned_units_follow_what_the_series_usually_sell():
    # 40 units over two days: 20 a day, of which K0 at S0 usually sells 1 in 4
    days = plan_of(sku="K0", planned_units=40).announced(2, n_series=3, horizon=4, rate=np.array([1.0, 3.0, 9.0]))
    assert days.planned[:2, 1].tolist() == pytest.approx([5.0, 15.0])
    equal = plan_of(sku="K0", planned_units=40).announced(2, n_series=3, horizon=4)
    assert equal.planned[:2, 1].tolist() == [10.0, 10.0]


def test_the_days_after_a_promotion_are_counted():
    plan = plan_of(sku="K1")
    # it ends on index 5: from origin 5 the next days are the first four after it; before, it is not over
    assert plan.announced(5, n_series=3, horizon=4).since[2].tolist() == [1, 2, 3, 4]
    assert not plan.announced(4, n_series=3, horizon=4).since.any()
    # from origin 18 the fourteenth day is the next one
    assert plan.announced(18, n_series=3, horizon=3).since[2].tolist() == [14, 0, 0]
