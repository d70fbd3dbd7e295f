"""Scores a benchmark's forecast file against what happened; prints the metrics as one JSON line.

    python benchmarks/score.py FORECAST ACTUALS --set rossmann|m5|freshretailnet [--history FOLDER] [--smoke]

FORECAST is the Parquet file a benchmark wrote: key columns, the date column, `mean` and quantiles `q0.05` ... `q0.95`.
ACTUALS is the publisher's folder or one file with the key columns and the actual. HISTORY is the publisher's folder
up to the cutoff, for metrics that are scaled by the past.
"""

import argparse
import importlib
import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

SETS = ("rossmann", "m5", "freshretailnet")
Score = Callable[..., dict[str, float]]


def scorer(name: str) -> Score:
    """Return the `score(forecast, actuals, *, history)` of a set.

    Raises
    ------
    SystemExit
        If the set has no scorer.
    """
    try:
        module = importlib.import_module(f"_score_{name}")
    except ModuleNotFoundError as error:
        if error.name != f"_score_{name}":
            raise
        sys.exit(f"score: there is no benchmarks/_score_{name}.py, so {name} cannot be scored")
    found: Score = module.score
    return found


def read_forecast(path: Path) -> pd.DataFrame:
    """Read a forecast and refuse one that no scorer can use.

    Raises
    ------
    SystemExit
        If it is not readable, empty, has no mean, or a mean that is missing, infinite or negative.
    """
    if not path.is_file():
        sys.exit(f"score: there is no forecast {path}")
    forecast = pd.read_parquet(path)
    if "mean" not in forecast.columns:
        sys.exit(f"score: {path.name} has no column `mean`; it has {', '.join(map(str, forecast.columns))}")
    if forecast.empty:
        sys.exit(f"score: {path.name} has no rows")
    mean = forecast["mean"].to_numpy(dtype=float)
    n_bad = int((~(mean >= 0) | ~pd.Series(mean).lt(math.inf).to_numpy()).sum())
    if n_bad:
        sys.exit(f"score: {n_bad:,} of {len(forecast):,} means in {path.name} are missing, infinite or negative")
    return forecast


def scored(name: str, forecast: pd.DataFrame, actuals: Path, *, history: Path | None) -> dict[str, float]:
    """Score, with a clear word where keys or columns do not match.

    Raises
    ------
    SystemExit
        If the forecast and the actuals have no key in common, or a column is missing.
    """
    if not actuals.exists():
        sys.exit(f"score: there is nothing at {actuals}")
    try:
        result = scorer(name)(forecast, actuals, history=history)
    except (KeyError, ValueError) as error:
        words = str(error.args[0]) if error.args else type(error).__name__
        keys = [column for column in forecast.columns if not str(column).startswith("q0.")]
        sys.exit(f"score: the forecast does not fit {actuals} ({name}): {words}; its key columns are {', '.join(keys)}")
    return {str(key): value for key, value in result.items()}


def smoke() -> dict[str, float]:
    """Score a made-up Rossmann forecast whose errors are known: 9 for 10 and 22 for 20, a closed day left out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        days = ["2015-01-05", "2015-01-06", "2015-01-05"]
        actuals = pd.DataFrame({"Store": [1, 1, 2], "Date": days, "Sales": [10, 0, 20]})
        actuals.to_csv(folder / "actuals.csv", index=False)
        forecast = pd.DataFrame({"Store": [1, 1, 2], "date": pd.to_datetime(days), "mean": [9.0, 5.0, 22.0]})
        forecast.to_parquet(folder / "forecast.parquet", index=False)
        return scored("rossmann", read_forecast(folder / "forecast.parquet"), folder / "actuals.csv", history=None)


def main() -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forecast", type=Path, nargs="?")
    parser.add_argument("actuals", type=Path, nargs="?")
    parser.add_argument("--set", choices=SETS, dest="name")
    parser.add_argument("--history", type=Path, help="the publisher's folder up to the cutoff")
    parser.add_argument("--smoke", action="store_true", help="score a made-up forecast")
    a = parser.parse_args()
    if a.smoke:
        print(json.dumps({"set": "rossmann", **smoke()}))
        return
    if a.forecast is None or a.actuals is None or a.name is None:
        parser.error("name FORECAST, ACTUALS and --set")
    result = scored(a.name, read_forecast(a.forecast), a.actuals, history=a.history)
    print(json.dumps({"set": a.name, **{key: None if value != value else value for key, value in result.items()}}))


if __name__ == "__main__":
    main()
