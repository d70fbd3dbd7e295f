"""The Rossmann benchmark on made-up files: nothing after the cutoff that is not known ahead moves a bit."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from forecasting.config import ForecastConfig

ROOT = Path(__file__).resolve().parents[2]
QUICK = ForecastConfig(
    horizon_days=14, threads=1, objective="relative", max_signals=0, n_origins=2, max_rounds=20, max_training_rows=6_000
)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rossmann_benchmark", ROOT / "benchmarks" / "rossmann.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(bench: ModuleType, tmp_path: Path) -> Path:
    bench.made_up_data(tmp_path, n_stores=4, n_days=120)
    return tmp_path


def test_what_comes_after_the_cutoff_changes_no_bit_of_the_forecast(bench: ModuleType, data: Path) -> None:
    cutoff = pd.Timestamp("2015-05-20")
    plain = bench.forecast_at(data, cutoff, QUICK)
    path = data / "train.csv"
    rows = pd.read_csv(path, dtype={"StateHoliday": str})
    later = pd.to_datetime(rows["Date"]) > cutoff
    rows[["Sales", "Customers"]] = rows[["Sales", "Customers"]].astype(float)
    rows.loc[later, ["Sales", "Customers"]] *= np.random.default_rng(1).uniform(0, 9, (int(later.sum()), 2))
    rows.to_csv(path, index=False)
    assert bench.forecast_at(data, cutoff, QUICK).equals(plain)
    rows.loc[later, ["Sales", "Customers"]] = np.nan
    rows.to_csv(path, index=False)
    assert bench.forecast_at(data, cutoff, QUICK).equals(plain)


def test_a_forecast_names_every_store_day_and_closed_days_are_zero(bench: ModuleType, data: Path) -> None:
    table = bench.forecast_at(data, pd.Timestamp("2015-05-20"), QUICK)
    assert len(table) == 4 * 14
    assert list(table.columns[:3]) == ["Store", "date", "mean"]
    quantiles = table[[f"q{level:g}" for level in bench.LEVELS]].to_numpy()
    assert quantiles.shape[1] == 19
    assert (np.diff(quantiles, axis=1) >= 0).all()
    is_sunday = (table["date"].dt.day_of_week == 6).to_numpy()
    assert (table.loc[is_sunday, "mean"] == 0).all()
    assert (table.loc[~is_sunday, "mean"] > 0).all()
    scores = bench.scorer.score(table, data)
    assert scores["n_rows"] == int((~is_sunday).sum())


def test_rmspe_is_relative_and_leaves_closed_days_out(bench: ModuleType, tmp_path: Path) -> None:
    days = pd.date_range("2015-06-01", periods=3)
    actual = pd.DataFrame({"Store": 1, "Date": days, "Sales": [100, 200, 0]})
    actual.to_csv(tmp_path / "train.csv", index=False)
    forecast = pd.DataFrame({"Store": 1, "date": days, "mean": [110.0, 150.0, 77.0]})
    scores = bench.scorer.score(forecast, tmp_path)
    # relative errors 0.1 and -0.25
    assert scores["rmspe"] == pytest.approx(np.sqrt((0.1**2 + 0.25**2) / 2))
    assert scores["bias"] == pytest.approx(-40 / 300)
    with pytest.raises(ValueError, match="have no forecast"):
        bench.scorer.score(forecast.assign(Store=2), tmp_path / "train.csv")
