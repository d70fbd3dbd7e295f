"""The scoring script: what it refuses, and in which words."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, its folder importable as when it is run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("score_script", FOLDER / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_scorer(score: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set whose scorer sums errors over matched keys and refuses a file without a match."""
    module = ModuleType("_score_m5")

    def total(forecast: pd.DataFrame, actuals: Path, *, history: Path | None) -> dict[str, float]:
        rows = forecast.merge(pd.read_csv(actuals), on="id")
        if rows.empty:
            raise ValueError("no id of the forecast is in the actuals")
        return {"error": float((rows["mean"] - rows["actual"]).sum()), "spread": float("nan")}

    module.score = total  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "_score_m5", module)


def written(folder: Path, ids: list[str], mean: list[float]) -> Path:
    path = folder / "forecast.parquet"
    pd.DataFrame({"id": ids, "mean": mean}).to_parquet(path, index=False)
    return path


def test_metrics_are_one_json_line_and_what_is_no_number_is_null(
    score: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_scorer(score, monkeypatch)
    (tmp_path / "a.csv").write_text("id,actual\nA,3\nB,5\n", "utf-8")
    path = written(tmp_path, ["A", "B"], [4.0, 4.5])
    monkeypatch.setattr(sys, "argv", ["score.py", str(path), str(tmp_path / "a.csv"), "--set", "m5"])
    score.main()
    # errors +1 and -0.5
    assert capsys.readouterr().out == '{"set": "m5", "error": 0.5, "spread": null}\n'


def test_keys_that_do_not_match_are_named(score: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_scorer(score, monkeypatch)
    (tmp_path / "a.csv").write_text("id,actual\nA,3\n", "utf-8")
    with pytest.raises(SystemExit, match=r"no id of the forecast is in the actuals.*key columns are id, mean"):
        score.scored("m5", pd.DataFrame({"id": ["Z"], "mean": [1.0]}), tmp_path / "a.csv", history=None)


@pytest.mark.parametrize("mean", [[float("nan")], [float("inf")], [-1.0]])
def test_a_mean_that_is_no_demand_is_refused(score: ModuleType, tmp_path: Path, mean: list[float]) -> None:
    with pytest.raises(SystemExit, match="1 of 1 means"):
        score.read_forecast(written(tmp_path, ["A"], mean))


def test_a_forecast_without_rows_or_mean_is_refused(score: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="has no rows"):
        score.read_forecast(written(tmp_path, [], []))
    pd.DataFrame({"id": ["A"], "value": [1.0]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(SystemExit, match="no column `mean`; it has id, value"):
        score.read_forecast(tmp_path / "other.parquet")


def test_a_set_without_a_scorer_is_said_so(score: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"no benchmarks/_score_nothing\.py"):
        score.scorer("nothing")
