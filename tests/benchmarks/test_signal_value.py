"""The ablation of signals on made-up files: paired intervals, and nothing known later moves a forecast."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from forecasting.config import ForecastConfig

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
QUICK = ForecastConfig(threads=1, n_origins=2, max_rounds=10, max_training_rows=3_000)


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """Import the parts of the benchmark as its script does."""
    sys.path.append(str(BENCHMARKS))
    import _signal_ablation
    import _signal_parts
    import _signal_scores
    import _signal_smoke
    import _signal_windows

    whole = ModuleType("signal_value_parts")
    for module in (_signal_ablation, _signal_parts, _signal_scores, _signal_smoke, _signal_windows):
        vars(whole).update({name: value for name, value in vars(module).items() if not name.startswith("__")})
    yield whole
    sys.path.remove(str(BENCHMARKS))


def test_an_improvement_is_a_share_of_the_error_without(bench: ModuleType) -> None:
    losses = np.array([[10.0, 8.0], [30.0, 28.0]])
    assert bench.improvement(losses) == pytest.approx(100 * 4 / 40)


def test_an_interval_holds_what_resampled_origins_can_give(bench: ModuleType) -> None:
    # two origins, -10% and +30%: half of the draws have each once (+10%), a quarter one of them twice
    losses = np.array([[10.0, 11.0], [10.0, 7.0]])
    assert bench.block_interval(losses, block=1) == pytest.approx((-10.0, 30.0))
    # drawn together they are always +10%
    assert bench.block_interval(losses, block=2) == pytest.approx((10.0, 10.0))


def test_errors_are_of_open_days_in_units(bench: ModuleType) -> None:
    days = pd.date_range("2024-01-01", periods=2)
    keys = {"sku": "A", "location": "S", "date": days}
    sales = pd.DataFrame({**keys, "units": [300.0, 0.0], "availability": [1.0, 0.0]})
    forecast = pd.DataFrame({**keys, "mean": [2.0, 9.0], "origin": days[0] - pd.Timedelta(days=1)})
    errors = bench.errors_by_origin({"none": forecast}, sales, unit_factor=0.01)
    assert errors[["none", "units"]].to_numpy().tolist() == [[1.0, 3.0]]


def test_a_placebo_has_the_same_values_half_a_year_later(bench: ModuleType) -> None:
    day = pd.Timestamp("2024-01-01")
    signals = pd.DataFrame({"date": [day], "known_at": [day + pd.Timedelta(days=1)], "value": [3.0]})
    moved = bench.placebo(signals)
    assert moved["date"].tolist() == [pd.Timestamp("2024-07-01")]
    assert (moved["known_at"] - moved["date"]).tolist() == [pd.Timedelta(days=1)]
    assert moved["value"].tolist() == [3.0]


@pytest.mark.parametrize("name", ["rossmann", "breakfast"])
def test_what_comes_after_an_origin_changes_no_bit_of_its_forecast(
    bench: ModuleType, tmp_path: Path, name: str
) -> None:
    file, dates, columns = {
        "rossmann": ("train.csv", "Date", ["Sales", "Customers"]),
        "breakfast": ("sales_12series_reconstructed.csv", "week_end_date", ["units", "visits", "hss"]),
    }[name]
    bench.MADE_UP[name](tmp_path)
    make = {"rossmann": bench.rossmann_part, "breakfast": bench.breakfast_part}[name]
    config = ForecastConfig(**{**QUICK.as_dict(), "horizon_days": 7})

    def forecast() -> pd.DataFrame:
        part = make(tmp_path, bench.Size(3, 1, 7), config)
        signals = part.tables["signals"]
        plain, fitted = bench.gated_forecasts(part, signals.iloc[:0])
        gated = bench.gated_forecasts(part, signals)[0]
        return pd.concat([plain, gated, bench.open_forecasts(part, signals, fitted)])

    before = forecast()
    origin = before["origin"].iloc[0]
    rows = pd.read_csv(tmp_path / file, dtype={"StateHoliday": "str"})
    is_later = pd.to_datetime(rows[dates]) > origin
    rows[columns] = rows[columns].astype(float)
    rows.loc[is_later, columns] *= np.random.default_rng(1).uniform(2, 9, (int(is_later.sum()), len(columns)))
    rows.to_csv(tmp_path / file, index=False)
    assert is_later.any()
    assert forecast().equals(before)


def test_the_window_that_holds_the_labels_of_the_tested_one_is_not_read(bench: ModuleType, tmp_path: Path) -> None:
    bench.made_up_cainiao(tmp_path, n_items=20)
    data = bench.read_labelled(tmp_path, n_items=0)
    path = tmp_path / "windows_all.parquet"
    rows = pd.read_parquet(path)
    pd.concat([rows, rows[rows["window"] == bench.TESTED].assign(window="sub")]).to_parquet(path)
    assert set(bench.read_labelled(tmp_path, n_items=0).window) == {*bench.TRAINED, bench.TESTED}
    assert len(data.label) == 4 * 20 * 3  # four windows, twenty items, three warehouses; the nation is no series


def test_labels_of_the_tested_window_change_no_forecast_and_no_verdict(bench: ModuleType, tmp_path: Path) -> None:
    bench.made_up_cainiao(tmp_path)
    columns = bench.FAMILIES["traffic"]

    def decided() -> tuple[np.ndarray, pd.DataFrame]:
        data = bench.read_labelled(tmp_path, n_items=0)
        plain = {
            window: bench.predicted(data, (), *bench.held_out(data, window), config=QUICK) for window in bench.TRAINED
        }
        tested = bench.predicted(data, columns, *bench.held_out(data, bench.TESTED), config=QUICK)
        return tested, bench.gate(data, plain, columns, config=QUICK)

    mean, verdicts = decided()
    path = tmp_path / "windows_all.parquet"
    rows = pd.read_parquet(path)
    rows.loc[rows["window"] == bench.TESTED, "label_14d_qty"] += 100.0
    rows.to_parquet(path)
    again, same = decided()
    assert np.array_equal(again, mean)
    assert same.equals(verdicts)


def test_shuffled_signals_stay_inside_their_window(bench: ModuleType, tmp_path: Path) -> None:
    bench.made_up_cainiao(tmp_path, n_items=20)
    data = bench.read_labelled(tmp_path, n_items=0)
    mock = bench.shuffled(data, ("pv_uv",))
    for window in bench.TRAINED:
        rows = data.window == window
        assert not np.array_equal(mock.signals["pv_uv"][rows], data.signals["pv_uv"][rows])
        assert np.array_equal(
            np.sort(mock.signals["pv_uv"][rows], axis=0), np.sort(data.signals["pv_uv"][rows], axis=0)
        )
    assert mock.signals["cart_uv"] is data.signals["cart_uv"]
