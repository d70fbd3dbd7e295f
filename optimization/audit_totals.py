"""Rules of the audit on sums of lines: stock at the source, maximum stock, order values, supplier capacity, trucks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from network.contracts import Tier
from optimization.audit_case import LANE, AuditCase, breaches
from optimization.audit_lines import Rule

TOLERANCE = 1e-6  # relative, on sums of floating-point volumes, weights and money


def available_at_source(case: AuditCase) -> pd.DataFrame:
    """All that leaves a place tonight is there: at most free on hand less allocated, floored at 0.

    Stock is read from the snapshot itself. The positions can only lower the bound: they know of released lines that
    will still take goods out.
    """
    ours = case.lines.loc[case.lines["origin_tier"].notna() & (case.lines["origin_tier"] != Tier.SUPPLIER)]
    shipped = ours.groupby(["sku", "origin"], as_index=False)["quantity"].sum()
    stock = case.snapshot.table("stock")
    stock = stock.loc[stock["stock_type"] == "free"].rename(columns={"location": "origin"})
    free = stock.groupby(["sku", "origin"], as_index=False)[["on_hand", "allocated"]].sum()
    rows = shipped.merge(free, on=["sku", "origin"], how="left", validate="one_to_one")
    stated = case.positions.rename(columns={"location": "origin"})
    stated = stated.assign(stated=stated["on_hand"] - stated["allocated"])[["sku", "origin", "stated"]]
    rows = rows.merge(stated, on=["sku", "origin"], how="left", validate="one_to_one")
    counted = rows["on_hand"].fillna(0) - rows["allocated"].fillna(0)
    bound = np.minimum(counted, rows["stated"].fillna(0)).clip(lower=0)
    return breaches(
        rows,
        "available_at_source",
        value=rows["quantity"],
        bound=bound,
        text="{value} units leave, {bound} are free",
        is_broken=rows["quantity"] > bound,
    )


def supplier_capacity(case: AuditCase) -> pd.DataFrame:
    """Tonight's purchases, and those shipped in the six days before, stay within the supplier's week, where declared.

    Where earlier orders fill the week already, nothing is bought tonight.
    """
    capacity = case.snapshot.table("suppliers")[["supplier", "weekly_capacity"]].rename(columns={"supplier": "origin"})
    bought = case.lines.groupby("origin", as_index=False)["quantity"].sum()
    rows = bought.merge(capacity, on="origin", how="inner", validate="one_to_one")
    orders = case.snapshot.table("open_orders")
    days = (orders["ship_date"] - case.snapshot.cutoff).dt.days
    is_counted = days.between(-5, 1) & orders["status"].isin(["approved", "released", "confirmed"])
    earlier = orders[is_counted].groupby("origin")["quantity"].sum().reindex(rows["origin"]).fillna(0.0).to_numpy()
    bound = (rows["weekly_capacity"] - earlier).clip(lower=0.0)
    return breaches(
        rows,
        "supplier_capacity",
        value=rows["quantity"],
        bound=bound,
        text="{value} units ordered, {bound} are left of its week",
        is_broken=rows["quantity"] > bound,
    )


def min_order_value(case: AuditCase) -> pd.DataFrame:
    """What is ordered on a lane tonight is worth at least the lane's minimum order value."""
    lines = case.lines.loc[case.lines["has_lane"]]
    rows = lines.groupby(LANE, as_index=False).agg(value=("line_value", "sum"), bound=("min_order_value", "max"))
    bound = rows["bound"].fillna(0)
    return breaches(
        rows,
        "min_order_value",
        value=rows["value"],
        bound=bound,
        text="the order is worth {value}, the lane asks for {bound}",
        is_broken=(bound > 0) & (rows["value"] < bound * (1 - TOLERANCE)),
    )


def max_stock(case: AuditCase) -> pd.DataFrame:
    """Position plus what comes less what goes stays within the maximum stock, where something comes."""
    lines = case.lines
    coming = lines.groupby(["sku", "destination"], as_index=False).agg(
        incoming=("quantity", "sum"), bound=("max_stock", "max")
    )
    going = lines.groupby(["sku", "origin"], as_index=False).agg(outgoing=("quantity", "sum"))
    going = going.rename(columns={"origin": "destination"})
    position = case.positions[["sku", "location", "inventory_position"]].rename(columns={"location": "destination"})
    rows = coming.merge(going, on=["sku", "destination"], how="left").merge(
        position, on=["sku", "destination"], how="left"
    )
    after = rows["inventory_position"].fillna(0) + rows["incoming"] - rows["outgoing"].fillna(0)
    return breaches(
        rows,
        "max_stock",
        value=after,
        bound=rows["bound"],
        text="{value} units after the order, the maximum is {bound}",
        is_broken=after > rows["bound"],
    )


def loads_known(case: AuditCase) -> pd.DataFrame:
    """A line that names a load travels on one that exists, on its own lane and days."""
    key = ["load_id", *LANE, "ship_date", "due_date"]
    lines = case.lines.loc[_is_loaded(case)]
    rows = lines.merge(case.loads[key].assign(is_known=True).drop_duplicates(), on=key, how="left")
    return breaches(
        rows,
        "loads_known",
        value=0,
        bound=1,
        text="its load is not on this lane and day",
        is_broken=rows["is_known"].isna(),
    )


