"""Features computed from running sums equal slow ones read straight off the panel."""

import numpy as np
import pandas as pd
import pytest

from forecasting.evidence import build_evidence
from forecasting.features import ORIGIN_NAMES, feature_names, origin_at, rows_at
from network.check import check_tables
from network.graph import build_network
from network.settings import settings_from_mapping
from network.snapshot import snapshot_at

N_DAYS = 70


@pytest.fixture(scope="module")
def evidence():
    random = np.random.default_rng(4)
    dates = pd.date_range("2024-01-01", periods=N_DAYS, freq="D")
    grid = pd.MultiIndex.from_product([dates, ["K0", "K1", "K2"], ["S0", "S1"]], names=["date", "sku", "location"])
    sales = grid.to_frame(index=False)
    sales["units"] = random.poisson(2.0, len(sales))
    sales["availability"] = random.choice([0.0, 0.5, 1.0], len(sales), p=[0.1, 0.1, 0.8])
    sales.loc[sales["availability"] == 0, "units"] = 0
    raw = {
        "locations": pd.DataFrame({"location": ["DC", "S0", "S1"], "tier": ["central", "store", "store"]}),
        "skus": pd.DataFrame({"sku": ["K0", "K1", "K2"], "category": ["A", "A", "B"]}),
        "lanes": pd.DataFrame(
            {"origin": ["DC"], "destination": ["tier:store"], "mode": ["transfer"], "lead_time_days": [1]}
        ),
        "sales": sales,
        "stock": pd.DataFrame({"as_of": ["2024-03-10"], "sku": ["K0"], "location": ["S0"], "on_hand": [1]}),
    }
    settings = settings_from_mapping({"id": "oracle"})
    tables = check_tables({name: frame.astype("str") for name, frame in raw.items()}, settings).tables
    snapshot = snapshot_at(tables, settings, dates[-1])
    return build_evidence(snapshot, build_network(snapshot), horizon=7, max_signals=0)


def column(rows: np.ndarray, name: str, evidence) -> np.ndarray:
    return rows[:, feature_names(evidence).index(name)]


@pytest.mark.parametrize("day", [9, 40, 69])
def test_own_rates_equal_masked_means(evidence, day):
    origin = origin_at(evidence, day, horizon=7)
    panel = evidence.panel
    for days in (7, 28, 56):
        window = slice(max(day + 1 - days, 0), day + 1)
        weight = (~np.isnan(panel.demand[:, window])).astype(float)
        rate = (np.nan_to_num(panel.demand[:, window]) * weight).sum(axis=1) / weight.sum(axis=1)
        ours = origin.matrix[:, ORIGIN_NAMES.index(f"own_rate_{days}")] * origin.base
        assert ours == pytest.approx(rate, rel=1e-5)
    sold = np.nan_to_num(panel.demand[:, : day + 1]) > 0
    since = [day - np.flatnonzero(row)[-1] for row in sold]
    assert origin.matrix[:, ORIGIN_NAMES.index("days_since_sale")].tolist() == since


@pytest.mark.parametrize("step", [1, 3, 7])
def test_lags_are_the_last_same_weekdays_at_or_before_the_origin(evidence, step):
    day = 50
    origin = origin_at(evidence, day, horizon=7)
    series = np.arange(evidence.panel.n_series)
    rows = rows_at(evidence, origin, series, steps=np.full(series.size, step))
    lag = max(past for past in range(day + 1) if (day + step - past) % 7 == 0)
    expected = evidence.panel.demand[:, lag] / origin.base
    assert column(rows, "own_week_1", evidence) == pytest.approx(expected, nan_ok=True, rel=1e-5)
    assert column(rows, "weekday", evidence).tolist() == [(day + step) % 7] * series.size
    assert column(rows, "step", evidence).tolist() == [step] * series.size


def test_pool_trends_equal_sums_over_members(evidence):
    day = 45
    origin = origin_at(evidence, day, horizon=7)
    panel = evidence.panel
    weight = (~np.isnan(panel.demand)).astype(float)
    units = np.nan_to_num(panel.demand) * weight

    def rate(mask: np.ndarray, days: int) -> float:
        window = slice(day + 1 - days, day + 1)
        return units[mask, window].sum() / weight[mask, window].sum()

    ours = origin.matrix[:, ORIGIN_NAMES.index("sku_trend")]
    for row, sku in enumerate(panel.series["sku"]):
        members = (panel.series["sku"] == sku).to_numpy()
        assert ours[row] == pytest.approx(rate(members, 7) / rate(members, 28), rel=1e-5)


def test_an_origin_sees_nothing_after_itself(evidence):
    import dataclasses

    from forecasting.history import build_history

    panel, day = evidence.panel, 40
    scrambled = panel.demand.copy()
    scrambled[:, day + 1 :] = 99.0
    other_panel = dataclasses.replace(panel, demand=scrambled)
    other = dataclasses.replace(evidence, panel=other_panel, history=build_history(other_panel))
    series = np.arange(panel.n_series)
    steps = np.full(series.size, 5)
    one = rows_at(evidence, origin_at(evidence, day, horizon=7), series, steps=steps)
    two = rows_at(other, origin_at(other, day, horizon=7), series, steps=steps)
    assert np.array_equal(one, two, equal_nan=True)
    assert one.shape[1] == len(feature_names(evidence))
