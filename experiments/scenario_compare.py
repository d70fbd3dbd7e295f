"""What differs between two plans: KPIs, orders and why, as tables, as text and for a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from optimization.actions import new_lines
from optimization.order_difference import order_difference

if TYPE_CHECKING:
    from engine import Plan

N_SHOWN = 12
_WORDS_OTHER = "follows from other lines: stock, trucks or capacity that they share"
_FEW_UNITS = 0.5
_FACTS = {"expected_demand": "demand until the next order can arrive", "order_up_to_level": "target",
          "protection_days": "days to cover", "inventory_position": "stock and on order"}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """Plan b against plan a.

    Parameters
    ----------
    name
        What differs, such as the name of a scenario.
    before, after
        The plans.
    kpis
        kpi, before, after, change, unit, meaning: planned figures that differ, the largest relative change first.
    orders
        Lines that differ, as `optimization.order_difference` has them, with `why`.
    notes
        What the comparison takes for granted.
    currency
        Of all money.
    """

    name: str
    before: Plan
    after: Plan
    kpis: pd.DataFrame
    orders: pd.DataFrame
    notes: tuple[str, ...]
    currency: str

    def __str__(self) -> str:
        kpis = self.kpis.head(N_SHOWN)
        rows: list[tuple[str, ...]] = [("kpi", "before", "after", "change")]
        rows += [(row["kpi"], *(_figure(row[name]) for name in ("before", "after")), _figure(row["change"], sign=True))
                 for row in kpis.to_dict("records")]  # fmt: skip
        lines = [f"What if: {self.name}", "", *_padded(rows), "", _counts(self.orders)]
        for row in self.orders.head(N_SHOWN).to_dict("records"):
            lines.append(
                f"  {row['kind']} {row['origin']} > {row['destination']} {row['sku']}: "
                f"{row['quantity_before']:,} -> {row['quantity_after']:,} units; {row['why']}"
            )
        return "\n".join([*lines, *(["", *self.notes] if self.notes else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        top = self.kpis.head(N_SHOWN)
        scale = max(float(_relative(top).abs().replace(np.inf, np.nan).max()), 1e-9) if len(top) else 1.0
        rows = "".join(
            f"<tr><td title='{escape(str(row['meaning']), quote=True)}'>{escape(str(row['kpi']))}</td>"
            f"<td>{_figure(row['before'])}</td><td>{_figure(row['after'])}</td>"
            f"<td>{_figure(row['change'], sign=True)} {escape(str(row['unit']))}</td>"
            f"<td>{_bar(share / scale)}</td></tr>"
            for row, share in zip(top.to_dict("records"), _relative(top), strict=True)
        )
        lines = "".join(
            f"<tr><td>{escape(str(row['change']))}</td><td>{escape(str(row['kind']))}</td>"
            f"<td>{escape(str(row['origin']))} &gt; {escape(str(row['destination']))}</td>"
            f"<td>{escape(str(row['sku']))}</td><td>{row['quantity_before']:,}</td><td>{row['quantity_after']:,}</td>"
            f"<td style='text-align:left'>{escape(str(row['why']))}</td></tr>"
            for row in self.orders.head(N_SHOWN).to_dict("records")
        )
        notes = "".join(f"<li>{escape(text)}</li>" for text in self.notes)
        return (
            f"<h3>What if: {escape(self.name)}</h3>"
            f"<table><tr><th>kpi</th><th>before</th><th>after</th><th>change</th><th></th></tr>{rows}</table>"
            f"<p>{escape(_counts(self.orders))}</p><table><tr><th>change</th><th>kind</th><th>lane</th><th>sku</th>"
            f"<th>before</th><th>after</th><th>why</th></tr>{lines}</table><ul>{notes}</ul>"
        )


def compare(before: Plan, after: Plan, *, name: str = "the second plan", notes: tuple[str, ...] = ()) -> Comparison:
    """Compare two plans of one cutoff.

    Parameters
    ----------
    before, after
        The plans.
    name
        What differs between them.
    notes
        What to say beside it.

    Raises
    ------
    ValueError
        If the plans are of different nights.
    """
    if before.cutoff != after.cutoff:
        raise ValueError(f"plans of {before.cutoff:%Y-%m-%d} and {after.cutoff:%Y-%m-%d} are not comparable")
    orders = order_difference(before.orders, after.orders)
    return Comparison(
        name=name,
        before=before,
        after=after,
        kpis=kpi_changes(before.kpis, after.kpis),
        orders=orders.assign(why=pd.Series(_reasons(orders, before, after), dtype="str", index=orders.index)),
        notes=notes,
        currency=before.snapshot.settings.currency,
    )


def kpi_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return planned figures that differ between two KPI tables, the largest relative change first."""
    columns = ["kpi", "planned", "unit", "meaning"]
    joined = before[columns].merge(after[columns], on="kpi", how="outer", suffixes=("", "_after"))
    table = pd.DataFrame({
        "kpi": joined["kpi"],
        "before": joined["planned"],
        "after": joined["planned_after"],
        "change": joined["planned_after"] - joined["planned"],
        "unit": joined["unit"].fillna(joined["unit_after"]),
        "meaning": joined["meaning"].fillna(joined["meaning_after"]),
    })  # fmt: skip
    differs = (table["before"] != table["after"]) & ~(table["before"].isna() & table["after"].isna())
    table = table[differs]
    size = _relative(table).abs().fillna(np.inf)
    return table.iloc[np.argsort(-size.to_numpy(), kind="stable")].reset_index(drop=True)


def _relative(kpis: pd.DataFrame) -> pd.Series[float]:
    """Change over the figure before; NaN where that is unknown or 0."""
    return kpis["change"] / kpis["before"].abs().where(kpis["before"] != 0)


