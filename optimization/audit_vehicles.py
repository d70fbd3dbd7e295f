"""Rules of the audit on loads that name their vehicles, where a lane has several types."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from optimization.audit_case import NOTHING, AuditCase, breaches
from optimization.audit_lines import Rule

TOLERANCE = 1e-6
_PART = re.compile(r"^(\d+) (.+)$")


def vehicle_mix(case: AuditCase) -> pd.DataFrame:
    """Named vehicles are the lane's, as many as the load says and no more than its trips a day; they cost what it says.

    That the load fits into them is checked with all other loads (`truck_volume`, `truck_weight`).
    """
    loads = case.loads
    named = loads[loads["mix"] != ""] if "mix" in loads else loads.iloc[:0]
    if named.empty:
        return NOTHING
    found = [_mix_facts(load, case.snapshot.table("vehicles")) for load in named.to_dict("records")]
    table = pd.DataFrame(found, index=named.index)
    is_broken = (
        ~table["is_known"]
        | table["is_over"]
        | (table["number"] != named["trucks"].astype(float))
        | ((table["cost"] - named["cost"]).abs() > TOLERANCE * named["cost"].abs().clip(lower=1.0))
    )
    return breaches(
        named, "vehicle_mix", value=named["cost"].astype(float), bound=table["cost"],
        text="vehicles for {value} are not those of the lane, which cost {bound}", is_broken=is_broken,
    )  # fmt: skip


def mix_capacity(loads: pd.DataFrame, vehicles: pd.DataFrame) -> pd.DataFrame:
    """Loads with the size of an average vehicle of theirs in the place of that of the lane's own truck."""
    if "mix" not in loads or not (loads["mix"] != "").any():
        return loads
    names = ["lane_truck_volume_m3", "lane_truck_weight_kg", "lane_max_trucks"]
    values, trucks = loads[names].to_numpy(dtype=np.float64), loads["trucks"].to_numpy(dtype=np.float64)
    for row, load in enumerate(loads.to_dict("records")):
        if load["mix"]:
            facts = _mix_facts(load, vehicles)
            values[row, :2] = np.array([facts["volume_m3"], facts["weight_kg"]]) / max(trucks[row], 1.0)
            values[row, 2] = np.inf
    return loads.assign(**dict(zip(names, values.T, strict=True)))


def _mix_facts(load: dict[Hashable, Any], vehicles: pd.DataFrame) -> dict[str, Any]:
    """Number, cost and sizes of the vehicles that a load names."""
    lane = f"{load['origin']}>{load['destination']}:{load['mode']}"
    types = vehicles[vehicles["lane"] == lane].drop_duplicates("type").set_index("type")
    sizes = types[["cost", "volume_m3", "weight_kg", "max_per_day"]].astype("float64").fillna(np.inf)
    sums: dict[str, Any] = {"number": 0.0, "cost": 0.0, "volume_m3": 0.0, "weight_kg": 0.0}
    sums |= {"is_known": True, "is_over": False}
    for part in str(load["mix"]).split(", "):
        match = _PART.match(part)
        if match is None or match[2] not in sizes.index:
            return sums | {"is_known": False}
        number, row = float(match[1]), sizes.loc[match[2]].to_dict()
        sums["number"] += number
        for name in ("cost", "volume_m3", "weight_kg"):
            sums[name] += number * row[name]
        sums["is_over"] = sums["is_over"] or number > row["max_per_day"]
    return sums


VEHICLE_RULES: tuple[Rule, ...] = (vehicle_mix,)
