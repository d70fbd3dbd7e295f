"""Stock-point-days a second of the twin for rules, on one core; prints one JSON line.

One central warehouse feeds stores twice a week; each store has its own customers, one SKU in seven expires. Drawing the
demand does not count.

    python benchmarks/twin_speed.py [--skus 1000 --stores 300 --days 56]
    python benchmarks/twin_speed.py --smoke
"""

import argparse
import json
import time

import numpy as np

from experiments.array_chain import FOREVER, ArrayChain, Serving, serving_levels
from experiments.baselines import base_stock
from experiments.recent_sales import WINDOW_DAYS
from experiments.twin_arrays import replay_arrays

# Every so many SKUs one expires, after so many days.
PERISHABLE_STEP, LIFE_DAYS = 7, 12


def chain_of(n_skus: int, n_stores: int, n_days: int, rng: np.random.Generator) -> tuple[ArrayChain, Serving]:
    """A central warehouse (place 0), fed by a supplier, and stores."""
    n_places = n_stores + 1
    shape = (n_places, n_skus)
    days = np.arange(n_days)
    lanes = np.arange(n_places)
    ships = (days[None, :] + lanes[:, None]) % 3 == 0
    lead = np.where(lanes == 0, 6, 2)
    perishable = np.arange(0, n_skus, PERISHABLE_STEP)
    units = rng.poisson(1.0, (WINDOW_DAYS, *shape)).astype(np.float64)
    units[:, 0] = 0.0
    chain = ArrayChain(
        on_hand=np.where(lanes[:, None] == 0, 10 * n_stores, 5) * np.ones(shape, dtype=np.int64),
        opening_orders=np.zeros((0, *shape), dtype=np.int64),
        opening_inside=np.zeros((0, n_skus), dtype=np.int64),
        perishable=perishable,
        life=np.full(perishable.size, LIFE_DAYS),
        n_buckets=LIFE_DAYS + 1,
        origin=np.where(lanes == 0, -1, 0),
        destination=lanes,
        ships=ships,
        arrival=days[None, :] + lead[:, None],
        protection=(lead + 2).astype(np.float64),
        truck_cost=np.full(n_places, 100.0),
        truck_volume=np.full(n_places, 5.0),
        truck_weight=np.full(n_places, np.inf),
        truck_co2=np.full(n_places, 50.0),
        unit_freight=np.full(n_places, 0.05),
        is_truck=np.ones(n_places, dtype=bool),
        case_pack=np.full(n_skus, 6.0),
        cost=rng.uniform(1, 20, n_skus),
        margin=rng.uniform(1, 10, n_skus),
        holding=rng.uniform(0.001, 0.02, n_skus),
        volume=rng.uniform(0.001, 0.01, n_skus),
        weight=np.zeros(n_skus),
        is_assorted=np.ones(shape, dtype=bool),
        least=np.ones(shape, dtype=np.int64),
        sold_from=np.full(n_skus, -FOREVER),
        sold_until=np.full(n_skus, FOREVER),
        history=(units, np.zeros(units.shape)),
        physical=lanes,
        truck_of=lanes,
        tier=np.where(lanes == 0, "central", "store").astype(object),
    )
    return chain, serving_levels([np.array([store]) for store in range(1, n_places)], n_places)


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skus", type=int, default=1000)
    parser.add_argument("--stores", type=int, default=300)
    parser.add_argument("--days", type=int, default=56)
    parser.add_argument("--smoke", action="store_true", help="a few hundred points for three days")
    a = parser.parse_args()
    if a.smoke:
        a.skus, a.stores, a.days = 20, 10, 3
    rng = np.random.default_rng(0)
    chain, serving = chain_of(a.skus, a.stores, a.days, rng)
    demand = rng.poisson(1.0, (a.days, a.stores, a.skus)).astype(np.int16)
    policy = base_stock(chain)(1.5, 2.0)
    began, cpu = time.perf_counter(), time.process_time()
    days, _ = replay_arrays(chain, serving, lambda day: demand[day], policy=policy, n_days=a.days)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    point_days = chain.on_hand.size * a.days
    print(json.dumps({
        "stock_points": chain.on_hand.size, "days": a.days, "seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2),
        "point_days_per_second": round(point_days / seconds), "point_days_per_cpu_second": round(point_days / cpu),
        "fill_rate": round(float(days["served_units"].sum() / days["latent_units"].sum()), 4),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
