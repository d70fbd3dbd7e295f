"""Slow and independent: the best plan of a tiny truck program, by trying every truck pattern and every whole lot."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from optimization.trucks.problem import LaneCosts, LaneTrucks

Floats = npt.NDArray[np.float64]


def best_load(lane: LaneCosts, room: Floats) -> float:
    """Least cost of a lane whose trucks bring this much room by day, every combination of lots tried."""
    k, horizon, n_lots = lane.cost.shape
    days = [day for day in range(horizon) if room[day] > 0]
    best = np.inf
    for flat in product(range(n_lots), repeat=k * len(days)):
        lots = np.zeros((k, horizon), dtype=int)
        lots[:, days] = np.array(flat, dtype=int).reshape(k, len(days))
        sent = lots.cumsum(axis=1)
        if (sent >= n_lots).any() or (sent > lane.limit).any():
            continue
        if (np.einsum("kd,kr->dr", lots, lane.size) > room[:, None] + 1e-9).any():
            continue
        cost = sum(
            lane.cost[i, d, sent[i, d]] + lane.price[i, d] * lots[i, d] for i in range(k) for d in range(horizon)
        )
        last = [day - 1 for day in days if day > 0] + [horizon - 1]
        cost += sum(lane.end_cost[i, d, sent[i, d]] for i in range(k) for d in last)
        best = min(best, float(cost))
    return best


def best_plan(lanes: list[LaneCosts], trucks: LaneTrucks) -> float:
    """Least cost of all lanes, every pattern of every lane tried, docks kept."""
    choices = []
    for index, lane in enumerate(lanes):
        own = []
        options = [option for option in range(trucks.cost.shape[1]) if np.isfinite(trucks.cost[index, option])]
        for pattern in product(range(len(options) + 1), repeat=trucks.horizon):
            taken = np.array(pattern)
            if (taken[~trucks.is_open[index]] > 0).any():
                continue
            room = trucks.room(index, taken)
            cost = best_load(lane, room) + trucks.pattern_cost(index, taken)
            own.append((cost, trucks.docks_used(index, taken)))
        choices.append(own)
    best = np.inf
    for combination in product(*choices):
        used = np.sum([docks for _, docks in combination], axis=0)
        if (used <= trucks.dock_limit).all():
            best = min(best, sum(cost for cost, _ in combination))
    return best
