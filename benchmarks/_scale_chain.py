"""A generated chain of any size with a given forecast: what `plan_scale` plans; no history and no fitting.

Suppliers sell to two central warehouses twice a week; each feeds twenty forward warehouses by daily trucks, and these
feed seven or eight stores each. Trucks cost as a whole and are limited, docks and one supplier in four are short.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.forecast import Forecast
from network.contracts import TABLES, empty
from network.settings import ChainSettings, Economics
from network.snapshot import Snapshot, snapshot_at

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CUTOFF = pd.Timestamp("2026-03-04")
FORECAST_DAYS = 28
N_SUPPLIERS = 8
# Two central and forty forward warehouses, three hundred stores.
FULL_SHAPE_PLACES = 342
# With fewer stock points than this the chain has fewer places, so that a lane carries hundreds of SKUs and a case is
# small beside its trucks.
FULL_SHAPE_POINTS = 100_000
# Trucks that a usual day's volume of a lane fills, and most that may go.
TRUCKS_A_DAY = {"forward": 2.4, "store": 1.3}
MAX_TRUCKS = {"forward": 3, "store": 2}
# What docks can ship and receive, and short suppliers can deliver, as a share of usual needs.
DOCK_SHARE, SUPPLIER_SHARE = 1.05, 0.9
WEEKDAYS = (1.0, 0.9, 0.9, 1.0, 1.2, 1.4, 1.3)


@dataclass(frozen=True)
class ScaleChain:
    """A snapshot and the forecast that goes with it."""

    snapshot: Snapshot
    forecast: Forecast


@dataclass(frozen=True)
class _Places:
    """Locations by tier; `feeder` is the central (row) of each forward, `forward` the forward (row) of each store."""

    suppliers: list[str]
    centrals: list[str]
    forwards: list[str]
    stores: list[str]
    feeder: Ints
    forward: Ints

    @property
    def selling(self) -> list[str]:
        return [*self.forwards, *self.stores]

    @property
    def own(self) -> list[str]:
        return [*self.centrals, *self.forwards, *self.stores]


def scale_chain(n_points: int, seed: int = 0, *, n_places: int | None = None) -> ScaleChain:
    """Draw a chain of about so many stock points, in about so many places; equal arguments give equal chains."""
    rng = np.random.default_rng(seed)
    places = _places(min(n_points / FULL_SHAPE_POINTS, 1.0) if n_places is None else n_places / FULL_SHAPE_PLACES)
    n_skus = max(round(n_points / len(places.own)), 1)
    skus = _skus(n_skus, rng)
    rate = _rates(skus, places, rng)
    tables = {
        "locations": _locations(places),
        "skus": skus.drop(columns="popularity"),
        "lanes": _lanes(places, skus, rate),
        "assortment": _assortment(places, skus),
        "sourcing": _sourcing(places, skus),
        "suppliers": _suppliers(places, rate),
        "capacity": _capacity(places, skus, rate),
        **_stock(places, skus, rate=rate, rng=rng),
    }
    settings = ChainSettings(id=f"scale-{n_points}-{seed}", economics=Economics(handling_cost=0.05))
    snapshot = snapshot_at({name: _canonical(name, frame) for name, frame in tables.items()}, settings, CUTOFF)
    return ScaleChain(snapshot, _forecast(places, skus, rate))


def _places(share: float) -> _Places:
    n_central, n_forward, n_store = (max(round(n * share), least) for n, least in ((2, 1), (40, 2), (300, 6)))
    return _Places(
        [f"V{index:02d}" for index in range(N_SUPPLIERS)],
        [f"C{index:02d}" for index in range(n_central)],
        [f"F{index:03d}" for index in range(n_forward)],
        [f"S{index:04d}" for index in range(n_store)],
        np.arange(n_forward) * n_central // n_forward,
        np.arange(n_store) * n_forward // n_store,
    )


def _skus(n: int, rng: np.random.Generator) -> pd.DataFrame:
    cost = np.round(rng.lognormal(1.8, 0.7, n), 2)
    life = np.where(rng.random(n) < 0.15, rng.integers(10, 40, n), np.nan)
    return pd.DataFrame({
        "sku": [f"K{index:06d}" for index in range(n)],
        "category": [f"G{index % 20:02d}" for index in range(n)],
        "unit_cost": cost,
        "unit_price": np.round(cost * rng.uniform(1.3, 1.8, n), 2),
        "case_pack": rng.choice([4, 6, 8, 12], n),
        "min_order_quantity": rng.choice([0, 24, 48], n),
        "volume_m3": rng.uniform(0.001, 0.01, n).round(4),
        "weight_kg": rng.uniform(0.1, 1.5, n).round(2),
        "shelf_life_days": life,
        "popularity": rng.lognormal(-1.1, 0.9, n),
    })  # fmt: skip


def _rates(skus: pd.DataFrame, places: _Places, rng: np.random.Generator) -> Floats:
    """Mean demand a day of each SKU at each selling place, (n_skus, n_selling) [units/day]."""
    size = np.concatenate([rng.lognormal(0.7, 0.3, len(places.forwards)), rng.lognormal(0.0, 0.5, len(places.stores))])
    local = rng.lognormal(0.0, 0.3, (len(skus), size.size))
    return skus["popularity"].to_numpy()[:, None] * size[None, :] * local


def _through(places: _Places, values: Floats) -> tuple[Floats, Floats]:
    """Sum what sells at and behind each forward, and behind each central; `values` (..., n_selling)."""
    n = len(places.forwards)
    behind = values[..., :n].copy()
    np.add.at(behind, (..., places.forward), values[..., n:])
    central = np.zeros((*values.shape[:-1], len(places.centrals)))
    np.add.at(central, (..., places.feeder), behind)
    return behind, central


def _locations(places: _Places) -> pd.DataFrame:
    tiers = (places.suppliers, places.centrals, places.forwards, places.stores)
    names = [name for tier in tiers for name in tier]
    tier = np.repeat(["supplier", "central", "forward", "store"], [len(each) for each in tiers])
    zone = ["", *[""] * (len(places.suppliers) + len(places.centrals) - 1), *places.forwards]
    zone += [places.forwards[row] for row in places.forward]
    return pd.DataFrame({"location": names, "tier": tier, "zone": zone})


def _lanes(places: _Places, skus: pd.DataFrame, rate: Floats) -> pd.DataFrame:
    volume = (rate * skus["volume_m3"].to_numpy()[:, None]).sum(axis=0)
    behind, central = _through(places, volume)
    rows: list[dict[str, Any]] = []
    for index, supplier in enumerate(places.suppliers):
        days = ("MO,TH", "TU,FR")[index % 2]
        size = max(central.mean() * 3.5 / N_SUPPLIERS / 3.0, 0.2)
        rows += [_lane(supplier, c, "purchase", 6, size=size, order_days=days, max_trucks=8) for c in places.centrals]
    for index, name in enumerate(places.forwards):
        size = max(behind[index] / TRUCKS_A_DAY["forward"], 0.05)
        origin = places.centrals[places.feeder[index]]
        rows.append(_lane(origin, name, "transfer", 2, size=size, max_trucks=MAX_TRUCKS["forward"]))
    for index, name in enumerate(places.stores):
        size = max(volume[len(places.forwards) + index] / TRUCKS_A_DAY["store"], 0.02)
        origin = places.forwards[places.forward[index]]
        rows.append(_lane(origin, name, "transfer", 1, size=size, max_trucks=MAX_TRUCKS["store"]))
    lateral = {"mode": "transshipment", "lead_time_days": 2, "unit_cost": 0.4, "parcel_cost": 8.0}
    rows += [{"origin": f"zone:{name}", "destination": f"zone:{name}", **lateral} for name in places.forwards]
    return pd.DataFrame(rows)


def _lane(origin: str, destination: str, mode: str, lead: int, *, size: float, **more: Any) -> dict[str, Any]:
    return {
        "origin": origin, "destination": destination, "mode": mode, "lead_time_days": lead, "unit_cost": 0.02,
        "truck_cost": round(45.0 * size, 2), "truck_volume_m3": round(size, 3),
        "truck_weight_kg": round(size * 300.0, 1), **more,
    }  # fmt: skip


def _assortment(places: _Places, skus: pd.DataFrame) -> pd.DataFrame:
    table = pd.MultiIndex.from_product([skus["sku"], places.own], names=["sku", "location"]).to_frame(index=False)
    is_store = table["location"].str.startswith("S").to_numpy()
    return table.assign(presentation_stock=np.where(is_store, 1, 0))


def _sourcing(places: _Places, skus: pd.DataFrame) -> pd.DataFrame:
    own = [places.suppliers[index % N_SUPPLIERS] for index in range(len(skus))]
    rows = [pd.DataFrame({"sku": skus["sku"], "origin": own, "destination": name}) for name in places.centrals]
    return pd.concat(rows, ignore_index=True).assign(priority=1.0)


def _suppliers(places: _Places, rate: Floats) -> pd.DataFrame:
    by_supplier = np.array([rate[index::N_SUPPLIERS].sum() * 7 for index in range(N_SUPPLIERS)])
    capacity = np.where(np.arange(N_SUPPLIERS) % 4 == 0, np.ceil(by_supplier * SUPPLIER_SHARE), np.nan)
    return pd.DataFrame({"supplier": places.suppliers, "weekly_capacity": capacity})


def _capacity(places: _Places, skus: pd.DataFrame, rate: Floats) -> pd.DataFrame:
    """Docks: what forwards can receive and centrals can ship a day [m3]."""
    volume = (rate * skus["volume_m3"].to_numpy()[:, None]).sum(axis=0)
    behind, central = _through(places, volume)
    ship = pd.DataFrame({"location": places.centrals, "kind": "ship", "amount": central * DOCK_SHARE})
    receive = pd.DataFrame({"location": places.forwards, "kind": "receive", "amount": behind * DOCK_SHARE})
    table = pd.concat([ship, receive], ignore_index=True)
    return table.assign(amount=table["amount"].round(3), unit="m3", overtime_cost=30.0)


def _stock(places: _Places, skus: pd.DataFrame, *, rate: Floats, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Stock of a chain in use, and purchases on their way: some points are about to run out, some hold too much."""
    n_forward = len(places.forwards)
    behind, central = _through(places, rate)
    days = np.concatenate([
        rng.gamma(4.0, 2.0, (len(skus), len(places.centrals))),
        rng.gamma(3.0, 1.2, (len(skus), n_forward)),
        rng.gamma(2.0, 1.8, (len(skus), len(places.stores))),
    ], axis=1)  # fmt: skip
    mean = np.concatenate([central, behind * 0.6, rate[:, n_forward:]], axis=1)
    on_hand = rng.poisson(days * mean)
    on_hand[:, len(places.centrals) + n_forward :] += 1
    sku, place = np.repeat(skus["sku"].to_numpy(), len(places.own)), np.tile(places.own, len(skus))
    stock = pd.DataFrame({"as_of": CUTOFF, "sku": sku, "location": place, "on_hand": on_hand.ravel()})
    rows, columns = np.nonzero(rng.random(central.shape) < 0.7)
    orders = pd.DataFrame({
        "order_id": [f"O{index:07d}" for index in range(rows.size)],
        "origin": [places.suppliers[row % N_SUPPLIERS] for row in rows],
        "destination": np.array(places.centrals)[columns],
        "sku": skus["sku"].to_numpy()[rows],
        "quantity": np.maximum(np.round(central[rows, columns] * 3.5), 1),
        "ship_date": CUTOFF - pd.Timedelta(days=2),
        "due_date": CUTOFF + pd.to_timedelta(rng.integers(1, 5, rows.size), unit="D"),
        "status": "released",
    })  # fmt: skip
    return {"stock": stock, "open_orders": orders}


