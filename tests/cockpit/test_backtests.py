"""`tierflow backtest` from the chain folder to tables and report, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from cockpit.backtest_charts import histogram, reached_words, reliability, value_bar
from cockpit.cli import main
from experiments.world import WorldConfig, build_world, write_world

SETTINGS = "\n[plan.forecast]\nthreads = 1\nn_origins = 2\nmax_training_rows = 4000\nmax_rounds = 20\n"


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtests") / "chain"
    write_world(build_world(WorldConfig(n_skus=9, n_stores=4, n_days=120, seed=2)), folder)
    file = folder / "chain.toml"
    file.write_text(file.read_text("utf-8") + SETTINGS, "utf-8")
    return folder


def test_a_backtest_leaves_tables_and_a_report_and_is_made_once(chain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("backtest", chain, "--origins", 2, "--horizon", 7, "--no-ladder", "--json")
    assert run(*words) == 0
    first = json.loads(capfd.readouterr().out)
    folder = Path(first["folder"])
    assert folder.parent == chain / "backtests"
    metrics, fva = (pd.read_parquet(folder / f"{name}.parquet") for name in ("metrics", "fva"))
    assert {"naive", "best_baseline", "full_fit"} == set(metrics["step"])
    slices = {"all", "demand_class", "abc", "promotion", "launch_age", "empty_shelf_share", "tier", "category"}
    assert slices <= set(metrics["slice"])
    assert {"value_added", "low", "high"} <= set(fva.columns)
    forecasts = pd.read_parquet(folder / "forecasts.parquet")
    assert forecasts["cutoff"].nunique() == 2 and (forecasts["date"] > forecasts["cutoff"]).all()
    calibration = pd.read_parquet(folder / "calibration.parquet")
    assert set(calibration["length_days"]) == {1, 7}
    page = (folder / "backtest.html").read_text("utf-8")
    assert "Forecast value added" in page and "http://" not in page and "https://" not in page and "<script" not in page
    assert run("check", chain) == 0
    capfd.readouterr()
    stamp = (folder / "manifest.json").stat().st_mtime_ns
    assert run(*words) == 0
    captured = capfd.readouterr()
    assert json.loads(captured.out) == first
    assert "already" in captured.err and (folder / "manifest.json").stat().st_mtime_ns == stamp


def test_a_history_too_short_or_a_day_after_the_data_is_wrong_usage(
    chain: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("backtest", chain, "--origins", 40, "--out", tmp_path / "b") == 2
    assert "fewer origins" in capfd.readouterr().err
    assert run("backtest", chain, "--cutoff", "2090-01-01", "--out", tmp_path / "b") == 2
    assert "The sales end on" in capfd.readouterr().err
    assert not (tmp_path / "b").exists()


def test_pictures_say_in_words_what_they_show() -> None:
    bins = pd.DataFrame({"low": [0.0, 0.5], "high": [0.5, 0.9], "share": [0.4, 0.6], "reached": [0.4, 1.0]})
    assert "value added 10.0%, between 5.0% and 15.0%" in value_bar(0.1, 0.05, 0.15, scale=0.2)
    assert histogram(bins, "a <b>").count('class="bin"') == 2
    assert "a &lt;b&gt;" in histogram(bins, "a <b>")
    assert reliability([("one", bins)], "lines").count("curve") == 1
    assert reached_words(bins) == "40.0% at 0.5, 100.0% at 0.9"
