"""Prices of what tonight's moves of all SKUs share, found on a sample of the SKUs before all of them are planned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from network.graph import SupplyNetwork
from network.snapshot import Snapshot
from optimization.inbound import REGULAR_MODES
from optimization.lane_prices import MEASURES, LanePrices, TonightLimits, tonight_limits, unit_volume
from optimization.partition.cut import ChainCut
from optimization.price_search import TonightUse, search_prices

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Stock points of the sample, of whole SKUs: a share of all, at least and at most so many. The SKUs that need most of
# the limits have most of their use: a sixth of 286 SKUs found prices as good as all of them did.
SAMPLE_SHARE, LEAST_POINTS, MOST_POINTS = 0.3, 1_500, 16_384
# Stock points that are planned together, so that several workers have some.
GROUP_POINTS = 2_048
# A limit so many times what all points lack tonight binds nobody, and no prices are looked for.
PLENTY = 3.0


def night_prices(
    chain: ChainCut,
    targets: pd.DataFrame,
    *,
    snapshot: Snapshot,
    network: SupplyNetwork,
    plan_at: Callable[[list[Ints], LanePrices], TonightUse],
) -> LanePrices | None:
    """Find the prices; None where tonight's limits bind nobody.

    Parameters
    ----------
    chain
        All SKUs.
    targets
        Result of `stock_targets`, row by row the chain's stock points.
    snapshot, network
        Limits and lanes.
    plan_at
        Plans groups of SKUs at prices.
    """
    limits = tonight_limits(network, snapshot)
    if not limits.amount.size:
        return None
    need = _need(chain, targets, limits, snapshot=snapshot, network=network)
    if (limits.amount >= PLENTY * np.asarray(need.sum(axis=0)).ravel()).all():
        return None
    sample = _sample(need, limits.amount, np.diff(chain.point_start))
    groups = _groups(sample, np.diff(chain.point_start)[sample])
    share = _share(need, sample, np.diff(chain.point_start))
    return search_prices(lambda prices: plan_at(groups, prices), limits, share=share)


def _need(
    chain: ChainCut, targets: pd.DataFrame, limits: TonightLimits, *, snapshot: Snapshot, network: SupplyNetwork
) -> sp.csr_array:
    """(n_skus, m) what each SKU takes of each limit if every point fills up to its level from its main source."""
    lanes = network.lanes_of(*REGULAR_MODES)
    ends = pd.MultiIndex.from_frame(lanes[["origin", "destination"]])
    is_new = ~ends.duplicated()
    at = ends[is_new].get_indexer(pd.MultiIndex.from_frame(targets[["main_source", "location"]]))
    rows = np.flatnonzero(at >= 0)
    lane = lanes.index.to_numpy(dtype=np.int64)[is_new][at[rows]]
    short = (targets["order_up_to_level"] - targets["inventory_position"]).clip(lower=0.0).fillna(0.0)
    packs = snapshot.table("skus").set_index("sku")["case_pack"].reindex(targets["sku"]).fillna(1.0).clip(lower=1.0)
    each = np.column_stack([
        np.ones(len(targets)), unit_volume(targets, snapshot), 1.0 / packs.to_numpy(dtype=np.float64)
    ])  # fmt: skip
    amount = (each * short.to_numpy(dtype=np.float64)[:, None])[rows]
    column = lane[:, None] * len(MEASURES) + np.arange(len(MEASURES))
    sku = np.repeat(chain.sku_of_point[rows], len(MEASURES))
    by_lane = sp.csr_array((amount.ravel(), (sku, column.ravel())), shape=(chain.sku.size, limits.takes.shape[0]))
    return sp.csr_array(by_lane @ limits.takes)


def _sample(need: sp.csr_array, amount: Floats, n_points: Ints) -> Ints:
    """SKUs that need most of the limits, ascending, as many as the sample holds; at least one."""
    ranked = np.argsort(-(need @ (1.0 / np.maximum(amount, 1e-9))), kind="stable")
    wanted = np.clip(SAMPLE_SHARE * n_points.sum(), LEAST_POINTS, MOST_POINTS)
    n = np.searchsorted(np.cumsum(n_points[ranked]), wanted, side="right")
    return np.sort(ranked[: max(int(n), 1)])


def _groups(sample: Ints, n_points: Ints) -> list[Ints]:
    """Runs of SKUs that are planned together."""
    before = np.cumsum(n_points) - n_points
    return np.split(sample, np.flatnonzero(np.diff(before // GROUP_POINTS)) + 1)


def _share(need: sp.csr_array, sample: Ints, n_points: Ints) -> Floats:
    """(m,) part of each limit that is for the sample: its part of the need, or of the points where nobody has any."""
    if sample.size == n_points.size:
        return np.ones(need.shape[1])
    total = np.asarray(need.sum(axis=0)).ravel()
    part = np.asarray(need[sample].sum(axis=0)).ravel()
    return np.where(total > 0, part / np.maximum(total, 1e-9), n_points[sample].sum() / n_points.sum())
