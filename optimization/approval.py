"""Which order lines leave by themselves, which need a person, and which need two: the chain's own rules.

A line is approved by itself if it passes every rule. The first rule that it breaks is the reason it waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.actions import new_lines
from optimization.ledger_approvals import Verdicts

_LINE = ["origin", "destination", "sku", "kind", "ship_date"]
AUTOMATIC = "within the rules"


@dataclass(frozen=True)
class ApprovalRules:
    """Rules of `[approval]` in chain.toml; without that table nobody has to approve anything.

    Parameters
    ----------
    max_value
        A line worth more waits for a person [money]; None for any.
    max_change
        A line waits if its quantity differs by more than this share from what the run before expected for its day:
        |now - before| / max(now, before), 0..1; a line that was not expected differs by 1. None for any.
    exceptions
        A line waits if its SKU has such an exception at one of its ends: kinds, such as "phantom stock", and
        severities, such as "critical".
    four_eyes_above
        A line worth more is approved by two people [money]; None for never.
    """

    max_value: float | None = None
    max_change: float | None = None
    exceptions: tuple[str, ...] = ("feed stale", "phantom stock", "unacknowledged order")
    four_eyes_above: float | None = None

    def __post_init__(self) -> None:
        for name, highest in (("max_value", np.inf), ("max_change", 1.0), ("four_eyes_above", np.inf)):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if value is not None and not (is_number and 0.0 <= value <= highest):
                raise ValueError(f"{name} is {value!r}: give a number from 0 to {highest:g}")
        if not isinstance(self.exceptions, tuple) or not all(isinstance(each, str) for each in self.exceptions):
            raise ValueError('exceptions: list kinds and severities as text, such as ["feed stale", "critical"]')


def rules_from(settings: Mapping[str, Any]) -> ApprovalRules | None:
    """Read `[approval]`; None where the chain has no such table.

    Raises
    ------
    ValueError
        If a setting is unknown or out of its range.
    """
    if not settings:
        return None
    known = [each.name for each in fields(ApprovalRules)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"unknown setting {unknown[0]!r}: known are {', '.join(known)}")
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in settings.items()}
    return ApprovalRules(**values)


def verdicts(
    orders: pd.DataFrame, exceptions: pd.DataFrame, planned: pd.DataFrame | None, *, rules: ApprovalRules | None
) -> Verdicts:
    """Judge every new line of a run.

    Parameters
    ----------
    orders, exceptions
        Tables of the run.
    planned
        What the run before expected of later days, as its `planned` table says; None where there is none.
    rules
        The chain's rules; None where it has none.
    """
    lines = new_lines(orders)
    if rules is None or lines.empty:
        return Verdicts()
    waits = waiting_reasons(lines, exceptions, planned, rules=rules).tolist()
    ids, value = lines["order_id"].astype(str).tolist(), lines["value"].to_numpy(dtype=float)
    is_two = value > (np.inf if rules.four_eyes_above is None else rules.four_eyes_above)
    return Verdicts(
        needed={name: 2 if two else 1 for name, two in zip(ids, is_two.tolist(), strict=True)},
        approved={name: AUTOMATIC for name, why in zip(ids, waits, strict=True) if not why},
        waiting={name: str(why) for name, why in zip(ids, waits, strict=True) if why},
    )


def waiting_reasons(
    lines: pd.DataFrame, exceptions: pd.DataFrame, planned: pd.DataFrame | None, *, rules: ApprovalRules
) -> npt.NDArray[np.object_]:
    """Say why each line waits for a person, (n,); empty for a line that passes every rule."""
    value, change = lines["value"].to_numpy(dtype=float), changes(lines, planned)
    rules_broken = (
        (value, rules.four_eyes_above, "worth more than {:g}: two people"),
        (value, rules.max_value, "worth more than {:g}"),
        (change, rules.max_change, "differs by more than {:.0%} from what was expected yesterday"),
    )
    waits = np.where(held_by(lines, exceptions, rules.exceptions), "an exception at one of its ends", "").astype(object)
    for figure, limit, words in rules_broken:
        if limit is not None:
            waits[(waits == "") & (figure > limit)] = words.format(limit)
    return waits


def changes(lines: pd.DataFrame, planned: pd.DataFrame | None) -> npt.NDArray[np.float64]:
    """Difference of each line from what the run before expected, as a share of the larger, (n,) in 0..1."""
    now = lines["quantity"].to_numpy(dtype=float)
    if planned is None or planned.empty:
        return np.ones(len(lines))
    expected = planned.rename(columns={"mode": "kind"}).groupby(_LINE)["quantity"].sum()
    before = expected.reindex(pd.MultiIndex.from_frame(lines[_LINE])).fillna(0.0).to_numpy(dtype=float)
    return np.asarray(np.abs(now - before) / np.maximum(np.maximum(now, before), 1.0), dtype=np.float64)


def held_by(lines: pd.DataFrame, exceptions: pd.DataFrame, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Whether an exception of these kinds or severities lies on a line's SKU at one of its ends, (n,)."""
    chosen = exceptions[exceptions["kind"].isin(names) | exceptions["severity"].isin(names)]
    hit = set(zip(chosen["sku"].astype(str), chosen["location"].astype(str), strict=True))
    ends = zip(*(lines[name].astype(str) for name in ("sku", "origin", "destination")), strict=True)
    return np.array(
        [{(sku, a), (sku, b), (sku, ""), ("", a), ("", b)} & hit != set() for sku, a, b in ends], dtype=bool
    )
