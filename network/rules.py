"""Rules between columns and across tables: what refers to what, what comes before what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from network.breach import nearest
from network.findings import Finding, finding_of


@dataclass(frozen=True)
class Checked:
    """Tables that passed into the rules across tables.

    Parameters
    ----------
    tables
        Canonical columns; the index is the row number in the file. Wrong cells are unknown.
    present
        By table, the columns that its file has.
    unread
        Tables whose file could not be read.
    """

    tables: Mapping[str, pd.DataFrame]
    present: Mapping[str, frozenset[str]]
    unread: frozenset[str] = frozenset()

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table is there with all these columns in its file."""
        return set(columns) <= self.present.get(table, frozenset()) and table in self.tables

    def ids(self, table: str, column: str) -> frozenset[str]:
        """Distinct ids of a column, without the empty one; none when the column is not there."""
        if not self.has(table, column):
            return frozenset()
        return frozenset(self.tables[table][column].unique()) - {""}


Rule = Callable[[Checked], list[Finding]]


@dataclass(frozen=True)
class Reference:
    """Ids in one column that another table must know.

    Parameters
    ----------
    table, column
        Where the ids are used.
    kind
        What they name.
    """

    table: str
    column: str
    kind: str


_USES = {
    "sku": "sales stock open_orders receipts promotions assortment sourcing lots presales relations returns counts",
    "location": "sales stock promotions assortment serving capacity closures lots returns counts",
    "zone": "sales promotions presales serving",
    "region": "promotions calendar",
    "category": "promotions",
}
REFERENCES: tuple[Reference, ...] = (
    *(Reference(table, kind, kind) for kind, tables in _USES.items() for table in tables.split()),
    Reference("relations", "other", "sku"),
    Reference("open_orders", "origin", "location"),
    Reference("open_orders", "destination", "location"),
    Reference("presales", "pickup_location", "location"),
    Reference("suppliers", "supplier", "location"),
    Reference("receipts", "order_id", "order"),
    Reference("confirmations", "order_id", "order"),
)
HOME_BY_KIND = {
    "sku": ("skus", "sku"),
    "location": ("locations", "location"),
    "category": ("skus", "category"),
    "brand": ("skus", "brand"),
    "region": ("locations", "region"),
    "order": ("open_orders", "order_id"),
}
"""Table and column that declare the ids of a kind; zones are declared in more than one."""


def known_ids(checked: Checked, kind: str) -> frozenset[str] | None:
    """Ids of a kind that the chain declares; None where it cannot be told, so that nothing is called unknown.

    Parameters
    ----------
    checked
        All tables.
    kind
        sku, location, zone, region, category, brand or order.
    """
    if kind == "zone":
        declared = "zones" if checked.has("zones", "zone") else "serving"
        zones = checked.ids(declared, "zone") | checked.ids("locations", "zone")
        is_told = bool(zones) and not {"zones", "locations"} & checked.unread
        return zones if is_told else None
    table, column = HOME_BY_KIND[kind]
    is_required = column in ("sku", "location")
    if table in checked.unread or (is_required and not checked.has(table, column)):
        return None
    return checked.ids(table, column)


def unknown_references(checked: Checked) -> list[Finding]:
    """Every id must be declared where its kind is at home."""
    findings: list[Finding] = []
    for item in REFERENCES:
        is_own_home = item.table == "serving" and item.kind == "zone" and not checked.has("zones", "zone")
        known = known_ids(checked, item.kind) if checked.has(item.table, item.column) and not is_own_home else None
        if known is not None:
            values = checked.tables[item.table][item.column]
            findings += unknown_ids(checked, item, values=values, known=known, mask=np.True_)
    return findings


def unknown_ids(
    checked: Checked, item: Reference, *, values: pd.Series, known: Iterable[str], mask: np.ndarray | np.bool_
) -> list[Finding]:
    """Finding for the ids of a column that are not known.

    Parameters
    ----------
    checked
        All tables.
    item
        The column, and what its ids name.
    values
        Ids to look up (n,); empty ones pass.
    known
        Declared ids.
    mask
        Rows to look at (n,).
    """
    names = frozenset(known)
    strange = [value for value in values[values.notna()].unique() if value not in names and value != ""]
    if not strange:
        return []
    is_unknown = values.isin(strange).to_numpy(dtype=bool) & mask
    home = ".".join(HOME_BY_KIND.get(item.kind, ("zones", "zone")))
    hint = nearest(str(values.to_numpy()[is_unknown.argmax()]), names)
    return finding_of(
        checked.tables[item.table], is_unknown, table=item.table, column=item.column, rule=f"unknown {item.kind}",
        action=f"Add it to {home}, or mend the id. {hint}".strip(), shown=values,
    )  # fmt: skip


def unknown_signal_keys(checked: Checked) -> list[Finding]:
    """The key of a signal must be an id of its kind; a global signal has none."""
    if not checked.has("signals", "key", "key_type"):
        return []
    signals = checked.tables["signals"]
    findings: list[Finding] = []
    for kind in ("sku", "category", "brand", "location", "zone", "region"):
        known = known_ids(checked, kind)
        is_kind = (signals["key_type"] == kind).to_numpy(dtype=bool)
        if known is not None and is_kind.any():
            values = signals["key"].where(signals["key"] != "", "(empty)")
            item = Reference("signals", "key", kind)
            findings += unknown_ids(checked, item, values=values.where(is_kind, ""), known=known, mask=is_kind)
    return findings


