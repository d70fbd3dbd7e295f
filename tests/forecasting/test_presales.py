"""Deposits become demand where and when they are shipped, and are not counted on top of what was expected anyway."""

import numpy as np
import pandas as pd
import pytest

from forecasting.history import build_history
from forecasting.panel import Panel
from forecasting.presales import Deposits, deposits_by_point, multiple_of_deposits, with_deposits
from forecasting.promotions import promotion_plan

FIRST = pd.Timestamp("2024-01-01")
SERIES = pd.DataFrame(
    {
        "sku": ["K0", "K0", "K0", "K1"],
        "location": ["F0", "S0", "S1", "F0"],
        "category": ["A", "A", "A", "B"],
        "zone": ["", "Z0", "Z1", ""],
        "region": [""] * 4,
    }
)
RATE = np.array([4.0, 1.0, 3.0, 2.0])


def presales(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    """Sku, channel, zone, pick-up location, deposits; shipping from day index 10."""
    frame = pd.DataFrame(rows, columns=["sku", "channel", "zone", "pickup_location", "deposits"])
    text = ["sku", "channel", "zone", "pickup_location"]
    frame[text] = frame[text].replace("", None).astype("str")
    return frame.assign(event="E", ship_from=FIRST + pd.Timedelta(days=10), known_at=FIRST)


def serving(*rows: tuple[str, str, int, str | None, str | None]) -> pd.DataFrame:
    """Location, zone, priority, from, to; channel delivery."""
    frame = pd.DataFrame(rows, columns=["location", "zone", "priority", "from", "to"]).assign(channel="delivery")
    for name in ("from", "to"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return frame


def promotions(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Pre-sales of a SKU between two day indexes."""
    days = [(sku, FIRST + pd.Timedelta(days=a), FIRST + pd.Timedelta(days=b)) for sku, a, b in rows]
    frame = pd.DataFrame(days, columns=["sku", "from", "to"]).assign(promotion="P", mechanism="presale", price=np.nan)
    frame[["category", "location", "zone", "region"]] = np.nan
    frame = frame.assign(planned_units=np.nan, one_off=False, known_at=FIRST)
    return frame.astype(dict.fromkeys(("from", "to", "known_at"), "datetime64[ns]"))


def mapped(paid: pd.DataFrame, rules: pd.DataFrame, *sales: tuple[str, int, int]) -> Deposits:
    plan = promotion_plan(promotions(*sales), SERIES, usual_price=np.full(4, np.nan), first=FIRST)
    return deposits_by_point(paid, SERIES, rules, rate=RATE, plan=plan, first=FIRST)


def test_deposits_go_to_the_pick_up_location_or_to_who_serves_the_zone_on_the_day():
    rules = serving(("S1", "Z0", 1, None, "2024-01-05"), ("F0", "Z0", 2, None, None), ("S0", "Z0", 3, None, None))
    paid = presales(("K0", "delivery", "Z0", "", 10), ("K0", "pickup", "Z0", "S1", 5), ("K1", "delivery", "Z0", "", 2))
    found = mapped(paid, rules)
    # the rule of S1 has ended by the day of shipping, so F0 is the first that serves
    assert dict(zip(found.series.tolist(), found.units.tolist(), strict=True)) == {0: 10.0, 2: 5.0, 3: 2.0}
    assert found.ship_day.tolist() == [10, 10, 10]


def test_deposits_of_nowhere_are_spread_by_what_sells():
    found = mapped(presales(("K0", "delivery", "", "", 80)), serving())
    assert found.units.tolist() == [40.0, 10.0, 30.0]


def test_an_event_lasts_as_long_as_its_announced_presale_and_its_shipping():
    found = mapped(presales(("K0", "delivery", "", "", 80)), serving(), ("K0", 8, 11))
    assert found.start.tolist() == [8] * 3 and found.stop.tolist() == [12] * 3
    alone = mapped(presales(("K0", "delivery", "", "", 80)), serving())
    assert alone.start.tolist() == [10] * 3 and alone.stop.tolist() == [12] * 3


def one_point(units: float) -> Deposits:
    rows = np.zeros(1, dtype=np.int64)
    return Deposits(rows, rows + 10, np.array([units]), rows + 9, rows + 12)


def test_what_the_forecast_expects_already_is_not_added_again():
    # usual 2 a day; the event is days 9 to 12: steps 2 to 5 of a cutoff at day 7, with 3 units more on two of them
    usual = np.full((1, 6), 2.0)
    mean = np.array([[2.0, 5.0, 5.0, 2.0, 2.0, 2.0]])
    same = with_deposits(mean, one_point(6.0), usual=usual, last_day=7, multiple=1.0)
    assert same.tolist() == mean.tolist()
    # 16 deposits: 10 beyond the 6 expected, shipped 50, 30 and 20% on days 10, 11, 12
    more = with_deposits(mean, one_point(16.0), usual=usual, last_day=7, multiple=1.0)
    assert more[0].tolist() == pytest.approx([2.0, 5.0, 10.0, 5.0, 4.0, 2.0])
    # 8 deposits that brought two units each before are the same
    twice = with_deposits(mean, one_point(8.0), usual=usual, last_day=7, multiple=2.0)
    assert twice[0].tolist() == pytest.approx(more[0].tolist())


def test_what_was_shipped_by_the_cutoff_is_not_expected_again():
    usual = np.full((1, 4), 2.0)
    # at the end of day 10 half has left; 30 and 20% of 20 deposits are to come
    result = with_deposits(usual, one_point(20.0), usual=usual, last_day=10, multiple=1.0)
    assert result[0].tolist() == pytest.approx([8.0, 6.0, 2.0, 2.0])
    late = with_deposits(usual, one_point(20.0), usual=usual, last_day=12, multiple=1.0)
    assert late.tolist() == usual.tolist()


def test_units_per_deposit_are_learnt_from_events_that_are_over():
    # 2 a day, and on the event's days 40 to 43 102 a day: 400 extra units for 200 deposits
    demand = np.full((1, 60), 2.0, dtype=np.float32)
    demand[0, 40:44] = 102.0
    empty = np.zeros(demand.shape, dtype=bool)
    ones = np.ones_like(demand)
    panel = Panel(SERIES.iloc[:1], pd.date_range(FIRST, periods=60), demand, demand, ones, ones, empty, demand)
    row = np.zeros(1, dtype=np.int64)
    past = Deposits(row, row + 41, np.array([200.0]), row + 40, row + 43)
    # (400 + 40) / (200 + 40)
    assert multiple_of_deposits(past, build_history(panel)) == pytest.approx(440 / 240)
    ahead = Deposits(row, row + 61, np.array([200.0]), row + 60, row + 63)
    assert multiple_of_deposits(ahead, build_history(panel)) == 1.0


def test_a_chain_ships_its_deposits_on_the_day(make_chain):
    chain = make_chain(n_skus=2, n_stores=2, n_days=60)
    cutoff = pd.Timestamp("2024-02-20")
    empty = chain.tables["presales"]
    row = pd.DataFrame(
        [{"event": "E", "sku": "K1", "channel": "pickup", "deposits": 200.0, "pickup_location": "S0",
          "ship_from": cutoff + pd.Timedelta(days=3), "known_at": cutoff}], columns=empty.columns
    )  # fmt: skip
    sold_ahead = chain.replace(presales=pd.concat([empty, row]).astype(empty.dtypes.to_dict()))
    forecaster = chain.fit(cutoff)
    plain, more = (c.forecast(cutoff, forecaster, 7).mean for c in (chain, sold_ahead))
    at = 2  # K1 at S0 of (K0 S0, K0 S1, K1 S0, K1 S1)
    others = np.delete(np.arange(4), at)
    assert more[others].tobytes() == plain[others].tobytes()
    added = more[at] - plain[at]
    assert np.flatnonzero(added > 1e-9).tolist() == [2, 3, 4]
    # nothing was announced, so hardly any of it was expected
    assert 180 <= added.sum() <= 200
