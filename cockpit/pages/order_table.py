"""The order lines of a run, searched, filtered, sorted and cut into pages in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd

from cockpit.pages.searching import searched_text
from optimization.actions import new_lines

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
FACETS = ("kind", "state", "approval", "origin", "destination", "sku", "load_id", "exception")
"""Columns that a query may ask an exact value of."""
SORTS = (
    *("priority", "net_benefit", "value", "quantity", "sku", "origin", "destination", "due_date", "ship_date"),
    *("cover_before", "kind", "state", "order_id", "at_stake"),
)
"""Columns that a query may sort by."""
STANDING = ("state", "quantity", "value", "version", "approvals_needed", "approved_by", "batch")
"""What becomes of a line after the run."""
_SEARCHED = ("order_id", "sku", "origin", "destination", "barcode", "load_id", "kind", "reason")


class Grouping(StrEnum):
    """What lines can be summed by."""

    LANE = "lane"
    TRUCK = "truck"
    SUPPLIER = "supplier"
    SKU = "sku"
    EXCEPTION = "exception"


GROUP_COLUMNS = {
    Grouping.LANE: ("origin", "destination", "kind"),
    Grouping.TRUCK: ("load_id",),
    Grouping.SUPPLIER: ("origin",),
    Grouping.SKU: ("sku",),
    Grouping.EXCEPTION: ("exception",),
}


@dataclass(frozen=True)
class OrderQuery:
    """What a planner wants to see.

    Parameters
    ----------
    search
        Words that all have to stand somewhere in the line; upper and lower case are alike.
    wanted
        Exact values by column, of `FACETS`.
    sort
        One of `SORTS`.
    is_descending
        Largest first.
    page
        1 is the first.
    size
        Lines a page.
    """

    search: str = ""
    wanted: tuple[tuple[str, str], ...] = ()
    sort: str = "priority"
    is_descending: bool = False
    page: int = 1
    size: int = PAGE_SIZE

    def __post_init__(self) -> None:
        unknown = [name for name, _ in self.wanted if name not in FACETS]
        if unknown or self.sort not in SORTS:
            raise ValueError(f"orders cannot be filtered or sorted by {(unknown or [self.sort])[0]!r}")
        if self.page < 1 or not 1 <= self.size <= MAX_PAGE_SIZE:
            raise ValueError(f"pages count from 1 and hold 1 to {MAX_PAGE_SIZE} lines")


@dataclass(frozen=True, eq=False)
class Found:
    """One page of the lines that a query finds.

    Parameters
    ----------
    rows
        Lines of the page.
    n
        Lines found on all pages.
    n_pages
        Pages, at least 1.
    page
        The page shown; the last one where the query asked for one beyond.
    units, value, benefit
        Sums over all lines found [units], [money], [money].
    """

    rows: pd.DataFrame
    n: int
    n_pages: int
    page: int
    units: float
    value: float
    benefit: float


@dataclass(frozen=True, eq=False)
class OrderTable:
    """New lines of a run with the state that the ledger holds, ready to be asked.

    Parameters
    ----------
    lines
        Columns of `orders` as they stand now, with `state`, `exception` (kind of the dearest exception at the
        destination, empty without), `at_stake` (its money) and `approval` (whether a proposed line is `needed` to be
        approved or `not_needed`; empty otherwise).
    text
        (n,) what a search looks through, in lower case.
    """

    lines: pd.DataFrame
    text: npt.NDArray[np.object_] = field(repr=False)

    def find(self, query: OrderQuery) -> Found:
        """Return one page of the lines that fit a query; lines alike in the sorted column keep their urgency."""
        rows = self.rows_of(query)
        found = self.lines.iloc[rows]
        n_pages = max(-(-len(rows) // query.size), 1)
        page = min(query.page, n_pages)
        shown = rows[self._order(rows, query)][(page - 1) * query.size : page * query.size]
        sums = (float(found[name].sum()) for name in ("quantity", "value", "net_benefit"))
        return Found(self.lines.iloc[shown].reset_index(drop=True), len(rows), n_pages, page, *sums)

    def rows_of(self, query: OrderQuery) -> npt.NDArray[np.int64]:
        """Return the positions of all lines that fit a query."""
        fits = np.ones(len(self.lines), dtype=bool)
        for name, value in query.wanted:
            column = self.lines[name].cat
            code = column.categories.get_indexer(pd.Index([value]))[0]
            fits &= (column.codes == code).to_numpy() if code >= 0 else False
        rows = np.flatnonzero(fits)
        for word in query.search.lower().split():
            rows = rows[[word in text for text in self.text[rows]]]
        return rows

    def _order(self, rows: npt.NDArray[np.int64], query: OrderQuery) -> npt.NDArray[np.int64]:
        column = self.lines[query.sort].iloc[rows]
        if isinstance(column.dtype, pd.CategoricalDtype):
            key = column.cat.codes.to_numpy().astype(np.float64)
        elif pd.api.types.is_datetime64_any_dtype(column):
            key = column.to_numpy().astype("datetime64[s]").astype(np.float64)
            key[column.isna().to_numpy()] = np.nan
        else:
            key = column.to_numpy(dtype=np.float64)
        key = np.where(np.isnan(key), np.inf, -key if query.is_descending else key)
        return np.lexsort([self.lines["priority"].to_numpy()[rows], key])

    def group(self, query: OrderQuery, by: Grouping) -> pd.DataFrame:
        """Return the lines that fit a query summed by lane, truck, supplier, SKU or exception, dearest first.

        Returns
        -------
        The columns of the group, `lines`, `proposed` (lines that wait for approval), `quantity`, `value`,
        `net_benefit`. By supplier only purchases count; by exception only lines to points with one.
        """
        found = self.lines.iloc[self.rows_of(query)]
        names = [*GROUP_COLUMNS[by]]
        if by is Grouping.SUPPLIER:
            found = found[found["kind"] == "purchase"]
        if by is Grouping.EXCEPTION:
            found = found[found["exception"] != ""]
        grouped = found.assign(waits=found["state"] == "proposed").groupby(names, observed=True, sort=True)
        table = grouped.agg(
            lines=("order_id", "size"), proposed=("waits", "sum"), quantity=("quantity", "sum"),
            value=("value", "sum"), net_benefit=("net_benefit", "sum"),
        ).reset_index()  # fmt: skip
        return table.sort_values(["value", *names], ascending=[False, *(True for _ in names)]).reset_index(drop=True)

    def choices(self, name: str) -> list[str]:
        """Return the values that a facet has in this run."""
        return [str(value) for value in self.lines[name].cat.categories if value != ""]

    def line(self, order_id: str) -> pd.Series:
        """Return one line.

        Raises
        ------
        KeyError
            If it is none of this run.
        """
        rows = np.flatnonzero(self.lines["order_id"].to_numpy() == order_id)
        if not len(rows):
            raise KeyError(f"no order line {order_id!r} in this run")
        return self.lines.iloc[int(rows[0])]

    def beside(self, query: OrderQuery, order_id: str) -> tuple[str, str]:
        """Return the ids of the lines before and after one in a query's order; empty at the ends."""
        rows = self.rows_of(query)
        ids = self.lines["order_id"].to_numpy()[rows[self._order(rows, query)]]
        at = np.flatnonzero(ids == order_id)
        if not len(at):
            return "", ""
        place = int(at[0])
        return str(ids[place - 1]) if place else "", str(ids[place + 1]) if place + 1 < len(ids) else ""

    def with_standing(self, lines: pd.DataFrame) -> OrderTable:
        """Return the table with what has become of its lines: state, quantity, value, version, approvals.

        Parameters
        ----------
        lines
            The same lines in the same order.
        """
        standing = {name: lines[name].to_numpy() for name in STANDING if name in lines and name != "state"}
        facets = {"state": pd.Categorical(lines["state"]), "approval": pd.Categorical(_approval(lines))}
        return OrderTable(self.lines.assign(**facets, **standing), self.text)


