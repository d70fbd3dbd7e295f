"""A published run as large as asked for, made up and not planned: what the server reads, in the same columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from network.store import RunStore

CUTOFF = pd.Timestamp("2025-11-05")


def publish_made_run(folder: Path, *, n_points: int, n_lines: int, seed: int = 1) -> None:
    """Publish a run with this many stock points and order lines, and a week's forecast and promises.

    Parameters
    ----------
    folder
        The runs folder.
    n_points
        Stock points: a twentieth as many SKUs, in 20 stores each.
    n_lines
        Order lines.
    seed
        Seed of all figures.
    """
    rng = np.random.default_rng(seed)
    skus = np.array([f"SKU-{i:06d}" for i in range(max(n_points // 20, 1))])
    stores = np.array([f"ST-{i:03d}" for i in range(20)])
    points = pd.DataFrame({"sku": np.repeat(skus, 20), "location": np.tile(stores, len(skus))}).head(n_points)
    tables = {
        "orders": _orders(rng, skus, stores, n_lines),
        "targets": points.assign(
            on_hand=rng.integers(0, 50, len(points)),
            order_up_to_level=rng.gamma(2.0, 9.0, len(points)),
            tier="store",
            on_order=3,
            inventory_position=20,
            expected_demand=rng.gamma(2.0, 5.0, len(points)),
            protection_days=4.0,
            safety_stock=4.0,
            service_class="A",
            main_source="DC-1",
            lead_time_days=2.0,
            review_days=1.0,
        ),
        "forecast": _forecast(_by_day(points, 7), rng),
        "promises": _by_day(points.rename(columns={"location": "zone"}), 7).assign(
            channel="walk_in", quantity=rng.integers(0, 40, 7 * len(points))
        ),
        **_small_tables(rng, skus, stores),
    }
    orders = tables["orders"]
    tables["order_terms"] = pd.DataFrame(
        {"order_id": orders["order_id"], "term": "shortage_avoided", "amount": orders["net_benefit"]}
    )
    store = RunStore(folder)

    def write(place: Path) -> None:
        for name, table in tables.items():
            store.write_table(place, name, table, csv=False)

    facts = {"chain": "made", "cutoff": f"{CUTOFF:%Y-%m-%d}", "currency": "CNY", "created_at": "2025-11-05T22:00:00Z"}
    store.publish("20251105-00000000made", write, {**facts, "n_orders": n_lines, "n_stock_points": n_points})


def _forecast(days: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    mean = rng.gamma(2.0, 2.0, len(days))
    levels = {"q05": 0.3, "q25": 0.7, "q50": 1.0, "q75": 1.3, "q95": 2.0}
    return days.assign(mean=mean, category="FOOD", demand_class="smooth", model="blend", fallback="",
                       **{name: mean * times for name, times in levels.items()})  # fmt: skip


def _by_day(points: pd.DataFrame, n_days: int) -> pd.DataFrame:
    repeated = points.loc[points.index.repeat(n_days)].reset_index(drop=True)
    day = np.tile(np.arange(n_days), len(points))
    return repeated.assign(day=day, date=CUTOFF + pd.to_timedelta(day + 1, unit="D"))


def _orders(rng: np.random.Generator, skus: np.ndarray, stores: np.ndarray, n: int) -> pd.DataFrame:
    quantity, unit_cost = 6 * rng.integers(1, 20, n), np.round(rng.uniform(2, 40, n), 2)
    return pd.DataFrame(
        {
            "order_id": [f"TR-{i:012x}" for i in range(n)],
            "action": "new",
            "kind": rng.choice(["transfer", "purchase", "transshipment"], n, p=[0.8, 0.1, 0.1]),
            "origin": "DC-1",
            "destination": rng.choice(stores, n),
            "sku": rng.choice(skus, n),
            "quantity": quantity,
            "cases": quantity // 6,
            "ship_date": CUTOFF + pd.Timedelta(days=1),
            "due_date": CUTOFF + pd.Timedelta(days=2),
            "load_id": [f"L{i % 200:03d}" for i in range(n)],
            "unit_cost": unit_cost,
            "value": np.round(quantity * unit_cost, 2),
            "status": "proposed",
            "priority": np.arange(1, n + 1),
            "proposed_quantity": quantity,
            "barcode": "",
            "on_hand": 2,
            "on_order": 0,
            "expected_demand": 9.5,
            "target": 20.0,
            "cover_before": np.round(rng.gamma(2.0, 3.0, n), 1),
            "cover_after": 12.0,
            "stockout_date_without": CUTOFF + pd.Timedelta(days=3),
            "reason": "runs out Friday, 6 days' cover after",
            "net_benefit": np.round(rng.gamma(2.0, 60.0, n), 2),
        }
    )


def _small_tables(rng: np.random.Generator, skus: np.ndarray, stores: np.ndarray) -> dict[str, pd.DataFrame]:
    n = 300
    exceptions = pd.DataFrame(
        {
            "rank": range(1, n + 1), "kind": "stock-out coming", "severity": "warning", "sku": rng.choice(skus, n),
            "location": rng.choice(stores, n), "date": CUTOFF, "money": 5000.0 / np.arange(1, n + 1),
            "message": "runs out on Thursday", "suggestion": "expedite",
        }
    )  # fmt: skip
    loads = pd.DataFrame(
        {
            "load_id": [f"L{i:03d}" for i in range(200)], "origin": "DC-1", "destination": np.resize(stores, 200),
            "mode": "transfer", "ship_date": CUTOFF, "due_date": CUTOFF, "vehicle": "truck", "trucks": 1,
            "volume_m3": 9.0, "weight_kg": 900.0, "truck_volume_m3": 20.0, "fill": 0.45, "cost": 400.0, "lines": 5,
            "value": 3000.0,
        }
    )  # fmt: skip
    kpis = pd.DataFrame(
        {"kpi": ["fill_rate"], "today": [0.93], "planned": [0.98], "unit": "share", "meaning": "served"}
    )
    empty = {
        "planned": ["sku", "origin", "destination", "mode", "ship_date", "due_date", "quantity"],
        "alternatives": ["order_id", "alternative", "origin", "due_date", "regret", "is_next_best"],
        "pegging": ["sku", "location", "order_id", "use", "demand_date", "units"],
        "forecast_changes": ["sku", "location", "part", "before", "after", "change"],
    }
    numbers = {"quantity", "regret", "units", "before", "after", "change"}
    nothing = {
        name: pd.DataFrame({each: pd.Series(dtype="float64" if each in numbers else "str") for each in columns})
        for name, columns in empty.items()
    }
    return {"exceptions": exceptions, "loads": loads, "kpis": kpis, **nothing}
