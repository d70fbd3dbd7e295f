"""Violations of the independent audit over random chains with every kind of limit, by chance.

Each chain has one or two suppliers, a central warehouse, two forwards and three stores, two SKUs in 28 days, and draws
trucks, vehicle types or parcels, lots, layers and pallets, minimum orders and order values, supplier weeks and shares,
docks, room in store, priorities, expiry, lots on hand, blocked and kept points, franchises, open orders and a purchase
budget. Keys: chains, violations, rules broken with their number, seeds that broke one, lines planned, chains in which a
full place or a scarce source cut something, and seeds whose objective lies below the bound, which may not be.

    python benchmarks/audit_chains.py [--chains 500] [--first 0]
    python benchmarks/audit_chains.py --smoke
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine import EngineConfig, decide_with
from forecasting.forecast import Forecast
from network.contracts import TABLES, empty
from network.graph import build_network
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at
from optimization.audit import audit
from optimization.config import PlanConfig
from optimization.decisions import Decisions

Rows = list[dict[str, Any]]
CUTOFF = pd.Timestamp("2024-06-02")  # a Sunday
TIERS = {"V": "supplier", "W": "supplier", "C": "central", "F": "forward", "G": "forward",
         "A": "store", "B": "store", "D": "store"}  # fmt: skip
OWN = tuple(place for place, tier in TIERS.items() if tier != "supplier")
SKUS = ("X", "Y")
LANES = (
    ("V", "C", "purchase", 5, "MO"),
    ("W", "C", "purchase", 3, ""),
    ("C", "tier:forward", "transfer", 1, ""),
    ("C", "tier:store", "transfer", 2, "MO,TH"),
    ("C", "tier:forward", "emergency", 0, ""),
    ("tier:store", "tier:store", "transshipment", 1, ""),
    ("tier:store", "C", "return", 2, ""),
)


def canonical(name: str, rows: Rows) -> pd.DataFrame:
    """Rows as the contract's table, with its defaults."""
    frame, given = empty(name), pd.DataFrame(rows)
    blanks = {"float64": np.nan, "datetime64[ns]": pd.NaT, "str": "", "bool": False, "int64": 0}
    data = {}
    for column in TABLES[name].columns:
        default = blanks[column.dtype] if column.default in (None, "weekday") else column.default
        values = given[column.name] if column.name in given else pd.Series([default] * len(given))
        data[column.name] = values.where(values.notna(), default).astype(frame[column.name].dtype)
    return pd.DataFrame(data)


def maybe(rng: np.random.Generator, chance: float, value: Any) -> Any:
    """A value by chance, else nothing."""
    return value if rng.random() < chance else None


def drawn_lanes(rng: np.random.Generator) -> Rows:
    """Lanes with trucks, parcels and minimum order values by chance."""
    rows: Rows = []
    for origin, destination, mode, lead, days in LANES:
        row = {"origin": origin, "destination": destination, "mode": mode, "lead_time_days": lead, "order_days": days,
               "unit_cost": 1.0 if mode == "emergency" else 0.3}  # fmt: skip
        if rng.random() < 0.5:
            row |= {"truck_cost": float(rng.integers(2, 30)), "truck_volume_m3": float(rng.integers(1, 5)),
                    "truck_weight_kg": maybe(rng, 0.3, 400.0), "max_trucks": int(rng.integers(1, 4))}  # fmt: skip
        elif rng.random() < 0.4:
            row["parcel_cost"] = 0.7
        rows.append(row | {"min_order_value": maybe(rng, 0.2, float(rng.integers(10, 200)))})
    return rows


