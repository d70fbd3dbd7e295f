"""Join the flows of parts to those of the chain: the rows of the positions, then the echelons, all in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.cost_curves import CostCurves
from optimization.decisions import FlowPlan, SolveStatus
from optimization.expiry import LotsOnHand
from optimization.flow.data import FlowData
from optimization.partition.moves import joined_moves
from optimization.partition.solve import PartFlow

Ints = npt.NDArray[np.int64]


def joined_curves(parts: Sequence[CostCurves]) -> CostCurves:
    """Join curves: local rows of all parts, then their echelon rows.

    Parameters
    ----------
    parts
        Curves of each part; the local rows of all parts, one after the other, are those of the chain.
    """
    n_local = np.array([curves.n_local for curves in parts])
    n_echelon = np.array([len(curves.points) for curves in parts]) - n_local
    echelon = int(n_local.sum()) + np.cumsum(n_echelon) - n_echelon
    joined = {
        item.name: _local_first([getattr(curves, item.name) for curves in parts], n_local)
        for item in fields(CostCurves)
        if item.name not in ("points", "member_of")
    }
    member_of = [
        np.where(curves.member_of >= 0, curves.member_of - local + start, -1)
        for curves, local, start in zip(parts, n_local, echelon, strict=True)
    ]
    tables = [curves.points.iloc[:n] for curves, n in zip(parts, n_local, strict=True)]
    tables += [curves.points.iloc[n:] for curves, n in zip(parts, n_local, strict=True)]
    return CostCurves(points=pd.concat(tables, ignore_index=True), member_of=_local_first(member_of, n_local), **joined)


def joined_flow(parts: Sequence[PartFlow], positions: pd.DataFrame, lanes: pd.DataFrame) -> tuple[FlowData, FlowPlan]:
    """Join the input and the plans of all parts.

    Parameters
    ----------
    parts
        In the order of the positions.
    positions, lanes
        Of the chain.
    """
    sizes = np.array([len(part.data.positions) for part in parts])
    starts = np.cumsum(sizes) - sizes
    rows = [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    regular, _ = joined_moves([part.data.regular for part in parts], rows)
    tonight, _ = joined_moves([part.data.tonight for part in parts], rows)
    n_regular = [part.data.regular.pair.size for part in parts]
    data = FlowData(
        positions=positions,
        curves=joined_curves([part.data.curves for part in parts]),
        regular=regular,
        tonight=tonight,
        lanes=lanes,
        lots=_joined_lots([part.data.lots for part in parts], starts),
        **{
            name: np.concatenate([getattr(part.data, name) for part in parts])
            for name in ("free", "sendable", "giveable", "is_protected", "is_banned", "has_echelon")
        },
    )
    quantity = [part.flow.quantity[:n] for part, n in zip(parts, n_regular, strict=True)]
    quantity += [part.flow.quantity[n:] for part, n in zip(parts, n_regular, strict=True)]
    return data, joined_plan([part.flow for part in parts], np.concatenate(quantity))


def _joined_lots(parts: Sequence[LotsOnHand], starts: Ints) -> LotsOnHand:
    """Join the lots of parts whose points begin at some rows of the chain."""
    joined = {
        name: np.concatenate([getattr(lots, name) for lots in parts]) for name in ("last_day", "sold_until", "quantity")
    }
    point = np.concatenate([lots.point + start for lots, start in zip(parts, starts, strict=True)])
    return LotsOnHand(point=point, **joined)


def joined_plan(plans: Sequence[FlowPlan], quantity: Ints) -> FlowPlan:
    """Add up the SKUs of several plans, in the order of their names; `quantity` is that of all their moves."""
    is_known = all(plan.bound is not None for plan in plans)
    is_solved = any(plan.status == SolveStatus.OPTIMAL for plan in plans)
    per_sku = pd.concat([plan.per_sku for plan in plans], ignore_index=True)
    per_sku = per_sku.sort_values("sku", kind="stable", ignore_index=True)
    return FlowPlan(
        objective=float(per_sku["objective"].sum()),
        bound=float(per_sku["bound"].sum()) if is_known else None,
        status=SolveStatus.OPTIMAL if is_solved else SolveStatus.EMPTY,
        per_sku=per_sku,
        quantity=quantity,
        lot_cost=float(per_sku["lot_cost"].sum()),
    )


def _local_first(parts: Sequence[npt.NDArray[Any]], n_local: Ints) -> npt.NDArray[Any]:
    """Concatenate the local rows of all parts, then the rows after them."""
    local = [values[:n] for values, n in zip(parts, n_local, strict=True)]
    return np.concatenate([*local, *(values[n:] for values, n in zip(parts, n_local, strict=True))])
