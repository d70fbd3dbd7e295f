"""Compares our metrics with utilsforecast's on random cases, each in its own environment; prints one JSON line.

utilsforecast wants another pandas than ours, so it runs in an environment of its own, made once. Signs and factors
agree: error = forecast - actual, pinball without the factor 2.

    python benchmarks/metrics_oracle.py [--cases 200] [--smoke]
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from _own_environment import own_python, run_there

from forecasting import metrics

REQUIREMENTS = ("utilsforecast==0.2.17",)
# Largest relative difference that rounding explains.
TOLERANCE = 1e-9


def cases(n: int, seed: int) -> list[dict[str, object]]:
    """Random series whose history begins with a sale: utilsforecast scales by the whole history."""
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(n):
        n_series, horizon, n_days = (
            int(random.integers(1, 6)),
            int(random.integers(1, 29)),
            int(random.integers(20, 90)),
        )
        history = random.poisson(random.gamma(1.0, 5.0), (n_series, n_days)).astype(float)
        history[:, 0] += 1.0
        drawn.append(
            {
                "forecast": random.gamma(2.0, 2.0, (n_series, horizon)).tolist(),
                "actual": (random.poisson(3.0, (n_series, horizon)) + (random.random((n_series, 1)) < 0.5)).tolist(),
                "history": history.tolist(),
                "level": round(float(random.uniform(0.05, 0.9)), 3),
                "season": int(random.integers(1, 8)),
            }
        )
    return drawn


def our_scores(case: dict[str, object]) -> dict[str, list[float]]:
    """The same metrics by series."""
    forecast, actual, history = (np.array(case[name], dtype=float) for name in ("forecast", "actual", "history"))
    level, season = float(case["level"]), int(case["season"])
    rows = range(forecast.shape[0])
    both = np.stack([forecast, forecast + 1.0], axis=-1)
    mean = actual.mean(axis=1)
    return {
        "mae": [metrics.mae(forecast[row], actual[row]) for row in rows],
        "rmse": [metrics.rmse(forecast[row], actual[row]) for row in rows],
        "wape": [metrics.wape(forecast[row], actual[row]) for row in rows],
        "mean_error": [metrics.bias(forecast[row], actual[row]) * float(mean[row]) for row in rows],
        "mase": metrics.mase(forecast, actual, history, season=season).tolist(),
        "rmsse": metrics.rmsse(forecast, actual, history).tolist(),
        "pinball": [metrics.pinball(forecast[row], actual[row], level) for row in rows],
        "scaled_pinball": metrics.scaled_pinball(forecast, actual, history, level=level).tolist(),
        "coverage": [metrics.coverage(forecast[row], actual[row]) for row in rows],
        "mean_pinball": [metrics.mean_pinball(both[row], actual[row], [level, 0.95]) for row in rows],
    }


def largest_differences(drawn: list[dict[str, object]]) -> tuple[dict[str, float], dict[str, int]]:
    """Largest relative difference and number of numbers compared, by metric."""
    python = own_python(REQUIREMENTS)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cases.json"
        file.write_text(json.dumps(drawn), "utf-8")
        theirs = json.loads(run_there(python, Path(__file__).with_name("_utilsforecast_side.py"), str(file)))
    worst: dict[str, float] = {}
    compared: dict[str, int] = {}
    for case, other in zip(drawn, theirs, strict=True):
        for name, values in our_scores(case).items():
            one, two = np.array(values), np.array(other[name], dtype=float)
            known = np.isfinite(one) & np.isfinite(two)
            gap = np.abs(one - two)[known] / np.maximum(np.abs(two[known]), 1.0)
            worst[name] = max(worst.get(name, 0.0), float(gap.max(initial=0.0)))
            compared[name] = compared.get(name, 0) + int(known.sum())
    return worst, compared


def main() -> None:
    """Compare and print; ends with code 1 if any metric differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="a few cases")
    a = parser.parse_args()
    worst, compared = largest_differences(cases(10 if a.smoke else a.cases, a.seed))
    is_equal = max(worst.values()) <= TOLERANCE
    print(json.dumps({"is_equal": is_equal, "largest_difference": worst, "compared": compared}))
    if not is_equal:
        sys.exit(1)


if __name__ == "__main__":
    main()
