"""Scores random cases with utilsforecast; runs in an environment of its own and imports nothing of ours.

Reads cases as JSON from a file and prints the metrics as JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from utilsforecast import losses


def long_table(forecast, actual):
    """Series and days as the library wants them."""
    n_series, horizon = np.shape(actual)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n_series), horizon),
            "ds": np.tile(np.arange(100, 100 + horizon), n_series),
            "y": np.ravel(actual).astype(float),
            "model": np.ravel(forecast).astype(float),
        }
    )


def scores(case):
    """Every metric that both sides know, by series."""
    table = long_table(case["forecast"], case["actual"])
    n_series, n_days = np.shape(case["history"])
    past = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n_series), n_days),
            "ds": np.tile(np.arange(n_days), n_series),
            "y": np.ravel(case["history"]).astype(float),
        }
    )
    level = case["level"]
    computed = {
        "mae": losses.mae(table, ["model"]),
        "rmse": losses.rmse(table, ["model"]),
        "wape": losses.nd(table, ["model"]),
        "mean_error": losses.bias(table, ["model"]),
        "mase": losses.mase(table, ["model"], seasonality=case["season"], train_df=past),
        "rmsse": losses.rmsse(table, ["model"], seasonality=1, train_df=past),
        "pinball": losses.quantile_loss(table, {"model": "model"}, q=level),
        "scaled_pinball": losses.scaled_quantile_loss(table, {"model": "model"}, q=level, seasonality=1, train_df=past),
        "coverage": losses.calibration(table, {"model": "model"}),
    }
    levels = np.array([level, 0.95])
    bands = table.drop(columns="model").assign(low=table["model"], high=table["model"] + 1.0)
    computed["mean_pinball"] = losses.mqloss(bands, {"model": ["low", "high"]}, quantiles=levels)
    return {name: frame.sort_values("unique_id")["model"].astype(float).tolist() for name, frame in computed.items()}


def main():
    """Score the cases of the file named first."""
    cases = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    print(json.dumps([scores(case) for case in cases]))


if __name__ == "__main__":
    main()
