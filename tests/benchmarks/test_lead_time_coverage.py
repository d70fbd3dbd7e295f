"""The coverage benchmark: its figures by hand, and that nothing after the cutoff reaches what it writes."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks._interval_scores import (
    DAILY_LEVELS,
    clustered_error,
    equally_covering,
    figures,
    interval_rows,
    pooled_rows,
    pooled_summary,
)
from benchmarks.lead_time_coverage import (
    Source,
    booked,
    cumulative_quantiles,
    forecast_at,
    origins_of,
    what_came,
    with_skus,
)
from experiments.world import promotion_story_world, write_world
from forecasting.config import ForecastConfig
from forecasting.forecast import Forecast
from network.ingest import load_chain


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The smallest chain there is, with its latent demand."""
    folder: Path = tmp_path_factory.mktemp("story")
    world = promotion_story_world()
    write_world(world, folder)
    return Source("story", load_chain(folder), world.truth["latent_demand"])


def test_errors_of_a_mean_grow_where_clusters_agree():
    # four values +1 +1 -1 -1 around mean 0: alone sqrt(4/3 * 4) / 4 = 0.577; as two clusters sqrt(2 * (4 + 4)) / 4 = 1
    values = np.array([1.0, 1.0, -1.0, -1.0])
    assert clustered_error(values, np.arange(4)) == pytest.approx(np.sqrt(4 / 3 * 4) / 4)
    assert clustered_error(values, np.array([0, 0, 1, 1])) == pytest.approx(1.0)


def test_sums_of_daily_quantiles_are_read_where_they_cover_as_often():
    # sums rise from 0 to 1 with the level's position; half of demand 0.25 and half 0.75 is covered half from 0.25 on
    sums = np.tile(np.linspace(0, 1, len(DAILY_LEVELS)), (4, 1))
    rows = pd.DataFrame(sums, columns=[f"d{value:g}" for value in DAILY_LEVELS])
    read, _ = equally_covering(rows.assign(demand=[0.25, 0.25, 0.75, 0.75]), 0.5)
    assert read == pytest.approx(0.25, abs=1e-6)


def test_a_poisson_forecast_covers_poisson_demand_and_beats_sums_of_daily_quantiles():
    random = np.random.default_rng(0)
    n, rate = 3000, 0.8
    forecast = Forecast.from_rates(np.full((n, 7), rate), [f"{i:04d}" for i in range(n)], location=["x"] * n)
    demand = random.poisson(rate, (n, 7)).astype(float)
    rows = interval_rows(forecast, demand, np.ones((n, 7), bool), origin="one", seed=0)
    week = figures(rows[rows["length"] == 7])
    assert week["coverage_0.9"] == pytest.approx(0.9, abs=0.02)
    assert week["low_0.9"] < 0.9 < week["high_0.9"]
    assert week["against_daily"] < -0.1 and week["raw_coverage_daily"] > 0.95


def test_pooled_poisson_demand_is_covered_by_sku_and_chain():
    random = np.random.default_rng(1)
    keys = [(f"K{k:03d}", f"S{j}") for k in range(150) for j in range(4)]
    rates = np.full((len(keys), 3), 2.0)
    forecast = Forecast.from_rates(rates, [key[0] for key in keys], location=[key[1] for key in keys])
    demand = random.poisson(rates).astype(float)
    rows = pooled_rows(forecast, demand, np.ones(rates.shape, bool), origin="one", seed=0)
    found = pooled_summary(rows)["3"]
    # 4 places x 3 days x 2 units
    assert found["sku"]["n"] == 150 and found["sku"]["mean_demand"] == pytest.approx(24, rel=0.05)
    assert found["chain"]["n"] == 1 and found["sku"]["coverage_0.9"] == pytest.approx(0.9, abs=0.06)


def test_latent_demand_is_booked_to_the_first_server():
    latent = pd.DataFrame({"zone": ["Z"], "channel": ["walk_in"], "sku": ["K"], "units": [3]})
    serving = pd.DataFrame(
        {"zone": ["Z", "Z"], "channel": ["walk_in"] * 2, "location": ["FAR", "NEAR"], "priority": [2, 1]}
    )
    assert booked(latent, serving)["location"].tolist() == ["NEAR"]


def test_nothing_after_the_cutoff_changes_a_bit_of_what_is_written(story):
    cutoff = story.chain.tables["sales"]["date"].max() - pd.Timedelta(days=14)
    config = ForecastConfig(horizon_days=7, threads=1, max_rounds=20)
    before = cumulative_quantiles(forecast_at(story, cutoff, horizon=7, config=config))
    sales = story.chain.tables["sales"].copy()
    later = sales["date"] > cutoff
    sales.loc[later, "units"] = 7 * sales.loc[later, "units"].to_numpy()[::-1] + 1
    chain = dataclasses.replace(story.chain, tables={**story.chain.tables, "sales": sales})
    other = dataclasses.replace(story, chain=chain, latent=None)
    after = cumulative_quantiles(forecast_at(other, cutoff, horizon=7, config=config))
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_what_came_is_latent_demand_of_the_days_after_the_cutoff(story):
    cutoff = story.chain.tables["sales"]["date"].max() - pd.Timedelta(days=14)
    config = ForecastConfig(horizon_days=7, threads=1, max_rounds=20)
    forecast = forecast_at(story, cutoff, horizon=7, config=config).wanted
    demand, usable = what_came(story, forecast, 7)
    days = story.latent["date"].between(cutoff + pd.Timedelta(days=1), cutoff + pd.Timedelta(days=7))
    assert demand.sum() == story.latent.loc[days, "units"].sum()
    assert usable.any()


def test_origins_lie_closer_on_a_short_history(story):
    sales = pd.DataFrame({"date": pd.date_range("2024-03-28", periods=76)})
    tables = {**story.chain.tables, "sales": sales}
    short = dataclasses.replace(story, chain=dataclasses.replace(story.chain, tables=tables), latent=None)
    cutoffs = origins_of(short, horizon=7, n_origins=4, gap_days=None)
    # last day 11 June, 75 days after the first; 45% of them are 33, shared by three gaps: 11 days
    assert cutoffs[-1] == pd.Timestamp("2024-06-04")
    assert (np.diff(cutoffs) == np.timedelta64(11, "D")).all()


def test_a_subset_of_skus_is_the_same_in_every_table(story):
    one = with_skus(story, 1).chain.tables
    assert len(one["skus"]) == 1
    assert set(one["sales"]["sku"].astype(str)) <= set(one["skus"]["sku"].astype(str))
    assert len(one["locations"]) == len(story.chain.tables["locations"])
