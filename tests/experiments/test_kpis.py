"""KPIs by hand: the stores that are served worst."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from experiments.kpis import PlaceService, Trace, waste_rate, worst_tenth


def service(points: list[int], short: list[int], latent: list[int], first: list[int]) -> PlaceService:
    """One day."""
    return PlaceService(*(np.array([row], dtype=np.int64) for row in (points, short, latent, first)))


def test_of_three_stores_the_worst_one_counts_and_the_warehouse_does_not() -> None:
    # rates 1/10, 4/10, 0/10: the worst is 0.4; fills 50/60, 20/30, 9/10 units: the worst is 2/3; place 0 is no store
    day = service([10, 10, 10, 10], [10, 1, 4, 0], [100, 60, 30, 10], [0, 50, 20, 9])
    worst = worst_tenth(day, counted=np.array([False, True, True, True]), first_day=0)
    assert worst["worst_tenth_stockout_rate"] == pytest.approx(0.4)
    assert worst["worst_tenth_fill_rate"] == pytest.approx(2 / 3)


def test_of_eleven_stores_the_worst_two_count_together() -> None:
    # 2 of 10 and 9 of 30 short: (2 + 9) / (10 + 30)
    day = service([10, 30, *[10] * 9], [2, 9, *[1] * 9], [10] * 11, [10] * 11)
    worst = worst_tenth(day, counted=np.ones(11, dtype=bool), first_day=0)
    assert worst["worst_tenth_stockout_rate"] == pytest.approx(11 / 40)
    assert worst["worst_tenth_fill_rate"] == 1.0


def test_a_store_that_nobody_asked_and_days_before_the_first_do_not_count() -> None:
    early, late = service([5, 5], [5, 5], [5, 5], [0, 0]), service([0, 4], [0, 1], [0, 8], [0, 6])
    names = ("points", "short", "latent", "first")
    both = PlaceService(*(np.concatenate([getattr(early, name), getattr(late, name)]) for name in names))
    worst = worst_tenth(both, counted=np.array([True, True]), first_day=1)
    assert worst == {"worst_tenth_stockout_rate": 0.25, "worst_tenth_fill_rate": 0.75}
    assert np.isnan(worst_tenth(both, counted=np.array([True, False]), first_day=1)["worst_tenth_stockout_rate"])


@given(arrays.arrays(np.int64, (3, 12), elements=st.integers(1, 9)), st.data())
def test_the_worst_are_never_better_than_all_together(points: np.ndarray, data: st.DataObject) -> None:
    short = data.draw(arrays.arrays(np.int64, (3, 12), elements=st.integers(0, 9)).map(lambda x: np.minimum(x, points)))
    worst = worst_tenth(
        PlaceService(points, short, 2 * points, 2 * points - short), counted=np.ones(12, dtype=bool), first_day=0
    )
    assert worst["worst_tenth_stockout_rate"] >= short.sum() / points.sum() - 1e-12
    assert worst["worst_tenth_fill_rate"] <= 1 - short.sum() / (2 * points.sum()) + 1e-12


def test_the_share_that_expired_of_what_was_received() -> None:
    # the second SKU keeps (cost 0 here). From day 1 on: sold 2 + 4 of cost 10, expired 2, stock 3 -> 5:
    # 20 / (60 + 20 + 20)
    none = np.zeros(0, dtype=np.int64)
    on_hand = np.array([[[3, 9]], [[9, 9]], [[5, 9]]])
    sold = np.array([[[7, 1]], [[2, 1]], [[4, 1]]])
    trace = Trace(service([0], [0], [0], [0]), on_hand, sold, none, none, none, none, none)
    days = pd.DataFrame({"waste_cost": [70.0, 0.0, 20.0]})
    assert waste_rate(days, trace, cost=np.array([10.0, 0.0]), first_day=1) == pytest.approx(0.2)