def _reasons(orders: pd.DataFrame, before: Plan, after: Plan) -> list[str]:
    """Say for each changed line what changed at its destination, on its lane, or around it."""
    keys = ["sku", "location"]
    facts = before.targets.merge(after.targets, on=keys, how="outer", suffixes=("_a", "_b")).set_index(keys)
    at = facts.index.get_indexer(pd.MultiIndex.from_frame(orders[["sku", "destination"]]))
    lanes = [_lanes(plan) for plan in (before, after)]
    sources = [_sources(plan) for plan in (before, after)]
    trucks = [_trucks(plan) for plan in (before, after)]
    words = []
    for row, line in zip(at, orders.to_dict("records"), strict=True):
        parts = [*_lane_words(line, lanes, after), *_source_words(line, sources), *_truck_words(line, trucks)]
        parts += [] if row < 0 else _fact_words(facts.iloc[row])
        words.append("; ".join(parts) or _WORDS_OTHER)
    return words


def _lanes(plan: Plan) -> dict[tuple[str, str, str], float]:
    """Lead time by lane."""
    lanes = plan.network.lanes
    keys = zip(lanes["origin"], lanes["destination"], lanes["mode"], strict=True)
    return dict(zip(keys, lanes["lead_time_days"].astype(float), strict=True))


def _lane_words(line: Mapping[Any, Any], lanes: list[dict[tuple[str, str, str], float]], after: Plan) -> list[str]:
    lane = (line["origin"], line["destination"], line["kind"])
    was, now = (each.get(lane) for each in lanes)
    if now is None:
        return ["the lane is closed"]
    if was is None:
        return ["the lane is new"]
    rows = after.network.lanes
    row = np.flatnonzero((rows[["origin", "destination", "mode"]] == list(lane)).all(axis=1))
    if line["change"] == "removed" and not after.network.calendar.ship_days(row, after.cutoff, 1).any():
        return ["nothing leaves on the lane tomorrow"]
    return [f"lead time {was:.0f} -> {now:.0f} days"] if was != now else []


def _trucks(plan: Plan) -> dict[tuple[str, str, str], int]:
    """Trucks of tonight by lane."""
    driven = plan.loads[plan.loads["vehicle"] == "truck"]
    sums = driven.groupby(["origin", "destination", "mode"], observed=True)["trucks"].sum()
    rows = sums.reset_index()
    keys = zip(rows["origin"], rows["destination"], rows["mode"], strict=True)
    return dict(zip(keys, rows["trucks"].astype(int), strict=True))


def _truck_words(line: Mapping[Any, Any], trucks: list[dict[tuple[str, str, str], int]]) -> list[str]:
    lane = (line["origin"], line["destination"], line["kind"])
    was, now = (each.get(lane, 0) for each in trucks)
    return [f"trucks on the lane {was} -> {now}"] if was != now else []


def _sources(plan: Plan) -> dict[tuple[str, str], set[str]]:
    """Where the lines of each (sku, destination) come from."""
    found: dict[tuple[str, str], set[str]] = {}
    lines = new_lines(plan.orders)
    for sku, destination, origin in zip(lines["sku"], lines["destination"], lines["origin"], strict=True):
        found.setdefault((sku, destination), set()).add(origin)
    return found


def _source_words(line: Mapping[Any, Any], sources: list[dict[tuple[str, str], set[str]]]) -> list[str]:
    key = (line["sku"], line["destination"])
    was, now = (each.get(key, set()) for each in sources)
    if line["change"] == "removed" and now - was:
        return [f"comes from {', '.join(sorted(now - was))} instead"]
    if line["change"] == "added" and was - now:
        return [f"in place of {', '.join(sorted(was - now))}"]
    return []


def _fact_words(facts: pd.Series[Any]) -> list[str]:
    said = []
    for name, words in _FACTS.items():
        was, now = facts[f"{name}_a"], facts[f"{name}_b"]
        if pd.notna(was) and pd.notna(now) and abs(now - was) >= _FEW_UNITS:
            said.append(f"{words} {was:,.0f} -> {now:,.0f}")
    return said


def _counts(orders: pd.DataFrame) -> str:
    if orders.empty:
        return "The same orders, line by line."
    counts = orders["change"].value_counts()
    parts = ", ".join(f"{int(counts.get(name, 0)):,} {name}" for name in ("added", "removed", "changed"))
    return f"Orders: {parts}; value {_figure(float(orders['value_change'].sum()), sign=True)}. The largest changes:"


def _figure(value: float, *, sign: bool = False) -> str:
    """A number as short as it can be read; a dash where unknown."""
    if value is None or not np.isfinite(value):
        return "–"
    digits = 0 if abs(value) >= 100 else (1 if abs(value) >= 10 else 3)
    return f"{value:{'+' if sign else ''},.{digits}f}"


def _padded(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  " + "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                             for column, (cell, width) in enumerate(zip(row, widths, strict=True)))
            for row in rows]  # fmt: skip


def _bar(share: float) -> str:
    """A bar to the left or right of the middle, for a share in -1..1; nothing where unknown."""
    if not np.isfinite(share):
        return ""
    width = 60.0 * min(abs(share), 1.0)
    left = 60.0 if share >= 0 else 60.0 - width
    return (
        "<svg width='120' height='12' role='img' aria-label='relative change'>"
        f"<rect x='{left:.1f}' y='1' width='{width:.1f}' height='10' fill='{'#2f6f9f' if share >= 0 else '#c4693d'}'/>"
        "<line x1='60' y1='0' x2='60' y2='12' stroke='#888'/></svg>"
    )
