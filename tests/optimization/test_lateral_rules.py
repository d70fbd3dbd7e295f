"""The three thresholds of a lateral, each on a night where only it decides."""

from collections.abc import Callable

from network.snapshot import Snapshot
from optimization.config import PlanConfig
from tests.optimization.test_plan_moves import CUTOFF, LANES, PLACES, SKU, planned, stock

RATES = {("X", "F"): 4.0, ("X", "A"): 2.0, ("X", "B"): 2.0}


def test_only_a_slow_origin_gives(make_snapshot: Callable[..., Snapshot]) -> None:
    """B sells 2 a day: 200 units last 100 days, which is slow at 90 and brisk at 110."""
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=0, F=60, A=0, B=200))
    assert planned(snapshot, RATES, PlanConfig(lateral_cover_days=90)).quantity("B", "A") > 0
    assert planned(snapshot, RATES, PlanConfig(lateral_cover_days=110)).quantity("B", "A") == 0


def test_a_destination_that_is_not_short_gets_nothing(make_snapshot: Callable[..., Snapshot]) -> None:
    """A holds 60 units, 30 days: above its order-up-to level, however idle the stock of B is."""
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=LANES, skus=[SKU], stock=stock(C=0, F=60, A=60, B=900))
    config = PlanConfig(lateral_margin=0.0, ageing_weight=1.0)
    assert planned(snapshot, RATES, config).quantity("B", "A") == 0


def test_a_move_must_gain_its_margin_over_the_parcel(make_snapshot: Callable[..., Snapshot]) -> None:
    """A unit saved gains 6; some 20 units gain about 120, or 100 after their 0.5 each: more than a parcel of 40.

    With a margin of 3 they would have to gain 4 x (40 + 10) = 200.
    """
    lanes = [{**lane, "parcel_cost": 40.0} if lane["mode"] == "transshipment" else lane for lane in LANES]
    snapshot = make_snapshot(CUTOFF, locations=PLACES, lanes=lanes, skus=[SKU], stock=stock(C=0, F=60, A=0, B=200))
    assert planned(snapshot, RATES, PlanConfig(lateral_margin=0.0)).quantity("B", "A") > 0
    assert planned(snapshot, RATES, PlanConfig(lateral_margin=3.0)).quantity("B", "A") == 0