def loads_once(case: AuditCase) -> pd.DataFrame:
    """A load id names one load, and every load carries a line."""
    carried = case.lines.loc[_is_loaded(case), "load_id"]
    count = case.loads.groupby("load_id")["load_id"].transform("size").astype(float)
    is_broken = (count > 1) | ~case.loads["load_id"].isin(carried)
    return breaches(
        case.loads,
        "loads_once",
        value=count,
        bound=1,
        text="a load without lines, or {value} of one id",
        is_broken=is_broken,
    )


def trucks_needed(case: AuditCase) -> pd.DataFrame:
    """Lines of a lane with trucks travel on a load."""
    lines = case.lines
    return breaches(
        lines,
        "trucks_needed",
        value=0,
        bound=1,
        text="moves without a load on a lane of trucks",
        is_broken=~_is_loaded(case) & (lines["truck_cost"].fillna(0) > 0),
    )


def load_totals(case: AuditCase) -> pd.DataFrame:
    """Volume and weight stated for a load are those of its lines."""
    rows = _loads_with_sums(case)
    by_volume = _gap(rows["volume_m3"], rows["volume_sum"])
    by_weight = _gap(rows["weight_kg"], rows["weight_sum"])
    off = by_volume.where(by_volume >= by_weight, by_weight)
    return breaches(
        rows,
        "load_totals",
        value=off,
        bound=TOLERANCE,
        text="load totals are off by a share of {value}",
        is_broken=~(off <= TOLERANCE),
    )


def truck_volume(case: AuditCase) -> pd.DataFrame:
    """The lines of a load fit into its trucks by volume."""
    rows = _loads_with_sums(case)
    bound = rows["trucks"] * rows["lane_truck_volume_m3"].fillna(np.inf)
    return breaches(
        rows,
        "truck_volume",
        value=rows["volume_sum"],
        bound=bound,
        text="{value} m3 in trucks of {bound} m3",
        is_broken=rows["volume_sum"] > bound * (1 + TOLERANCE),
    )


def truck_weight(case: AuditCase) -> pd.DataFrame:
    """The lines of a load fit into its trucks by weight."""
    rows = _loads_with_sums(case)
    bound = rows["trucks"] * rows["lane_truck_weight_kg"].fillna(np.inf)
    return breaches(
        rows,
        "truck_weight",
        value=rows["weight_sum"],
        bound=bound,
        text="{value} kg in trucks of {bound} kg",
        is_broken=rows["weight_sum"] > bound * (1 + TOLERANCE),
    )


def max_trucks(case: AuditCase) -> pd.DataFrame:
    """Trucks of a lane on one day are whole, at least one, and within the lane's number."""
    rows = case.loads.groupby([*LANE, "ship_date"], as_index=False).agg(
        trucks=("trucks", "sum"), least=("trucks", "min"), bound=("lane_max_trucks", "max")
    )
    trucks = rows["trucks"].astype(float)
    bound = rows["bound"].fillna(np.inf)
    is_broken = (trucks > bound) | (rows["least"] < 1) | (trucks != trucks.round())
    return breaches(
        rows, "max_trucks", value=trucks, bound=bound, text="{value} trucks, {bound} allowed", is_broken=is_broken
    )


def temperature(case: AuditCase) -> pd.DataFrame:
    """Where a lane declares its vehicles by temperature, one of them suits each SKU that travels on it."""
    vehicles = case.snapshot.table("vehicles")[["lane", "temperature"]]
    lines = case.lines.assign(lane=case.lines["origin"] + ">" + case.lines["destination"] + ":" + case.lines["mode"])
    is_any = vehicles["temperature"].fillna("") == ""
    suiting = pd.MultiIndex.from_frame(vehicles[["lane", "temperature"]])
    is_declared = lines["lane"].isin(vehicles["lane"]) & ~lines["lane"].isin(vehicles.loc[is_any, "lane"])
    is_suited = pd.MultiIndex.from_frame(lines[["lane", "temperature"]]).isin(suiting)
    return breaches(
        lines,
        "temperature",
        value=0,
        bound=1,
        text="no vehicle of the lane suits its temperature",
        is_broken=is_declared & pd.Series(~is_suited, index=lines.index) & lines["temperature"].notna(),
    )


def _is_loaded(case: AuditCase) -> pd.Series[bool]:
    return case.lines["load_id"].fillna("") != ""


def _loads_with_sums(case: AuditCase) -> pd.DataFrame:
    lines = case.lines.loc[_is_loaded(case)]
    sums = lines.groupby("load_id", as_index=False).agg(
        volume_sum=("line_volume", "sum"), weight_sum=("line_weight", "sum")
    )
    return case.loads.merge(sums, on="load_id", how="left").fillna({"volume_sum": 0.0, "weight_sum": 0.0})


def _gap(stated: pd.Series[float], found: pd.Series[float]) -> pd.Series[float]:
    """Relative difference of two sums."""
    return (stated - found).abs() / np.maximum(np.maximum(stated.abs(), found.abs()), 1.0)


TOTAL_RULES: tuple[Rule, ...] = (
    available_at_source,
    supplier_capacity,
    min_order_value,
    max_stock,
    loads_known,
    loads_once,
    trucks_needed,
    load_totals,
    truck_volume,
    truck_weight,
    max_trucks,
    temperature,
)
