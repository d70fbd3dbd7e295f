"""Feature rows per second and core, ours against mlforecast's on the same panel in the same run; prints one JSON line.

Measured, each on one thread and in CPU seconds, best of three:
  plain       lags, rolling means and date features of every series and day, from our running sums (their sum included)
  mlforecast  the same features of the same rows by `MLForecast.preprocess`, in an environment of its own
  all         every feature of our model (`origin_at` and `rows_at`), rows as in training: any step ahead
The plain features of both are compared number by number.

    python benchmarks/features_speed.py [CHAIN] [--cutoff DATE] [--horizon 28] [--out FILE] [--series 2000] [--days 365]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# one thread for everybody, before numerical libraries load
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
import pandas as pd
from _own_environment import own_python, run_there

from forecasting.evidence import Evidence, build_evidence
from forecasting.features import LAST_DAYS, OWN_WINDOWS, feature_names, origin_at, rows_at
from forecasting.history import Rates, RunningSum
from forecasting.training import training_origins
from network.contracts import empty
from network.graph import build_network
from network.ingest import load_chain
from network.settings import settings_from_mapping
from network.snapshot import Snapshot, default_cutoff, snapshot_at

REQUIREMENTS = ("mlforecast==1.1.0",)
REPEATS = 3
# Rows of each origin in the measurement of all features.
ROWS_AN_ORIGIN = 20_000


def synthetic(n_series: int, n_days: int, seed: int = 0) -> Snapshot:
    """A chain of 20 stores whose every series sells every day: both sides then see the same numbers."""
    random = np.random.default_rng(seed)
    stores = [f"S{number:02d}" for number in range(20)]
    skus = [f"K{number:04d}" for number in range(-(-n_series // 20))]
    dates = pd.date_range("2024-01-01", periods=n_days)
    grid = pd.MultiIndex.from_product([skus, stores, dates], names=["sku", "location", "date"]).to_frame(index=False)
    rate = np.repeat(random.gamma(2.0, 2.0, len(skus) * len(stores)), n_days)
    tables = {
        "locations": pd.DataFrame({"location": stores, "tier": "store"}),
        "skus": pd.DataFrame({"sku": skus, "category": [f"C{number % 10}" for number in range(len(skus))]}),
        "sales": grid.assign(units=1.0 + random.poisson(rate), availability=1.0, channel="walk_in", is_promotion=False),
    }
    full = {name: canonical(name, frame) for name, frame in tables.items()}
    return snapshot_at(full, settings_from_mapping({"id": "synthetic"}), dates[-1])


def canonical(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Give a table every column of its contract, in its types."""
    types = empty(name).dtypes
    missing = {"i": 1, "b": False, "f": np.nan, "M": pd.NaT}
    columns = {
        column: frame[column] if column in frame else pd.Series([missing.get(kind.kind)] * len(frame))
        for column, kind in types.items()
    }
    return pd.DataFrame(columns).astype(types.to_dict())


def plain_features(evidence: Evidence) -> np.ndarray:
    """Lags, rolling means and date features of every series and day, (n_features, n_days, n_series)."""
    panel = evidence.panel
    seen = ~np.isnan(panel.demand)
    own = Rates(RunningSum.of(np.where(seen, panel.demand, np.float32(0))), RunningSum.of(seen))
    by_day = np.ascontiguousarray(panel.demand.T)
    dates = panel.dates
    calendar = np.column_stack([dates.day_of_week, dates.day, dates.month]).astype(np.float32)
    n_lags, n_own = len(LAST_DAYS), len(LAST_DAYS) + len(OWN_WINDOWS)
    table = np.empty((n_own + 3, panel.n_days, panel.n_series), dtype=np.float32)
    for column, back in enumerate(LAST_DAYS):
        table[column, : back + 1] = np.nan
        table[column, back + 1 :] = by_day[: -back - 1]
    for column, days in enumerate(OWN_WINDOWS, start=n_lags):
        own.each_day(range(-1, panel.n_days - 1), days, out=table[column])
    table[n_own:] = calendar.T[:, :, None]
    return table


