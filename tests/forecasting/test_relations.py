"""A successor begins with its predecessor's history, and the predecessor runs down as it takes over."""

import numpy as np
import pandas as pd
import pytest

from forecasting.panel import Panel
from forecasting.relations import HAND_OVER_DAYS, handed_over, successions, with_predecessors

FIRST = pd.Timestamp("2024-01-01")
NO_END = 10**6
SERIES = pd.DataFrame(
    {
        "sku": ["OLD", "OLD", "NEW", "NEW"],
        "location": ["S0", "S1", "S0", "S2"],
        "first_day": [-50, -50, 6, 6],
        "last_day": [NO_END, NO_END, NO_END, NO_END],
    }
)


def relation(ratio: float = 1.0, start: str | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"sku": ["OLD"], "other": ["NEW"], "kind": ["successor"], "ratio": [ratio], "from": [start]})
    return frame.assign(**{"from": pd.to_datetime(frame["from"]).astype("datetime64[ns]")})


def test_pairs_are_made_at_the_same_location_from_the_launch_or_the_given_day():
    pairs = successions(relation(2.0), SERIES, first=FIRST)
    assert (pairs.old.tolist(), pairs.new.tolist(), pairs.ratio.tolist()) == ([0], [2], [2.0])
    assert pairs.day.tolist() == [6]
    assert successions(relation(start="2024-01-09"), SERIES, first=FIRST).day.tolist() == [8]
    assert not successions(relation().assign(kind="substitute"), SERIES, first=FIRST).new.size


def test_the_old_history_stands_in_until_the_new_one_begins():
    demand = np.array([[4, 4, 2, 4, 4, 4, 1, 0], [9] * 8, [np.nan] * 6 + [3, 5], [np.nan] * 8], dtype=np.float32)
    available = np.where(np.isnan(demand), 0.0, 1.0).astype(np.float32)
    empty = np.zeros(demand.shape, dtype=bool)
    dates = pd.date_range(FIRST, periods=8)
    panel = Panel(SERIES, dates, np.nan_to_num(demand), demand, available, available, empty, demand)
    filled = with_predecessors(panel, successions(relation(0.5), SERIES, first=FIRST))
    # half a unit of the new one for each old one, its own sales from day 6 on
    assert filled.demand[2].tolist() == [2, 2, 1, 2, 2, 2, 3, 5]
    assert filled.available[2].tolist() == [1.0] * 8
    assert filled.demand[[0, 1]].tolist() == demand[[0, 1]].tolist()
    # the one without a predecessor at its location still knows nothing, and what was sold stays as it was
    assert np.isnan(filled.demand[3]).all() and filled.sales.tobytes() == panel.sales.tobytes()


def test_the_old_one_runs_down_to_its_end_while_the_new_one_rises():
    series = SERIES.assign(last_day=[7, NO_END, NO_END, NO_END])
    pairs = successions(relation(), series, first=FIRST)
    # cutoff at day 4: columns are days 5 to 9; hand-over on day 6, the old one's last day is 7: 1/3 and 2/3 are gone
    mean = np.full((4, 5), 3.0)
    result = handed_over(mean, pairs, series, last_day=4)
    assert result[0].tolist() == pytest.approx([3.0, 2.0, 1.0, 0.0, 0.0])
    assert result[2].tolist() == pytest.approx([0.0, 1.0, 2.0, 3.0, 3.0])
    assert result[[1, 3]].tolist() == mean[[1, 3]].tolist()


def test_without_a_declared_end_customers_pass_over_in_a_fortnight():
    pairs = successions(relation(), SERIES, first=FIRST)
    result = handed_over(np.ones((4, 20)), pairs, SERIES, last_day=4)
    # on each day of the hand-over the two together sell what one did
    assert (result[0] + result[2])[1:].tolist() == pytest.approx([1.0] * 19)
    assert np.flatnonzero(result[0] == 0.0)[0] == 1 + HAND_OVER_DAYS


def test_a_hand_over_in_the_past_is_left_to_the_sales():
    pairs = successions(relation(), SERIES, first=FIRST)
    mean = np.ones((4, 3))
    assert handed_over(mean, pairs, SERIES, last_day=6).tolist() == mean.tolist()


def test_a_successor_is_forecast_at_the_rate_of_its_predecessor(make_chain):
    cutoff = pd.Timestamp("2024-02-24")
    skus = pd.DataFrame(
        {"sku": ["K0", "K1", "NEW"], "category": ["A", "B", "A"], "unit_price": 10.0,
         "launch_date": ["", "", "2024-02-27"], "end_date": ["2024-02-26", "", ""]}
    )  # fmt: skip
    assortment = pd.DataFrame({"sku": ["NEW", "NEW"], "location": ["S0", "S1"]})
    kwargs = {"n_skus": 2, "n_stores": 2, "n_days": 56, "rate": 6.0, "skus": skus, "assortment": assortment}
    chain = make_chain(**kwargs)
    base = chain.tables["relations"]
    row = pd.DataFrame([{"sku": "K0", "other": "NEW", "kind": "successor", "ratio": 2.0}], columns=base.columns)
    related = chain.replace(relations=pd.concat([base, row]).astype(base.dtypes.to_dict()))
    forecast = related.forecast(cutoff, related.fit(cutoff), 7)
    mean = pd.DataFrame(forecast.mean, index=forecast.series["sku"]).groupby(level=0).sum()
    # it begins on the third day and sells twice what K0 sold, and K1 sells; K0 ends the day before
    assert mean.loc["NEW"][:2].tolist() == [0, 0] and mean.loc["K0"][2:].sum() == 0
    assert mean.loc["NEW"][2:].sum() == pytest.approx(2 * mean.loc["K1"][2:].sum(), rel=0.25)