def approvable(lines: pd.DataFrame, user: str) -> pd.Series:
    """Return which lines a person could still approve: proposed ones, save those that wait for a second person."""
    is_own = (lines["approvals_needed"] > 1) & (lines["approved_by"] == user)
    return (lines["state"] == "proposed") & ~is_own


def order_table(orders: pd.DataFrame, exceptions: pd.DataFrame) -> OrderTable:
    """Prepare the new lines of a run.

    Parameters
    ----------
    orders
        Lines as they stand now, or as the run proposed them.
    exceptions
        Table of the run.
    """
    lines = new_lines(orders).reset_index(drop=True)
    if "state" not in lines:
        lines = lines.rename(columns={"status": "state"})
    lines = lines.assign(**_exceptions_at(lines, exceptions), approval=_approval(lines))
    text = searched_text(lines, _SEARCHED)
    factored = {name: pd.Categorical(lines[name].fillna("").astype("str")) for name in FACETS}
    return OrderTable(lines.assign(**factored), text)


def _approval(lines: pd.DataFrame) -> pd.Series:
    """Whether somebody has to approve each proposed line; nobody does where the lines do not say."""
    needed = lines["approvals_needed"] > 0 if "approvals_needed" in lines else pd.Series(False, index=lines.index)
    words = needed.map({True: "needed", False: "not_needed"}).astype("str")
    return words.where(lines["state"] == "proposed", "")


def _exceptions_at(lines: pd.DataFrame, exceptions: pd.DataFrame) -> dict[str, pd.Series]:
    """Kind and money of the dearest exception at each line's destination."""
    first = exceptions.sort_values("rank").drop_duplicates(["sku", "location"])
    keys = pd.MultiIndex.from_frame(first[["sku", "location"]].fillna("").astype("str"))
    row = keys.get_indexer(pd.MultiIndex.from_frame(lines[["sku", "destination"]].astype("str")))
    kinds = np.append(first["kind"].astype("str").to_numpy(dtype=object), "")
    money = np.append(first["money"].to_numpy(dtype=float), 0.0)
    return {"exception": pd.Series(kinds[row], index=lines.index), "at_stake": pd.Series(money[row], index=lines.index)}
