"""Rule of the audit on remaining life: who asks for goods that live longer gets them from lots that do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from network.contracts import Channel, Mode, Tier
from optimization.audit_case import NOTHING, AuditCase, breaches
from optimization.audit_lines import Rule

PAIR = ["sku", "origin"]


def remaining_life(case: AuditCase) -> pd.DataFrame:
    """Of the units free at an origin, enough are still good long enough after they arrive.

    All lines of an origin that need goods up to some day or later share the units that last so long: what is free less
    the lots that expire before. Where more is on record in lots than is free, the oldest are gone already.
    """
    lots = case.snapshot.table("lots").rename(columns={"location": "origin"})
    lines = case.lines.loc[case.lines["quantity"] > 0]
    lines = lines.merge(lots[PAIR].drop_duplicates(), on=PAIR, how="inner")
    if lines.empty:
        return NOTHING
    lines = lines.assign(good_until=lines["due_date"] + pd.to_timedelta(_life_asked(lines, case), unit="D"))
    rows = []
    for key, group in lines.groupby(PAIR):
        here = lots[(lots["sku"] == key[0]) & (lots["origin"] == key[1])].sort_values("expiry_date")
        free = _free(case, sku=str(key[0]), location=str(key[1]))
        excess = max(float(here["quantity"].sum()) - free, 0.0)
        left = np.diff(np.maximum(here["quantity"].cumsum().to_numpy(dtype=float) - excess, 0.0), prepend=0.0)
        for day in group["good_until"].unique():
            asked = float(group.loc[group["good_until"] >= day, "quantity"].sum())
            bound = free - float(left[(here["expiry_date"] < day).to_numpy()].sum())
            rows.append({"sku": key[0], "origin": key[1], "value": asked, "bound": bound})
    table = pd.DataFrame(rows)
    return breaches(
        table,
        "remaining_life",
        value=table["value"],
        bound=table["bound"],
        text="{value} units leave that must last, {bound} do",
        is_broken=table["value"] > table["bound"],
    )


def _life_asked(lines: pd.DataFrame, case: AuditCase) -> pd.Series[float]:
    """Days of life asked for on arrival: by the pair's rule, for sideways moves else by any rule into the place."""
    rules = case.sourcing.dropna(subset=["min_remaining_life_days"])
    life = rules["min_remaining_life_days"].astype(float)
    own = life.groupby([rules["sku"], rules["origin"], rules["destination"]]).max()
    into = life.groupby([rules["sku"], rules["destination"]]).max()
    pair = [tuple(row) for row in lines[["sku", "origin", "destination"]].to_numpy()]
    place = [(sku, destination) for sku, _, destination in pair]
    is_sideways = lines["mode"].isin([str(Mode.TRANSSHIPMENT), str(Mode.EMERGENCY)])
    asked = pd.Series([own.get(key, np.nan) for key in pair], index=lines.index, dtype=float)
    strictest = pd.Series([into.get(key, np.nan) for key in place], index=lines.index, dtype=float)
    asked = asked.fillna(strictest.where(is_sideways)).fillna(0.0)
    channel = pd.Series([_channel_life(case, name) for name in lines["destination"]], index=lines.index, dtype=float)
    other = channel.where(lines["mode"] != Mode.RETURN, 0.0)
    return asked.where(asked >= other, other)


def _channel_life(case: AuditCase, location: str) -> float:
    """Least life that a channel of a place asks for; a store also sells to those who walk in, who ask for none."""
    rules = case.serving[case.serving["location"] == location]
    tier = case.snapshot.table("locations").set_index("location")["tier"].get(location, "")
    if rules.empty or (tier == Tier.STORE and not (rules["channel"] == Channel.WALK_IN).any()):
        return 0.0
    return float(rules["min_remaining_life_days"].fillna(0).min())


def _free(case: AuditCase, *, sku: str, location: str) -> float:
    """Units free at a place by its record and by the positions, whichever is less."""
    stock = case.snapshot.table("stock")
    here = stock[(stock["sku"] == sku) & (stock["location"] == location) & (stock["stock_type"] == "free")]
    counted = float(here["on_hand"].fillna(0).sum() - here["allocated"].fillna(0).sum())
    stated = case.positions[(case.positions["sku"] == sku) & (case.positions["location"] == location)]
    return max(min(counted, float((stated["on_hand"] - stated["allocated"]).sum())), 0.0)


LIFE_RULES: tuple[Rule, ...] = (remaining_life,)