def all_features(evidence: Evidence, horizon: int, n_origins: int) -> int:
    """Build every feature of training-like rows; return how many rows."""
    random = np.random.default_rng(0)
    n_series, total = evidence.panel.n_series, 0
    days = training_origins(evidence.last_day)[-n_origins:]
    for day in days:
        origin = origin_at(evidence, day, horizon=horizon)
        flat = np.sort(random.choice(n_series * horizon, min(ROWS_AN_ORIGIN, n_series * horizon), replace=False))
        total += rows_at(evidence, origin, flat // horizon, steps=flat % horizon + 1).shape[0]
    return total


def best(act: Callable[[], object], repeats: int) -> tuple[float, object]:
    """Least CPU seconds of several runs, and the last result."""
    seconds, result = [], None
    for _ in range(repeats):
        began = time.process_time()
        result = act()
        seconds.append(time.process_time() - began)
    return min(seconds), result


def theirs(evidence: Evidence, day: int, repeats: int) -> tuple[dict[str, object], np.ndarray]:
    """Run mlforecast on the same panel: what it took, and its features of one day."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "demand.npy", evidence.panel.demand)
        asked = {
            "demand": str(folder / "demand.npy"),
            "first": f"{evidence.panel.dates[0]:%Y-%m-%d}",
            "lags": [back + 1 for back in LAST_DAYS],
            "windows": list(OWN_WINDOWS),
            "day": day,
            "repeats": repeats,
            "out": str(folder / "features.npy"),
        }
        (folder / "asked.json").write_text(json.dumps(asked), "utf-8")
        script = Path(__file__).with_name("_mlforecast_side.py")
        printed = run_there(own_python(REQUIREMENTS), script, str(folder / "asked.json"))
        return json.loads(printed.strip().splitlines()[-1]), np.load(folder / "features.npy")


def measured(evidence: Evidence, horizon: int, *, n_origins: int, repeats: int) -> dict[str, object]:
    """All three speeds, their quotients, and the largest difference between the two sides' numbers."""
    day = evidence.last_day
    seconds, table = best(lambda: plain_features(evidence), repeats)
    other, at_day = theirs(evidence, day, repeats)
    mine = np.asarray(table)[:, day].T[:, : len(LAST_DAYS) + len(OWN_WINDOWS)]
    is_comparable = not np.isnan(evidence.panel.demand).any() and bool((evidence.panel.available == 1).all())
    gap = np.nanmax(np.abs(mine - at_day[:, : mine.shape[1]]) / np.maximum(np.abs(mine), 1.0))
    all_seconds, n_rows = best(lambda: all_features(evidence, horizon, n_origins), max(repeats - 1, 1))
    rows = evidence.panel.n_series * evidence.panel.n_days
    speeds = {"plain": rows / seconds, "mlforecast": other["rows"] / other["seconds"], "all": n_rows / all_seconds}
    return {
        "n_series": evidence.panel.n_series,
        "n_days": evidence.panel.n_days,
        "rows_per_second_and_core": {name: round(value) for name, value in speeds.items()},
        "features": {
            "plain": 3 + mine.shape[1],
            "mlforecast": len(other["columns"]),
            "all": len(feature_names(evidence)),
        },
        "times_mlforecast": round(speeds["plain"] / speeds["mlforecast"], 2),
        "times_mlforecast_all": round(speeds["all"] / speeds["mlforecast"], 2),
        "values_per_second_all": round(speeds["all"] * len(feature_names(evidence))),
        "largest_difference": float(gap) if is_comparable else None,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chain", type=Path, nargs="?", help="a chain folder; a synthetic panel by default")
    parser.add_argument("--cutoff", type=pd.Timestamp)
    parser.add_argument("--horizon", type=int, default=28)
    parser.add_argument("--out", type=Path, help="write the result there too")
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--origins", type=int, default=12)
    parser.add_argument("--smoke", action="store_true", help="a tiny panel")
    a = parser.parse_args()
    if a.smoke:
        a.series, a.days, a.origins = 60, 120, 2
    if a.chain is None:
        snapshot = synthetic(a.series, a.days)
    else:
        chain = load_chain(a.chain)
        snapshot = snapshot_at(chain.tables, chain.settings, a.cutoff or default_cutoff(chain.tables))
    evidence = build_evidence(snapshot, build_network(snapshot), horizon=a.horizon, max_signals=12)
    result = measured(evidence, a.horizon, n_origins=a.origins, repeats=1 if a.smoke else REPEATS)
    print(json.dumps(result, indent=1), file=sys.stderr)
    if a.out is not None:
        a.out.write_text(json.dumps(result) + "\n", "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
