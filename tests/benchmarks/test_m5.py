"""The M5 benchmark: its scores by hand, and that no demand after the cutoff reaches what it writes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.m5 import QUANTILE_NAMES, day_number, forecast_at, made_up_data, read_calendar, score
from forecasting.config import ForecastConfig

QUICK = ForecastConfig(horizon_days=7, threads=1, max_rounds=10, n_origins=2, max_signals=0)
LAST_DAY = 133


def spoiled(folder: Path, *, value: float) -> None:
    """Overwrite every demand after the cutoff."""
    for path in (*folder.glob("levels1_9*.parquet"), *folder.glob("sales_sample1000*.parquet")):
        table = pd.read_parquet(path)
        later = [name for name in table if name.startswith("d_") and int(name[2:]) > LAST_DAY]
        table[later] = value
        table.to_parquet(path, index=False)


def test_demand_after_the_cutoff_changes_no_bit_and_may_be_missing(tmp_path):
    made_up_data(tmp_path, n_days=140, n_ahead=7, n_states=1)
    before = forecast_at(tmp_path, LAST_DAY, QUICK, parts=("levels", "sample"))
    spoiled(tmp_path, value=float("nan"))
    after = forecast_at(tmp_path, LAST_DAY, QUICK, parts=("levels", "sample"))
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    values = before[["mean", *QUANTILE_NAMES]].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert sorted(before["d"].unique()) == [f"d_{LAST_DAY + step}" for step in range(1, 8)]
    levels = before[before["key"].notna()].pivot_table(index="level", columns="d", values="mean", aggfunc="sum")
    assert levels.to_numpy() == pytest.approx(np.tile(levels.loc[1].to_numpy(), (9, 1)))


def test_a_cutoff_is_a_day_name_or_a_date(tmp_path):
    made_up_data(tmp_path, n_days=10, n_ahead=7)
    calendar = read_calendar(tmp_path)
    assert day_number("d_12", calendar) == day_number("2011-02-09", calendar) == 12
    with pytest.raises(ValueError, match="no such day"):
        day_number("d_99", calendar)


def test_an_error_of_one_usual_change_scores_one(tmp_path):
    # demand alternates 10, 12: its squared one-day change is 4, so forecasts off by 2 on each day score 1 on any level
    days = [f"d_{day}" for day in range(1, 9)]
    rows = pd.DataFrame([[10.0, 12.0] * 4] * 9, columns=days)
    levels = pd.DataFrame({"key": [f"K{n}" for n in range(1, 10)], "level": range(1, 10)}).join(rows)
    levels.to_parquet(tmp_path / "levels1_9_d1_d8.parquet")
    weights = pd.DataFrame({"Level_id": [f"Level{n}" for n in range(1, 10)], "Agg_Level_1": levels["key"]})
    weights.assign(Agg_Level_2="X", Weight=1.0).to_parquet(tmp_path / "weights_validation.parquet")
    parts = [levels[["key"]].assign(d=day, mean=levels[day] + 2.0) for day in days[-2:]]
    result = score(pd.concat(parts).assign(id=None), tmp_path)
    assert result == pytest.approx({"wrmsse": 1.0, **{f"wrmsse_{level}": 1.0 for level in range(1, 10)}})
