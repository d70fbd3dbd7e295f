"""Settings that go live for some locations first: both kinds of locations are planned together, once.

What a stock point should hold and what its stock costs is its own affair, so settings that shape only these may differ
from place to place. Flow, limits and trucks then run over all places with one set of settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.config import PlanConfig
from optimization.cost_curves import CostCurves

Ints = npt.NDArray[np.int64]
TARGET_SETTINGS = ("fill_rate_goals", "cycle_service_goals", "lead_time_level")
CURVE_SETTINGS = ("recourse_window", "commitment_premium", "ageing_weight")
# Left out: what decides between places (limits, trucks, laterals), what all share (horizon, classes of SKUs, number of
# breakpoints), and what only pools demand, which a warehouse does for switched and other places alike.
SWITCHABLE = (*TARGET_SETTINGS, *CURVE_SETTINGS)


@dataclass(frozen=True)
class Switch:
    """Other settings for some locations; part of the run id.

    Parameters
    ----------
    settings
        Values of some of `SWITCHABLE`, over the live ones.
    locations
        Where they hold, sorted.
    """

    settings: Mapping[str, Any]
    locations: tuple[str, ...]

    def over(self, live: PlanConfig) -> PlanConfig:
        """Return the settings of the switched locations."""
        return live.replace(**self.settings)

    def rows(self, location: pd.Series, names: tuple[str, ...]) -> Ints | None:
        """Rows of a live table followed by the same table under the switch, so that each location has its own.

        None where no row differs: no location of the table is switched, or none of the settings in `names` is.
        """
        is_switched = location.isin(self.locations).to_numpy(dtype=bool)
        if not is_switched.any() or not any(name in self.settings for name in names):
            return None
        n = is_switched.size
        return np.arange(n) + n * is_switched


def switched_targets(
    make: Callable[[PlanConfig], pd.DataFrame], config: PlanConfig, switch: Switch | None
) -> pd.DataFrame:
    """Make targets whose rows follow the settings of their location.

    Parameters
    ----------
    make
        Targets under given settings, such as `stock_targets`; always of the same stock points.
    config
        Live settings.
    switch
        Other settings for some locations.
    """
    live = make(config)
    rows = None if switch is None else switch.rows(live["location"], TARGET_SETTINGS)
    if switch is None or rows is None:
        return live
    both = pd.concat([live, make(switch.over(config))], ignore_index=True)
    return both.iloc[rows].reset_index(drop=True)


def switched_curves(make: Callable[[PlanConfig], CostCurves], config: PlanConfig, switch: Switch | None) -> CostCurves:
    """Make cost curves whose rows follow the settings of their location; parameters as for `switched_targets`.

    Goals of service need no second set of curves: they are in the targets that curves are built on.
    """
    live = make(config)
    rows = None if switch is None else switch.rows(live.points["location"], CURVE_SETTINGS)
    if switch is None or rows is None:
        return live
    other = make(switch.over(config))
    values = {
        item.name: np.concatenate([getattr(live, item.name), getattr(other, item.name)])[rows]
        for item in fields(CostCurves)
        if item.name != "points"
    }
    return CostCurves(points=live.points, **values)
