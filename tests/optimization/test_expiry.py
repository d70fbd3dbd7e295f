"""Stock of known expiry: hand-worked lots, then the plan that follows from them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from forecasting.forecast import Forecast
from network.graph import build_network
from network.snapshot import Snapshot
from optimization.audit import audit
from optimization.config import DEFAULT_LEVELS, PlanConfig
from optimization.expiry import LotsOnHand, expected_expiry, keep_life, lots_on_hand
from optimization.pooling import Pool
from optimization.position import inventory_positions
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, SKU, planned, stock

LEVELS = np.asarray(DEFAULT_LEVELS)
NOBODY = Pool(np.zeros(0, dtype=np.int64), np.full(1, -1), np.zeros(0, dtype=np.int64))
RATES = {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0}


def lots_of(*rows: tuple[int, int, int]) -> LotsOnHand:
    """Lots from (point, last day, quantity)."""
    point, day, quantity = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return LotsOnHand(point, day, day, quantity)


def expiring(lots: LotsOnHand, rate: float, n_days: int = 10) -> np.ndarray:
    forecast = Forecast.from_rates(np.full((1, n_days), rate), ["X"], location=["A"], cutoff=CUTOFF)
    series, free = np.zeros(1, dtype=np.int64), np.array([int(lots.quantity.sum())])
    return expected_expiry(lots, forecast, series, levels=LEVELS, n_days=n_days, pool=NOBODY, free=free)[0]


def lot_rows(location: str, **by_day: int) -> list[dict[str, Any]]:
    """Rows of `lots`: `d3=5` is 5 units that may be sold until three days after the cutoff."""
    return [
        {"sku": "X", "location": location, "quantity": units,
         "expiry_date": pd.Timestamp(CUTOFF) + pd.Timedelta(days=int(day[1:]))}
        for day, units in by_day.items()
    ]  # fmt: skip


def test_what_is_not_sold_by_its_last_day_has_expired_on_the_next() -> None:
    """10 units until index 1, Poisson(1) a day: E(10 - D)+ with D Poisson(2) is 8.0000; nothing before index 2."""
    exact = sum((10 - k) * poisson.pmf(k, 2) for k in range(10))
    expired = expiring(lots_of((0, 1, 10)), 1.0)
    assert expired[:2].tolist() == [0.0, 0.0]
    assert expired[2:] == pytest.approx(exact, abs=0.05)


def test_a_later_lot_counts_only_beyond_what_the_earlier_ones_lost() -> None:
    """6 units until index 0 and 4 until index 9, no demand but a trickle: 6 are lost on index 1, all 10 on index 10.

    With demand of about 3 a day the first lot loses about 3; the second is sold by index 9, and nothing is added.
    """
    still = expiring(lots_of((0, 0, 6), (0, 9, 4)), 1e-6)
    assert still[1] == pytest.approx(6, abs=0.01) and still[10] == pytest.approx(10, abs=0.01)
    sold = expiring(lots_of((0, 0, 6), (0, 9, 4)), 3.0)
    assert sold[1] == pytest.approx(3.0, abs=0.15) and sold[10] == sold[1]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(-2, 9), st.integers(1, 30)), min_size=1, max_size=5),
    st.floats(0.01, 8.0),
)
def test_expiry_never_falls_and_never_exceeds_the_stock(rows: list[tuple[int, int]], rate: float) -> None:
    lots = lots_of(*[(0, day, units) for day, units in sorted(rows)])
    expired = expiring(lots, rate)
    assert (np.diff(expired) >= 0).all()
    assert expired[0] == lots.quantity[lots.last_day < 0].sum(), "what is over its day already is lost for certain"
    assert expired[-1] <= lots.quantity.sum() + 1e-9


def test_more_in_lots_than_on_the_shelf_means_that_the_oldest_are_gone(make_snapshot: Callable[..., Snapshot]) -> None:
    """Lots of 5 and 4; 8 on hand of which 5 are promised leave 3 free: 6 of 9 are gone, the oldest first."""
    rows = [{**row, "allocated": 5} for row in stock(A=8)]
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=rows, lots=lot_rows("A", d2=5, d9=4)
    )
    network = build_network(snapshot)
    positions = inventory_positions(snapshot, network)
    free = (positions["on_hand"] - positions["allocated"]).to_numpy(dtype=np.int64)
    lots = lots_on_hand(positions, snapshot, network, free=free)
    assert lots.quantity.tolist() == [3] and lots.last_day.tolist() == [8]


def test_who_asks_for_longer_life_draws_on_fewer_units() -> None:
    """20 free, 12 of them until index 3. Lines that need index 5 share 8; with 4 for index 2 all 20 would do.

    6 + 5 ask for index 5: 3 too many, off the smaller line. 2 + 6 and 9 for index 2 are 17 of 20: nothing more.
    """
    kept = keep_life(
        np.array([6, 5, 9]),
        origin=np.zeros(3, dtype=np.int64),
        needed_until=np.array([5, 5, 2]),
        lot=np.ones(3, dtype=np.int64),
        free=np.array([20]),
        lots=lots_of((0, 3, 12)),
    )
    assert kept.tolist() == [6, 2, 9]


def test_stock_that_expires_is_ordered_again_in_time(make_snapshot: Callable[..., Snapshot]) -> None:
    """A holds 40 units, 20 days of demand; all but a few expire tomorrow night, so that the truck must bring more.

    Two sold tomorrow, 38 expire; Thursday's truck comes Friday (index 4), Monday's on Tuesday (index 1): through
    index 3 three days of 2 units want goods that are not there.
    """
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=300, F=60, A=40, B=60)}
    config = PlanConfig(laterals=False)
    keeps = planned(make_snapshot(CUTOFF, **tables), RATES, config)
    spoils = planned(make_snapshot(CUTOFF, **tables, lots=lot_rows("A", d1=40)), RATES, config)
    assert keeps.quantity("C", "A") == 0
    assert 6 <= spoils.quantity("C", "A") <= 16
    assert spoils.violations.empty


def test_goods_that_live_too_short_on_arrival_stay(make_snapshot: Callable[..., Snapshot]) -> None:
    """C has 100 units, 95 of them for four more days; A asks for 5 days on arrival: 5 may go, from either plan's view.

    A's truck arrives on index 1 (cutoff + 2); the lot lives until cutoff + 4, which leaves 2 days.
    """
    rules = [{"sku": "X", "origin": "C", "destination": "A", "min_remaining_life_days": 5}]
    tables = {"locations": PLACES, "lanes": LANES, "skus": [SKU], "stock": stock(C=100, F=60, A=0, B=60)}
    config = PlanConfig(laterals=False)
    lots = lot_rows("C", d4=95)
    free = planned(make_snapshot(CUTOFF, **tables, lots=lots), RATES, config)
    asked = planned(make_snapshot(CUTOFF, **tables, lots=lots, sourcing=rules), RATES, config)
    assert free.quantity("C", "A") > 5
    assert asked.quantity("C", "A") == 5
    assert asked.violations.empty
    # The same night audited against the stricter rule: the audit knows of life on its own.
    found = audit(
        free.decisions.moves, free.decisions.loads, snapshot=asked.snapshot, network=asked.network,
        positions=asked.positions,
    )  # fmt: skip
    assert found["rule"].tolist() == ["remaining_life"]
    assert found["bound"].tolist() == [5.0]


def test_a_channel_that_asks_for_life_makes_lots_old_earlier(make_snapshot: Callable[..., Snapshot]) -> None:
    """F only delivers, and promises 3 days of life: a lot until cutoff + 5 may be sold until cutoff + 2 (index 1)."""
    serving = [{"zone": "Z", "location": "F", "channel": "delivery", "min_remaining_life_days": 3}]
    snapshot = make_snapshot(
        CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(F=9), lots=lot_rows("F", d5=9),
        serving=serving, zones=[{"zone": "Z"}],
    )  # fmt: skip
    network = build_network(snapshot)
    positions = inventory_positions(snapshot, network)
    free = positions["on_hand"].to_numpy(dtype=np.int64)
    lots = lots_on_hand(positions, snapshot, network, free=free)
    assert lots.last_day.tolist() == [4] and lots.sold_until.tolist() == [1]
