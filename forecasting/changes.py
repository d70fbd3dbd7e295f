"""What changed in a forecast since an earlier vintage, day for day: new data by driver family, then the refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.evidence import Evidence
from forecasting.explain import split_forecast

if TYPE_CHECKING:
    from forecasting.forecaster import Forecaster
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot

Ints = npt.NDArray[np.int64]

REFIT = "refit"


@dataclass(frozen=True, eq=False)
class Vintage:
    """What a forecast was made from."""

    forecaster: Forecaster
    snapshot: Snapshot
    network: SupplyNetwork


def forecast_changes(before: Vintage, after: Vintage, pairs: pd.DataFrame, *, days: int) -> pd.DataFrame:
    """Split the change of the forecast of the same calendar days into what came in and what was fitted anew.

    First the earlier models read the later data: the change of a family is its contribution there less its
    contribution in the earlier vintage. Then the later models read the later data: that step is the refit. The parts
    sum to the whole change; the order of the two steps is a convention.

    Parameters
    ----------
    before, after
        The vintages; ``after`` has the later cutoff.
    pairs
        sku, location of the series to look at; those without a forecast in both vintages are left out.
    days
        Days after the later cutoff, >= 1.

    Returns
    -------
    sku, location, part (driver family or ``refit``), before, after, change [units over the days]; before and after
    repeat the whole forecasts of the series.

    Raises
    ------
    ValueError
        If ``after`` is not later.
    """
    gap = (after.snapshot.cutoff - before.snapshot.cutoff).days
    if gap <= 0:
        raise ValueError(f"{after.snapshot.cutoff.date()} is not later than {before.snapshot.cutoff.date()}")
    then, now = _evidence(before, gap + days), _evidence(after, days)
    keys = pd.MultiIndex.from_frame(pairs[["sku", "location"]].astype("str").drop_duplicates())
    old_rows, new_rows = _rows(then, keys), _rows(now, keys)
    is_in_both = (old_rows >= 0) & (new_rows >= 0)
    keys, old_rows, new_rows = keys[is_in_both], old_rows[is_in_both], new_rows[is_in_both]
    old = _amounts(then, before.forecaster, old_rows, window=(gap, gap + days))
    carried = _amounts(now, before.forecaster, new_rows, window=(0, days))
    new = _amounts(now, after.forecaster, new_rows, window=(0, days))
    parts = (carried - old).assign(**{REFIT: new.sum(axis=1) - carried.sum(axis=1)})
    frame = parts.set_axis(keys).rename_axis(["sku", "location"]).reset_index()
    long = frame.assign(before=old.sum(axis=1).to_numpy(), after=new.sum(axis=1).to_numpy()).melt(
        id_vars=["sku", "location", "before", "after"], var_name="part", value_name="change"
    )
    ordered = long.sort_values(["sku", "location"], kind="stable", ignore_index=True)
    return ordered[["sku", "location", "part", "before", "after", "change"]].astype({"part": "str"})


def _evidence(vintage: Vintage, horizon: int) -> Evidence:
    return vintage.forecaster.evidence(vintage.snapshot, vintage.network, horizon=horizon)


def _rows(evidence: Evidence, keys: pd.MultiIndex) -> Ints:
    series = pd.MultiIndex.from_frame(evidence.panel.series[["sku", "location"]].astype("str"))
    return series.get_indexer(keys).astype(np.int64)


def _amounts(evidence: Evidence, forecaster: Forecaster, rows: Ints, *, window: tuple[int, int]) -> pd.DataFrame:
    """Contributions over the window, one row a series in the given order and one column a family."""
    split = split_forecast(evidence, forecaster, rows, windows=np.tile(np.array(window), (rows.size, 1)))
    families = split["family"].drop_duplicates().tolist()
    return pd.DataFrame(split["amount"].to_numpy().reshape(rows.size, len(families)), columns=families)
