"""What the audit looks at: each line beside the facts of its SKU, its places and its lane, and how a breach is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from network.economics import sku_economics
from network.graph import SupplyNetwork
from network.snapshot import Snapshot

COLUMNS = {
    "rule": "str",
    "sku": "str",
    "origin": "str",
    "destination": "str",
    "value": "float64",
    "bound": "float64",
    "message": "str",
}
NOTHING = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
LANE = ["origin", "destination", "mode"]
_ALL_WEEKDAYS = 127


@dataclass(frozen=True)
class AuditCase:
    """A plan laid out for checking.

    Parameters
    ----------
    lines
        One row a move, in the order given: its own columns and those joined from the contract's tables. Facts of an
        unknown id are missing.
    loads
        Tonight's trucks with the bounds of their lane.
    snapshot
        What was known.
    positions
        Inventory position by (sku, location).
    sourcing, serving
        Rules in force.
    rates
        Expected demand a day, row by row the positions; None if it was not told.
    purchase_budget
        Most that tonight's purchases may cost [money]; None without a limit.
    """

    lines: pd.DataFrame
    loads: pd.DataFrame
    snapshot: Snapshot
    positions: pd.DataFrame
    sourcing: pd.DataFrame
    serving: pd.DataFrame
    rates: npt.NDArray[np.float64] | None = None
    purchase_budget: float | None = None

    @property
    def first_ship_date(self) -> pd.Timestamp:
        """The day after the cutoff: the only day on which an order of this run may leave."""
        return self.snapshot.cutoff + pd.Timedelta(days=1)


def audit_case(
    moves: pd.DataFrame, loads: pd.DataFrame, *, snapshot: Snapshot, network: SupplyNetwork, positions: pd.DataFrame
) -> AuditCase:
    """Join every line with the facts it is checked against."""
    lines = moves.reset_index(drop=True).assign(quantity=pd.to_numeric(moves["quantity"]).to_numpy(dtype=float))
    lines = _with_sku(lines, snapshot.table("skus"), sku_economics(snapshot))
    lines = _with_places(lines, snapshot.table("locations"))
    lines = _with_lane(lines, network)
    lines = _with_sourcing(lines, network.sourcing)
    lines = _with_assortment(lines, snapshot.table("assortment"))
    case_pack = lines["order_multiple"].fillna(lines["case_pack"]).fillna(1.0)
    moq = lines["sourcing_moq"].fillna(lines["sku_moq"])
    cost = lines["sourcing_unit_cost"].fillna(lines["sku_unit_cost"])
    lead = lines["sourcing_lead_time_days"].fillna(lines["lead_time_days"])
    lines = lines.assign(
        pack=case_pack,
        ordered_in=case_pack * lines["cases_per_order"].fillna(1.0),
        moq=moq.fillna(0.0),
        line_value=lines["quantity"] * cost.fillna(0.0),
        line_volume=lines["quantity"] * lines["volume_m3"].fillna(0.0),
        line_weight=lines["quantity"] * lines["weight_kg"].fillna(0.0),
        lead=lead,
    )
    return AuditCase(
        lines=lines,
        loads=_loads_with_lane(loads, network),
        snapshot=snapshot,
        positions=positions,
        sourcing=network.sourcing,
        serving=network.serving,
    )


def breaches(
    rows: pd.DataFrame, rule: str, *, value: Any, bound: Any, text: str, is_broken: pd.Series[bool]
) -> pd.DataFrame:
    """Rows that break a rule as audit rows.

    Parameters
    ----------
    rows
        Lines, sums of lines or loads; columns sku, origin, destination where they apply.
    rule
        Name of the rule.
    value, bound
        Series aligned with the rows, or numbers.
    text
        Message; ``{value}`` and ``{bound}`` are filled in.
    is_broken
        Mask over the rows.
    """
    mask = is_broken.to_numpy(dtype=bool)
    n_broken = int(mask.sum())
    if not n_broken:
        return NOTHING
    values = np.broadcast_to(np.asarray(value, dtype=float), len(rows))[mask]
    bounds = np.broadcast_to(np.asarray(bound, dtype=float), len(rows))[mask]
    hit = rows.loc[mask]
    names = {
        name: hit[name].astype("str").to_numpy() if name in hit else [""] * n_broken
        for name in ("sku", "origin", "destination")
    }
    frame = pd.DataFrame({"rule": [rule] * n_broken, **names, "value": values, "bound": bounds})
    places = zip(frame["sku"], frame["origin"], frame["destination"], values, bounds, strict=True)
    messages = [
        f"{' '.join(filter(None, (sku, f'{origin} -> {destination}' if destination else origin)))}: "
        + text.format(value=f"{found:g}", bound=f"{allowed:g}")
        for sku, origin, destination, found, allowed in places
    ]
    return frame.assign(message=pd.Series(messages, dtype="str", index=frame.index)).astype(COLUMNS)


def _with_sku(lines: pd.DataFrame, skus: pd.DataFrame, economics: pd.DataFrame) -> pd.DataFrame:
    facts = skus[
        ["sku", "case_pack", "min_order_quantity", "volume_m3", "weight_kg", "temperature", "end_date"]
    ].rename(columns={"min_order_quantity": "sku_moq", "end_date": "sku_end_date"})
    facts = facts.merge(economics[["sku", "unit_cost"]].rename(columns={"unit_cost": "sku_unit_cost"}), on="sku")
    joined = lines.merge(facts.assign(is_known_sku=True), on="sku", how="left", validate="many_to_one")
    return joined.assign(is_known_sku=joined["is_known_sku"].notna())


def _with_places(lines: pd.DataFrame, locations: pd.DataFrame) -> pd.DataFrame:
    facts = locations[["location", "tier", "ownership", "company", "opens", "closes"]]
    for end in ("origin", "destination"):
        renamed = facts.rename(columns={name: f"{end}_{name}" for name in facts if name != "location"})
        renamed = renamed.rename(columns={"location": end})
        lines = lines.merge(renamed, on=end, how="left", validate="many_to_one")
    return lines


def _with_lane(lines: pd.DataFrame, network: SupplyNetwork) -> pd.DataFrame:
    facts = network.lanes[[*LANE, "lead_time_days", "order_weekdays", "min_order_value", "truck_cost"]]
    joined = lines.merge(facts.assign(has_lane=True), on=LANE, how="left", validate="many_to_one")
    return joined.assign(
        has_lane=joined["has_lane"].notna(),
        lead_time_days=joined["lead_time_days"].astype(float),
        order_weekdays=joined["order_weekdays"].fillna(_ALL_WEEKDAYS).astype("int64"),
    )


def _with_sourcing(lines: pd.DataFrame, sourcing: pd.DataFrame) -> pd.DataFrame:
    names = {
        "order_multiple": "order_multiple",
        "min_order_quantity": "sourcing_moq",
        "unit_cost": "sourcing_unit_cost",
        "lead_time_days": "sourcing_lead_time_days",
        "cases_per_order": "cases_per_order",
    }
    key = ["sku", "origin", "destination"]
    if sourcing.empty:
        return lines.assign(**dict.fromkeys(names.values(), np.nan))
    facts = sourcing[[*key, *names]].rename(columns=names).astype(dict.fromkeys(names.values(), "float64"))
    return lines.merge(facts, on=key, how="left", validate="many_to_one")


def _with_assortment(lines: pd.DataFrame, assortment: pd.DataFrame) -> pd.DataFrame:
    there = assortment[["sku", "location", "to", "max_stock", "blocked"]].rename(
        columns={"location": "destination", "to": "listed_to", "blocked": "is_blocked"}
    )
    here = assortment[["sku", "location", "do_not_transfer"]].rename(columns={"location": "origin"})
    joined = lines.merge(there, on=["sku", "destination"], how="left", validate="many_to_one")
    joined = joined.merge(here, on=["sku", "origin"], how="left", validate="many_to_one")
    return joined.assign(is_blocked=joined["is_blocked"].eq(True), do_not_transfer=joined["do_not_transfer"].eq(True))


def _loads_with_lane(loads: pd.DataFrame, network: SupplyNetwork) -> pd.DataFrame:
    facts = network.lanes[[*LANE, "truck_cost", "truck_volume_m3", "truck_weight_kg", "max_trucks"]]
    renamed = facts.rename(columns={name: f"lane_{name}" for name in facts if name not in LANE})
    return loads.reset_index(drop=True).merge(renamed, on=LANE, how="left", validate="many_to_one")