def drawn_sourcing(rng: np.random.Generator) -> Rows:
    """Sourcing rules of the two suppliers: priorities or shares, lots of cases, layers or pallets, life on receipt."""
    rows: Rows = []
    for sku in SKUS:
        if rng.random() < 0.5:
            continue
        share = maybe(rng, 0.6, float(rng.uniform(0.1, 0.9)))
        for rank, (origin, part) in enumerate((("V", share), ("W", None if share is None else 1 - share))):
            rows.append({
                "sku": sku, "origin": origin, "destination": "C", "share": part, "priority": rank + 1,
                "unit_cost": maybe(rng, 0.3, float(rng.uniform(8, 12))),
                "order_multiple": maybe(rng, 0.4, int(rng.choice([2, 5]))),
                "min_order_quantity": maybe(rng, 0.3, int(rng.integers(5, 60))),
                "cases_per_layer": 3, "cases_per_pallet": 9,
                "order_unit": str(rng.choice(["case", "layer", "pallet"])),
            })  # fmt: skip
    return rows


def drawn_capacity(rng: np.random.Generator) -> Rows:
    """Docks, and room beyond the volume of a place, by chance."""
    rows: Rows = []
    for place in OWN:
        for kind in ("receive", "pick", "ship", "store"):
            if rng.random() < 0.12:
                units = ["units", "m3"] if kind == "store" else ["units", "lines", "cases", "m3", "trucks"]
                rows.append({
                    "location": place, "kind": kind, "unit": str(rng.choice(units)),
                    "amount": float(rng.integers(0, 40)), "weekday": str(rng.choice(["", "MO", "TU"])),
                    "overtime_cost": maybe(rng, 0.4, 2.0),
                })  # fmt: skip
    return rows


def drawn_vehicles(rng: np.random.Generator) -> Rows:
    """Two vehicle types on some lanes."""
    lanes = [f"C>{place}:transfer" for place in OWN[1:]] + ["V>C:purchase", "C>F:emergency"]
    rows: Rows = []
    for lane in lanes:
        if rng.random() < 0.2:
            for kind, size in (("lorry", rng.integers(2, 6)), ("van", 1)):
                rows.append({"lane": lane, "type": kind, "cost": float(rng.integers(2, 30)), "volume_m3": float(size),
                             "weight_kg": maybe(rng, 0.4, 90.0 * size), "max_per_day": maybe(rng, 0.4, 3)})  # fmt: skip
    return rows


def drawn_points(rng: np.random.Generator) -> dict[str, Rows]:
    """Stock, open orders, assortment and lots of every SKU and place."""
    tables: dict[str, Rows] = {"stock": [], "open_orders": [], "assortment": [], "lots": []}
    for sku in SKUS:
        for place in OWN:
            key, held = {"sku": sku, "location": place}, int(rng.integers(0, 30))
            tables["stock"].append(
                {
                    **key,
                    "as_of": CUTOFF,
                    "on_hand": held + (60 if place == "C" else 0),
                    "allocated": int(rng.integers(0, 4)),
                }
            )
            tables["assortment"].append({
                **key, "blocked": bool(rng.random() < 0.1), "do_not_transfer": bool(rng.random() < 0.1),
                "max_stock": maybe(rng, 0.3, int(rng.integers(10, 60))), "presentation_stock": int(rng.integers(0, 4)),
                "to": maybe(rng, 0.1, CUTOFF + pd.Timedelta(days=int(rng.integers(1, 20)))),
            })  # fmt: skip
            if held and rng.random() < 0.2:
                expiry = CUTOFF + pd.Timedelta(days=int(rng.integers(1, 12)))
                tables["lots"].append({**key, "expiry_date": expiry, "quantity": int(rng.integers(1, held + 1))})
            if rng.random() < 0.4:
                due = CUTOFF + pd.Timedelta(days=int(rng.integers(0, 9)))
                tables["open_orders"].append({
                    "order_id": f"{sku}{place}", "destination": place, "origin": "C" if place != "C" else "V",
                    "sku": sku, "quantity": int(rng.integers(1, 20)), "status": "released", "ship_date": CUTOFF,
                    "due_date": due,
                })  # fmt: skip
    return tables