def _forecast(places: _Places, skus: pd.DataFrame, rate: Floats) -> Forecast:
    """Negative binomial around the rates, with a weekly pattern."""
    first = (CUTOFF + pd.Timedelta(days=1)).day_of_week
    week = np.array([WEEKDAYS[(first + day) % 7] for day in range(FORECAST_DAYS)]) / np.mean(WEEKDAYS)
    mean = rate.ravel()[:, None] * week[None, :]
    sku, place = np.repeat(skus["sku"].to_numpy(), rate.shape[1]), np.tile(places.selling, len(skus))
    return Forecast.from_rates(mean, sku.tolist(), location=place.tolist(), cutoff=f"{CUTOFF:%Y-%m-%d}", dispersion=0.3)


def _canonical(name: str, given: pd.DataFrame) -> pd.DataFrame:
    """Fill the contract's columns and defaults."""
    frame = empty(name)
    blanks = {"float64": np.nan, "datetime64[ns]": pd.NaT, "str": "", "bool": False, "int64": 0}
    data = {}
    for column in TABLES[name].columns:
        default = blanks[column.dtype] if column.default in (None, "weekday") else column.default
        values = given[column.name] if column.name in given else pd.Series(default, index=given.index)
        data[column.name] = values.where(values.notna(), default).astype(frame[column.name].dtype)
    return pd.DataFrame(data)
