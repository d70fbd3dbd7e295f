"""What other quantities of each of tonight's lines would be worth, and what they would leave unserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.expected_loss import LEVELS, demand_levels
from optimization.explain import LINE_KEY
from optimization.overrides import change_worth

if TYPE_CHECKING:
    from forecasting.forecast import Forecast
    from network.graph import SupplyNetwork
    from network.snapshot import Snapshot
    from optimization.decisions import Decisions
    from optimization.projection import Projection

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TIMES = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Quantities that are valued, as multiples of what is proposed."""
WORTH_COLUMNS = ("order_id", "lot", "volume_m3", "weight_kg", "expected_demand", "quantities", "gains", "unmet")


def quantity_worth(
    orders: pd.DataFrame,
    decisions: Decisions,
    *,
    forecast: Forecast,
    projection: Projection,
    targets: pd.DataFrame,
    snapshot: Snapshot,
    network: SupplyNetwork,
) -> pd.DataFrame:
    """Value other quantities of each new line on the finished plan, everything else left as it is.

    Trucks count at the price of full ones, as in `overrides`.

    Parameters
    ----------
    orders, decisions
        Orders of a plan and the plan.
    forecast, projection, targets
        Demand; expected stock with the plan; days that each point's order must cover.
    snapshot, network
        What was known.

    Returns
    -------
    `WORTH_COLUMNS`, one row a new line: units of one case, volume [m3] and weight [kg] of one unit (missing where
    unknown), expected demand of the destination's own customers over its protection interval, as the mean of the same
    quantiles that say what is unmet [units], and three lists
    of equal length: `quantities` [units, growing], `gains` against the proposed one [money], and `unmet` demand
    expected in that interval [units].
    """
    moves = decisions.moves.reset_index(drop=True)
    keys = moves[LINE_KEY].rename(columns={"mode": "kind"}).assign(line=range(len(moves)))
    names = ["order_id", *(name for name in LINE_KEY if name != "mode"), "kind", "quantity", "cases"]
    found = orders.loc[orders["action"] == "new", names].merge(keys, on=[*keys.columns[:-1]])
    was = found["quantity"].to_numpy(dtype=np.int64)
    lot = np.maximum(was // np.maximum(found["cases"].to_numpy(dtype=np.int64), 1), 1)
    wanted = (np.rint(np.outer(was, TIMES) / lot[:, None]) * lot[:, None]).astype(np.int64)
    wanted[:, TIMES.index(1.0)] = was
    line, column = np.nonzero(np.diff(wanted, axis=1, prepend=-1) > 0)
    lines = moves.iloc[found["line"].to_numpy()[line]].assign(quantity=(wanted - was[:, None])[line, column])
    gains = change_worth(lines.reset_index(drop=True), decisions, snapshot=snapshot, network=network)
    unmet, demand = _unmet(found, wanted, forecast, projection=projection, targets=targets)
    sizes = snapshot.table("skus").set_index("sku")[["volume_m3", "weight_kg"]].reindex(found["sku"])
    cuts = np.flatnonzero(np.diff(line)) + 1
    table = pd.DataFrame({"order_id": found["order_id"], "lot": lot, "expected_demand": demand})
    table = table.assign(volume_m3=sizes["volume_m3"].to_numpy(), weight_kg=sizes["weight_kg"].to_numpy())
    lists = {"quantities": wanted[line, column], "gains": gains.round(2), "unmet": unmet[line, column].round(3)}
    split = {name: np.split(values, cuts) if len(found) else [] for name, values in lists.items()}
    return table.assign(**{name: pd.Series(parts, dtype=object) for name, parts in split.items()})[[*WORTH_COLUMNS]]


def _unmet(
    found: pd.DataFrame, wanted: Ints, forecast: Forecast, *, projection: Projection, targets: pd.DataFrame
) -> tuple[Floats, Floats]:
    """Expected unmet demand with each quantity (m, k) and expected demand (m,) of the protection interval."""
    points = found[["sku"]].assign(location=found["destination"])
    row = projection.rows_of(points["sku"], points["location"])
    keys = pd.MultiIndex.from_frame(points)
    protected = targets.set_index(["sku", "location"])["protection_days"].reindex(keys).fillna(1)
    days = protected.clip(1, projection.horizon).to_numpy(dtype=np.int64)
    levels = np.maximum(demand_levels(forecast, points, days=days)[0], 0.0)
    last = days - 1
    arrives = ((found["due_date"] - projection.cutoff).dt.days - 1).to_numpy(dtype=np.int64) <= last
    supply = np.where(row >= 0, projection.own_supply_after[row, last], 0)
    change = (wanted - found["quantity"].to_numpy(dtype=np.int64)[:, None]) * arrives[:, None]
    unmet = np.zeros(wanted.shape)
    for level in range(LEVELS):
        unmet += np.maximum(levels[:, [level]] - supply[:, None] - change, 0.0) / LEVELS
    return unmet, levels.mean(axis=1)
