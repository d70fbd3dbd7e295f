"""The paired test of a challenger: only weeks that neither model has seen, and only a clear win counts."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest

from experiments import challenger as room
from experiments.challenger import Trial, try_challenger
from experiments.world import WorldConfig, build_world, write_world
from forecasting.config import ForecastConfig
from forecasting.forecaster import Forecaster
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.graph import build_network
from network.ingest import Chain, load_chain
from network.snapshot import snapshot_at

QUICK = ForecastConfig(max_rounds=5, n_origins=1, max_training_rows=3000, threads=1)
LAST = pd.Timestamp("2025-11-05")
FITTED = LAST - pd.Timedelta(days=35)


@cache
def chain() -> Chain:
    with TemporaryDirectory() as folder:
        write_world(build_world(WorldConfig(n_skus=9, n_stores=4, n_days=150)), Path(folder))
        return load_chain(Path(folder))


@cache
def model() -> Forecaster:
    snapshot = snapshot_at(chain().tables, chain().settings, FITTED)
    return fit_forecaster(snapshot, build_network(snapshot), QUICK)


def threefold() -> Forecaster:
    """The same model, fitted a day earlier; the patch below makes it forecast three times as much."""
    return dataclasses.replace(model(), fitted_at=f"{FITTED - pd.Timedelta(days=1):%Y-%m-%d}")


def tried(champion: Forecaster, other: Forecaster) -> Trial:
    return try_challenger(champion, other, chain().tables, chain().settings, last_day=LAST)


def test_a_model_does_not_beat_itself() -> None:
    trial = tried(model(), model())
    assert (trial.value_added, trial.low, trial.high, trial.is_won) == (0.0, 0.0, 0.0, False)
    assert trial.n_origins == 5  # 35 days after the fit: origins on days 0, 7, 14, 21, 28


def test_the_better_model_wins_and_the_worse_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def forecast(*arguments: object) -> object:
        made = forecast_demand(*arguments)  # type: ignore[arg-type]
        is_worse = arguments[2].fitted_at == threefold().fitted_at  # type: ignore[attr-defined]
        return made.replace(mean=made.mean * 3) if is_worse else made

    monkeypatch.setattr(room, "forecast_demand", forecast)
    better, worse = tried(threefold(), model()), tried(model(), threefold())
    assert better.is_won and better.low > 0
    assert not worse.is_won and worse.value_added < 0


def test_weeks_that_a_model_was_fitted_on_do_not_count() -> None:
    late = dataclasses.replace(model(), fitted_at=f"{LAST - pd.Timedelta(days=10):%Y-%m-%d}")
    trial = tried(model(), late)
    assert trial.n_origins == 1 and not trial.is_won and np.isnan(trial.value_added)
    assert "2025-11-16" in trial.why  # three weeks after the 26th of October


def test_no_origin_sees_what_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def spy(*arguments: object) -> object:
        snapshot = snapshot_at(*arguments)  # type: ignore[arg-type]
        seen.append((snapshot.cutoff, snapshot.table("sales")["date"].max()))
        return snapshot

    monkeypatch.setattr(room, "snapshot_at", spy)
    tried(model(), model())
    assert len(seen) == 6 and all(last <= cutoff for cutoff, last in seen)