def drawn_chain(seed: int) -> tuple[Snapshot, Forecast, PlanConfig]:
    """One random chain, its demand to come, and settings."""
    rng = np.random.default_rng(seed)
    with_room, with_rank = rng.random() < 0.3, rng.random() < 0.3
    places = [
        {"location": place, "tier": tier, "ownership": "franchise" if place == "D" and rng.random() < 0.3 else "own",
         "storage_volume_m3": maybe(rng, 0.4, float(rng.uniform(0.5, 12))) if with_room else None,
         "priority": maybe(rng, 0.6, int(rng.integers(1, 4))) if with_rank else None}
        for place, tier in TIERS.items()
    ]  # fmt: skip
    skus = [
        {"sku": sku, "unit_cost": 10.0, "unit_price": 16.0, "case_pack": int(rng.choice([1, 6])), "volume_m3": 0.05,
         "weight_kg": 4.0, "min_order_quantity": int(rng.choice([0, 40])), "shelf_life_days": maybe(rng, 0.3, 6)}
        for sku in SKUS
    ]  # fmt: skip
    suppliers = [{"supplier": name, "weekly_capacity": float(rng.integers(5, 120))} for name in "VW"]
    tables: Mapping[str, Sequence[dict[str, Any]]] = {
        "locations": places, "skus": skus, "lanes": drawn_lanes(rng), "sourcing": drawn_sourcing(rng),
        "capacity": drawn_capacity(rng), "suppliers": suppliers if rng.random() < 0.3 else [], **drawn_points(rng),
        "vehicles": drawn_vehicles(rng),
    }  # fmt: skip
    frames = {name: canonical(name, list(rows)) for name, rows in tables.items() if rows}
    snapshot = snapshot_at(frames, ChainSettings(id="random"), CUTOFF)
    pairs = [(sku, place) for sku in SKUS for place in OWN[1:]]
    forecast = Forecast.from_rates(
        np.repeat(rng.gamma(1.0, 3.0, len(pairs))[:, None], 28, axis=1), [sku for sku, _ in pairs],
        location=[place for _, place in pairs], cutoff=f"{CUTOFF:%Y-%m-%d}",
    )  # fmt: skip
    budget = maybe(rng, 0.3, float(rng.integers(0, 1500)))
    return snapshot, forecast, PlanConfig(purchase_budget=budget, joint_trucks=bool(rng.random() < 0.8))


def planned(seed: int) -> tuple[Decisions, pd.DataFrame]:
    """Plan a random chain; its decisions, and what the audit finds."""
    snapshot, forecast, config = drawn_chain(seed)
    network = build_network(snapshot)
    basis = decide_with(snapshot, network, forecast, config=EngineConfig(plan=config))
    found = audit(
        basis.decisions.moves, basis.decisions.loads, snapshot=snapshot, network=network, positions=basis.positions,
        targets=basis.targets, purchase_budget=config.purchase_budget,
    )  # fmt: skip
    return basis.decisions, found


def measured(seeds: Sequence[int]) -> dict[str, object]:
    """Figures over some seeds."""
    broken, rules, lines, cut, above = [], Counter[str](), 0, 0, []
    for seed in seeds:
        decisions, found = planned(seed)
        rules.update(found["rule"].tolist())
        broken += [seed] if len(found) else []
        lines += len(decisions.moves)
        cut += bool(len(decisions.cuts))
        if decisions.bound is None or decisions.bound > decisions.objective + 1e-6:
            above.append(seed)
    return {
        "chains": len(seeds), "violations": sum(rules.values()), "rules": dict(sorted(rules.items())), "seeds": broken,
        "lines": lines, "chains_with_cuts": cut, "bound_above_objective": above,
    }  # fmt: skip


def main() -> None:
    """Read the arguments and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--smoke", action="store_true", help="three chains")
    a = parser.parse_args()
    print(json.dumps(measured(range(a.first, a.first + (3 if a.smoke else a.chains)))))


if __name__ == "__main__":
    main()
