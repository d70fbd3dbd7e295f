"""Backtests: baselines and value added by hand, and that no origin sees what came later."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from experiments.backtest import BacktestRequest, backtest, too_short
from experiments.backtest_baselines import naive_mean, weekly_errors
from experiments.backtest_steps import LadderStep, ladder
from experiments.backtest_value import Losses, beaten_slices, bootstrap_interval, series_blocks, value_added
from experiments.world import WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from network.ingest import Chain, load_chain
from network.snapshot import snapshot_at

QUICK = ForecastConfig(horizon_days=7, threads=1, n_origins=2, max_training_rows=4_000, max_rounds=20)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    folder = tmp_path_factory.mktemp("world")
    write_world(build_world(WorldConfig(n_skus=9, n_stores=4, n_days=120, seed=3)), folder)
    return load_chain(folder)


def request(chain: Chain, **changes: object) -> BacktestRequest:
    last = chain.tables["sales"]["date"].max()
    plain = BacktestRequest(last, n_origins=1, horizon=7, has_ladder=False, config=QUICK)
    return dataclasses.replace(plain, **changes)


def test_the_naive_forecast_is_the_last_same_weekday_that_was_seen() -> None:
    # days 0..8, origin 8: step 1 looks at day 2, step 2 at day 3 (hidden, and nothing a week before), step 7 at day 8
    demand = np.array([[0, 1, 2, np.nan, 4, 5, 6, 7, 8]], dtype=np.float32)
    assert naive_mean(demand, 8, horizon=8).tolist() == [[2, 0, 4, 5, 6, 7, 8, 2]]
    hidden = demand.copy()
    hidden[0, 8] = np.nan
    # day 8 hidden: its weekday was last seen on day 1
    assert naive_mean(hidden, 8, horizon=7)[0, 6] == 1


def test_weekly_errors_sum_observed_days_first() -> None:
    # week 1: 7 forecast, days worth 2 hidden, 3 of 5 sold: |5 - 3| = 2; the rest of one day: |1 - 4| = 3
    mean = np.ones((1, 8))
    demand = np.array([[1, 1, 1, 0, 0, np.nan, np.nan, 4.0]])
    assert weekly_errors(mean, demand).tolist() == [[2, 3]]


def test_value_added_by_hand_with_its_category() -> None:
    series = pd.DataFrame({"sku": ["a", "b"], "location": "x", "category": ["one", "two"]})
    before, after = np.array([[4.0, 2.0], [4.0, 2.0]]), np.array([[3.0, 2.0], [3.0, 2.0]])
    table = value_added([Losses("new", "old", after, before, "error")], series, seed=0).set_index("category")
    # 10 against 12, 6 against 8, 4 against 4
    assert table["value_added"].round(4).to_dict() == {"": 0.1667, "one": 0.25, "two": 0.0}
    assert table.loc["one", ["low", "high"]].tolist() == pytest.approx([0.25, 0.25])


def test_an_interval_holds_the_value_and_narrows_with_more_blocks() -> None:
    random = np.random.default_rng(0)
    before = random.gamma(4.0, 1.0, (6, 400))
    loss = before * random.uniform(0.7, 1.1, before.shape)
    value = 1 - loss.sum() / before.sum()
    wide = bootstrap_interval(loss, before, np.arange(400) % 5, seed=1)
    low, high = bootstrap_interval(loss, before, np.arange(400), seed=1)
    assert low < value < high and wide[0] < value < wide[1]
    assert bootstrap_interval(loss, before, np.arange(400), seed=1) == (low, high)


def test_series_are_drawn_by_location_where_there_are_few_skus() -> None:
    series = pd.DataFrame({"sku": "a", "location": [f"s{i}" for i in range(30)]})
    assert len(set(series_blocks(series))) == 30


def test_a_slice_is_beaten_by_its_summed_loss() -> None:
    names = np.array([["a", "b", "c"], ["a", "b", "c"]], dtype=object)
    ours, theirs = np.array([[1.0, 5, 0], [2, 1, 0]]), np.array([[2.0, 4, 0], [2, 2, 0]])
    demand = np.array([[5.0, 5, 0], [5, 5, 0]])
    # a: 3 against 4; b: 6 against 6; c has no demand
    table = beaten_slices(ours, theirs, demand, slices=names)
    assert table["is_beaten"].tolist() == [True, False]
    assert table["is_tied"].tolist() == [False, True]


def test_a_step_sees_only_its_families_and_plans(chain: Chain) -> None:
    snapshot = snapshot_at(chain.tables, chain.settings, chain.tables["sales"]["date"].max())
    blind = LadderStep("history", "", (), knows_plans=False).tables(snapshot)
    assert blind.table("signals").empty and blind.table("promotions").empty
    assert blind.table("calendar")["event"].isna().all() and len(blind.table("calendar"))
    assert blind.table("sales")["price"].isna().all() and not blind.table("sales")["is_promotion"].any()
    assert blind.table("sales")["units"].equals(snapshot.table("sales")["units"])
    search = LadderStep("search", "", ("search",)).tables(snapshot)
    assert set(search.table("signals")["family"]) == {"search"}
    names = [step.name for step in ladder(snapshot)]
    assert names[:3] == ["history", "calendar_price", "search"] and names[-1] == "full_fit"


def test_an_origin_never_sees_what_came_after_it(chain: Chain) -> None:
    asked = request(chain)
    sales = chain.tables["sales"]
    later = (sales["date"] > asked.cutoffs[0]).to_numpy()
    scrambled = sales.assign(units=np.where(later, sales["units"] * 3 + 5, sales["units"]))
    seen = backtest(chain.tables, chain.settings, asked)
    other = backtest({**chain.tables, "sales": scrambled}, chain.settings, asked)
    keys = ["sku", "location", "date"]
    columns = ["mean", "q0.5", "q0.9", "naive", "best_baseline"]
    both = seen.forecasts.merge(other.forecasts, on=keys, suffixes=("", "_other"))
    assert len(both) > 100 and (both["demand"] != both["demand_other"]).mean() > 0.3
    for name in columns:
        assert both[name].to_numpy().tobytes() == both[f"{name}_other"].to_numpy().tobytes()


def test_a_history_too_short_for_its_origins_is_said_so(chain: Chain) -> None:
    words = too_short(chain.tables["sales"], request(chain, n_origins=20))
    assert "The first of 20 origins" in words and "fewer origins" in words
    with pytest.raises(ValueError, match="fewer origins"):
        backtest(chain.tables, chain.settings, request(chain, n_origins=20))