def unknown_adjusted(checked: Checked) -> list[Finding]:
    """The key of an adjustment names known things: ``sku:A``, or ``sku:A@location:L``."""
    if not checked.has("adjustments", "key"):
        return []
    keys = checked.tables["adjustments"]["key"]
    known = {kind: known_ids(checked, kind) for kind in ("sku", "category", "brand", "location", "zone", "region")}

    def is_known(key: str) -> bool:
        parts = [part.partition(":") for part in key.split("@")]
        return all(kind in known and (known[kind] is None or name in known[kind]) for kind, _, name in parts)  # type: ignore[operator]

    is_wrong = np.array([key != "" and not is_known(key) for key in keys], dtype=bool)
    return finding_of(
        checked.tables["adjustments"], is_wrong, table="adjustments", column="key", rule="names nothing",
        action="Write sku:ID, category:ID, location:ID or sku:ID@location:ID with known ids.", shown=keys,
    )  # fmt: skip


@dataclass(frozen=True)
class Order:
    """Two columns of one row of which the second may not be smaller.

    Parameters
    ----------
    table, first, second
        Where they are.
    rule, action
        As in a breach.
    """

    table: str
    first: str
    second: str
    rule: str = "ends before it starts"
    action: str = "Swap the two dates, or mend one."


ORDERS: tuple[Order, ...] = (
    *(Order(table, "from", "to") for table in ("promotions", "assortment", "serving", "relations", "adjustments")),
    Order("skus", "launch_date", "end_date"),
    Order("locations", "opens", "closes"),
    Order("open_orders", "ship_date", "due_date", "due before it ships"),
    Order("assortment", "min_stock", "max_stock", "below min_stock", "Raise max_stock, or lower min_stock."),
)


def wrong_orders(checked: Checked) -> list[Finding]:
    """Nothing ends before it starts, and no maximum lies below its minimum."""
    findings: list[Finding] = []
    for item in ORDERS:
        if checked.has(item.table, item.first, item.second):
            frame = checked.tables[item.table]
            findings += finding_of(
                frame, frame[item.second] < frame[item.first], table=item.table, column=item.second, rule=item.rule,
                action=item.action, shown=frame[item.second],
            )  # fmt: skip
    return findings


def _row_rule(table: str, needs: tuple[str, ...], column: str, *, rule: str, action: str,
              is_wrong: Callable[[pd.DataFrame], pd.Series]) -> Rule:  # fmt: skip
    """A rule within the rows of one table, for a table that has the needed columns."""

    def check(checked: Checked) -> list[Finding]:
        if not checked.has(table, *needs):
            return []
        frame = checked.tables[table]
        return finding_of(
            frame, is_wrong(frame), table=table, column=column, rule=rule, action=action, shown=frame[column]
        )

    return check


_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"
_WEEKDAYS = r"^(MO|TU|WE|TH|FR|SA|SU)(\s*,\s*(MO|TU|WE|TH|FR|SA|SU))*$"


def _does_not_match(column: str, pattern: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: (frame[column] != "") & ~frame[column].str.match(pattern)


def _lacks_cases(unit: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: (frame["order_unit"] == unit) & frame[f"cases_per_{unit}"].isna()


ROW_RULES: tuple[Rule, ...] = (
    _row_rule("lanes", ("order_days",), "order_days", rule="not a list of weekdays",
              action="Write MO,TU,WE,TH,FR,SA,SU with commas.", is_wrong=_does_not_match("order_days", _WEEKDAYS)),
    *(_row_rule(table, ("cutoff_time",), "cutoff_time", rule="not a time of day", action="Write HH:MM, such as 16:30.",
                is_wrong=_does_not_match("cutoff_time", _TIME)) for table in ("lanes", "closures")),
    _row_rule("promotions", ("promotion",), "promotion", rule="neither sku nor category",
              action="Say which SKU or category it promotes.",
              is_wrong=lambda frame: (frame["sku"] == "") & (frame["category"] == "")),
    _row_rule("closures", ("date",), "location", rule="neither location nor lane", action="Say what is closed.",
              is_wrong=lambda frame: (frame["location"] == "") & (frame["lane"] == "")),
    _row_rule("capacity", ("date", "weekday"), "weekday", rule="both date and weekday", action="Give one of the two.",
              is_wrong=lambda frame: frame["date"].notna() & (frame["weekday"] != "")),
    _row_rule("relations", ("sku", "other"), "other", rule="relates to itself", action="Name another SKU.",
              is_wrong=lambda frame: (frame["sku"] == frame["other"]) & (frame["sku"] != "")),
    _row_rule("adjustments", ("kind", "value"), "kind", rule="no value",
              action="Give the units a day or the factor; only exclude needs none.",
              is_wrong=lambda frame: (frame["kind"] != "exclude") & frame["value"].isna()),
    *(_row_rule("sourcing", ("order_unit", f"cases_per_{unit}"), "order_unit", rule=f"no cases_per_{unit}",
                action=f"Say how many cases a {unit} has, or order by the case.", is_wrong=_lacks_cases(unit))
      for unit in ("layer", "pallet")),
)  # fmt: skip
"""Rules within one row."""
