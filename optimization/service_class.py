"""Classes of SKUs computed from their sales, ABC by value and XYZ by variability, and the service goals of a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.economics import sku_economics
from optimization.config import PlanConfig

if TYPE_CHECKING:
    from network.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
DAYS_PER_WEEK = 7
# Sales of half a year tell the class: long enough for slow movers, short enough to follow the range [weeks].
CLASS_WEEKS = 26


def abc_classes(value: Floats, cuts: tuple[float, float]) -> npt.NDArray[np.str_]:
    """Class A for the SKUs that together make the first share of all value, B up to the second, C for the rest, (n,).

    The SKU that crosses a share still belongs to the better class. Source: Dickie 1951; Silver, Pyke and Thomas 2017,
    section 2.3. Example: values 60, 25, 9, 4, 2 and cuts 0.80 and 0.95 give A, A, B, B, C: before the second 60% are
    covered, before the third 85%, before the fourth 94%, before the last 98%.

    Parameters
    ----------
    value
        (n,) value sold [money]; equal values keep their order.
    cuts
        Shares of all value at which A and B end.
    """
    order = np.argsort(-value, kind="stable")
    ranked = value[order]
    before = (np.cumsum(ranked) - ranked) / max(float(ranked.sum()), np.finfo(np.float64).tiny)
    found = np.where((before < cuts[0]) & (ranked > 0), "A", np.where((before < cuts[1]) & (ranked > 0), "B", "C"))
    classes = np.empty(value.size, dtype="<U1")
    classes[order] = found
    return classes


def xyz_classes(variation: Floats, cuts: tuple[float, float]) -> npt.NDArray[np.str_]:
    """Class X up to the first coefficient of variation, Y up to the second, Z beyond or where it is unknown, (n,)."""
    steady = np.nan_to_num(variation, nan=np.inf)
    return np.where(steady <= cuts[0], "X", np.where(steady <= cuts[1], "Y", "Z"))


def service_classes(snapshot: Snapshot, config: PlanConfig) -> pd.Series:
    """Class of every SKU, such as `AX`, from its sales of the last half year.

    Value is units at the regular price; variability the standard deviation of weekly units over their mean, from the
    week of the first sale on. A SKU without a sale is CZ.

    Parameters
    ----------
    snapshot
        Sales known at the cutoff.
    config
        Cut-offs.
    """
    money = sku_economics(snapshot).set_index("sku")["unit_price"]
    sales = snapshot.table("sales")
    age = (snapshot.cutoff - sales["date"].dt.normalize()).dt.days // DAYS_PER_WEEK
    recent = age < CLASS_WEEKS
    weekly = np.zeros((len(money), CLASS_WEEKS))
    row = money.index.get_indexer(sales.loc[recent, "sku"])
    week = CLASS_WEEKS - 1 - age[recent].to_numpy(dtype=np.int64)
    np.add.at(weekly, (row, week), sales.loc[recent, "units"].fillna(0.0).to_numpy(dtype=np.float64))
    abc = abc_classes(weekly.sum(axis=1) * money.to_numpy(dtype=np.float64), config.abc_cuts)
    xyz = xyz_classes(_variation(weekly), config.xyz_cuts)
    return pd.Series(np.char.add(abc, xyz), index=money.index, dtype="str")


def _variation(weekly: Floats) -> Floats:
    """Standard deviation over mean of each row from its first sale on, (n,); NaN without two such weeks."""
    is_on = np.maximum.accumulate(weekly > 0, axis=1)
    n = is_on.sum(axis=1)
    total = np.where(is_on, weekly, 0.0)
    mean = total.sum(axis=1) / np.maximum(n, 1)
    spread = np.where(is_on, weekly - mean[:, None], 0.0)
    deviation = np.sqrt((spread**2).sum(axis=1) / np.maximum(n - 1, 1))
    ratio = np.where((n > 1) & (mean > 0), deviation / np.maximum(mean, 1e-12), np.nan)
    return np.asarray(ratio, dtype=np.float64)


def class_goals(classes: pd.Series, goals: Mapping[str, float]) -> Floats:
    """Goal of each class, (n,): that of the whole name, such as `AX`, else of its first letter; NaN without one.

    Parameters
    ----------
    classes
        (n,) names.
    goals
        Level in (0, 1) by name.
    """
    whole = classes.map(goals).astype("float64")
    found = whole.fillna(classes.str[:1].map(goals).astype("float64"))
    return np.asarray(found.to_numpy(), dtype=np.float64)
