"""What each family of signals adds on the Cainiao windows: sums up to a cutoff, and the units of the 14 days after it.

The windows have no dates and five values a signal, too few for leads, so the product's global learner reads the rows as
they are: rates over several spans, and for an arm with a family its views and visitors per unit sold. Three labelled
windows train; `validation` tests. The gate is decided on the training windows alone: each is forecast from the other
two, and a family is on in a category where the lower bound of the deviance it takes away is above 0.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
from _signal_scores import N_BOOTSTRAP, valued

from examples.cainiao import NATION, read_windows
from forecasting.config import ForecastConfig
from forecasting.models.lightgbm_direct import fit_global_model
from forecasting.signal_gate import INTERVAL
from forecasting.training import LABEL_CAP_RATES, LABEL_CAP_UNITS, TWEEDIE_POWER, TrainingRows

Array = npt.NDArray[np.float64]

TRAINED = ("training", "testing", "eval")
TESTED = "validation"
HORIZON_DAYS = 14
N_SEEDS = 3
# More trees were worse on training windows that were held out.
MOST_ROUNDS = 30
FAMILIES = {
    "search": ("ss_pv_ipv", "ss_pv_uv"),
    "paid search": ("ztc_pv_ipv", "ztc_pv_uv"),
    "affiliate": ("tbk_pv_ipv", "tbk_pv_uv"),
    "flash sale": ("jhs_pv_ipv", "jhs_pv_uv"),
    "traffic": ("pv_ipv", "pv_uv"),
    "cart": ("cart_ipv", "cart_uv"),
    "collect": ("collect_uv",),
}
ALL_COLUMNS = tuple(column for columns in FAMILIES.values() for column in columns)
# In `validation` the sum of 90 days is that of 60.
RATE_DAYS = (3, 5, 7, 14, 30, 60)
# The base rate never falls below one unit in this many days.
SLOWEST_DAYS = 60


@dataclasses.dataclass(frozen=True, eq=False)
class Windows:
    """Labelled rows of regional warehouses.

    Parameters
    ----------
    window, item, category
        (n,) names.
    history
        (n, n_rates) features without signals.
    signals
        By column (n, 2): of the warehouse and of the nation, per unit sold, logarithms.
    base
        (n,) recent rate [units/day].
    label
        (n,) units of the next 14 days.
    """

    window: npt.NDArray[np.object_]
    item: npt.NDArray[np.int64]
    category: npt.NDArray[np.object_]
    history: Array
    signals: dict[str, Array]
    base: Array
    label: Array

    def features(self, columns: tuple[str, ...]) -> Array:
        """History and some signals, (n, n_features)."""
        return np.concatenate([self.history, *(self.signals[column] for column in columns)], axis=1)


def read_labelled(folder: Path, *, n_items: int) -> Windows:
    """Rows of the four windows with a label; the fifth, whose past holds the labels of `validation`, is left out.

    Parameters
    ----------
    folder
        The public file.
    n_items
        Items, evenly spread over their numbers; 0 takes all.
    """
    rows = read_windows(folder)
    rows = rows[rows["window"].isin([*TRAINED, TESTED])]
    items = np.sort(rows["item_id"].unique())
    if 0 < n_items < len(items):
        rows = rows[rows["item_id"].isin(items[np.linspace(0, len(items) - 1, n_items).astype(int)])]
    nation = rows[rows["store_code"] == NATION].set_index(["window", "item_id"])
    rows = rows[(rows["store_code"] != NATION) & rows["label_14d_qty"].notna()]
    keys = pd.MultiIndex.from_frame(rows[["window", "item_id"]])
    national = nation.reindex(keys).reset_index(drop=True)
    rows = rows.reset_index(drop=True)
    base, national_base = base_rate(rows), base_rate(national)
    rates = [np.log1p(rows[f"sales{days}"] / days / base) for days in RATE_DAYS]
    rates += [np.log1p(national[f"sales{days}"] / days / national_base) for days in (3, 7, 14)]
    rates += [np.log(base), np.log(national_base), np.log(base / national_base)]
    return Windows(
        window=rows["window"].to_numpy(dtype=object),
        item=rows["item_id"].to_numpy(dtype=np.int64),
        category=rows["cate_level_id"].astype("str").to_numpy(dtype=object),
        history=np.column_stack(rates).astype(np.float64),
        signals={
            column: np.column_stack([per_unit(rows[column], base), per_unit(national[column], national_base)])
            for column in ALL_COLUMNS
        },
        base=base.to_numpy(dtype=np.float64),
        label=rows["label_14d_qty"].to_numpy(dtype=np.float64),
    )


def base_rate(rows: pd.DataFrame) -> pd.Series:
    """Rate of the last 14 days pulled to that of the last 60 as if seen for two weeks more [units/day]."""
    rate = (rows["sales14"] + 14.0 * rows["sales60"] / 60.0) / 28.0
    return rate.clip(lower=1.0 / SLOWEST_DAYS).fillna(1.0 / SLOWEST_DAYS)


def per_unit(values: pd.Series, base: pd.Series) -> pd.Series:
    """Logarithm of a week's value against the units usual in a week."""
    return np.log1p(values) - np.log1p(7.0 * base)


def predicted(data: Windows, columns: tuple[str, ...], train: Array, test: Array, *, config: ForecastConfig) -> Array:
    """Units of the next 14 days of the test rows, mean over a few seeds, (n_test,).

    Parameters
    ----------
    data
        All rows.
    columns
        Signals that are read.
    train, test
        (n,) masks.
    config
        Threads.
    """
    features = data.features(columns).astype(np.float32)
    base = HORIZON_DAYS * data.base
    target = np.minimum(data.label, LABEL_CAP_RATES * base + LABEL_CAP_UNITS) / base
    weight = base ** (2.0 - TWEEDIE_POWER)
    rows = TrainingRows(features[train], target[train].astype(np.float32), weight[train].astype(np.float32))
    names = tuple(f"column_{number}" for number in range(features.shape[1]))
    total = np.zeros(int(test.sum()))
    for seed in range(N_SEEDS):
        model = fit_global_model(rows, names, config=dataclasses.replace(config, seed=seed))
        if model is None:
            raise ValueError(f"{int(train.sum())} training rows are too few; take more items")
        total += lightgbm.Booster(model_str=model.text).predict(features[test], num_threads=config.threads)
    return base[test] * total / N_SEEDS


def deviance(mean: Array, actual: Array) -> Array:
    """Poisson deviance of each row."""
    logs = np.where(actual > 0, actual * np.log(np.where(actual > 0, actual, 1.0) / mean), 0.0)
    return np.asarray(2.0 * (logs - actual + mean), dtype=np.float64)


def by_item(item: npt.NDArray[np.int64], *losses: Array) -> Array:
    """Losses summed by item, (n_items, n_losses): rows of an item stand or fall together."""
    return pd.DataFrame(dict(enumerate(losses))).groupby(item).sum().to_numpy(dtype=np.float64)


def gate(data: Windows, plain: dict[str, Array], columns: tuple[str, ...], *, config: ForecastConfig) -> pd.DataFrame:
    """Verdict by category from training windows only: value, low, high, is_on.

    Parameters
    ----------
    data
        All rows.
    plain
        By training window: its forecast without signals from the other windows.
    columns
        Signals that are judged.
    config
        As in `predicted`.
    """
    parts = []
    for window, without in plain.items():
        train, test = held_out(data, window)
        mean = predicted(data, columns, train, test, config=config)
        losses = {"without": deviance(without, data.label[test]), "with": deviance(mean, data.label[test])}
        block = [f"{window} {item}" for item in data.item[test]]
        parts.append(pd.DataFrame({**losses, "category": data.category[test], "block": block}))
    rows = []
    for category, found in pd.concat(parts, ignore_index=True).groupby("category"):
        sums = found.groupby("block")[["without", "with"]].sum().to_numpy()
        random = np.random.default_rng(len(sums))
        drawn = np.stack([sums[random.integers(0, len(sums), len(sums))].sum(axis=0) for _ in range(N_BOOTSTRAP)])
        low, high = np.quantile(1.0 - drawn[:, 1] / drawn[:, 0], INTERVAL)
        value = 1.0 - sums[:, 1].sum() / sums[:, 0].sum()
        rows.append({"category": str(category), "value": value, "low": low, "high": high, "is_on": bool(low > 0)})
    return pd.DataFrame(rows)


def held_out(data: Windows, window: str) -> tuple[Array, Array]:
    """Masks of the training windows but one, and of that one."""
    test = data.window == window
    return np.isin(data.window, TRAINED) & ~test, test


def shuffled(data: Windows, columns: tuple[str, ...]) -> Windows:
    """Signals of other rows of the same window: as wide as the true ones, and about something else."""
    random, order = np.random.default_rng(0), np.arange(len(data.item))
    for window in np.unique(data.window):
        rows = np.flatnonzero(data.window == window)
        order[rows] = random.permutation(rows)
    return dataclasses.replace(data, signals=data.signals | {name: data.signals[name][order] for name in columns})


def window_ablation(folder: Path, config: ForecastConfig, *, n_items: int) -> dict[str, object]:
    """Value of each family alone, and of all, against none, on `validation`.

    Parameters
    ----------
    folder
        The public file.
    config
        Threads.
    n_items
        0 takes all.
    """
    data = read_labelled(folder, n_items=n_items)
    config = dataclasses.replace(config, max_rounds=MOST_ROUNDS)
    train, test = held_out(data, TESTED)
    plain = {window: predicted(data, (), *held_out(data, window), config=config) for window in TRAINED}
    without, label = predicted(data, (), train, test, config=config), data.label[test]
    families = {}
    for name, columns in {**FAMILIES, "all": ALL_COLUMNS}.items():
        verdicts = gate(data, plain, columns, config=config)
        opened = predicted(data, columns, train, test, config=config)
        mock = predicted(shuffled(data, columns), columns, train, test, config=config)
        is_on = np.isin(data.category[test], verdicts.loc[verdicts["is_on"], "category"].to_numpy(dtype=object))
        errors = [np.abs(mean - label) for mean in (without, np.where(is_on, opened, without), opened, mock)]
        sums = by_item(data.item[test], *errors)
        families[name] = {
            **valued(sums[:, [0, 1]], block=1),
            "gate_open": valued(sums[:, [0, 2]], block=1),
            "gate_open_against_placebo": valued(sums[:, [3, 2]], block=1),
            "gate": gate_rows(verdicts),
        }
    naive = np.abs(HORIZON_DAYS * data.base[test] - label).sum() / label.sum()
    return {
        "set": "cainiao",
        "series": len(label),
        "horizon_days": HORIZON_DAYS,
        "origins": [TESTED],
        "wape_base_rate": round(float(naive), 4),
        "wape_without": round(float(np.abs(without - label).sum() / label.sum()), 4),
        "families": families,
    }


def gate_rows(verdicts: pd.DataFrame) -> list[dict[str, object]]:
    """Verdicts with values in per cent."""
    scaled = verdicts.assign(**{name: (100.0 * verdicts[name]).round(2) for name in ("value", "low", "high")})
    return scaled.to_dict("records")
