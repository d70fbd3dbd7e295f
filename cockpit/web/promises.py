"""Available to promise, ready to be asked for often: by SKU, channel, zone and day, in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.web.published import Run

TABLE = "promises"
_KEPT = 2


@dataclass(frozen=True, eq=False)
class PromiseBook:
    """What a run lets be promised.

    Parameters
    ----------
    skus
        SKUs in order.
    starts
        Where each SKU's rows begin, and the end of the last, (n_skus + 1,).
    rows
        (channel, zone, day, units), sorted by SKU.
    dates
        ISO date of each day.
    """

    skus: dict[str, int]
    starts: list[int]
    rows: tuple[tuple[str, str, int, int], ...]
    dates: tuple[str, ...]

    def of(
        self, sku: str, *, channel: str | None, zone: str | None, day: int | None
    ) -> list[tuple[str, str, int, int]]:
        """Return (channel, zone, day, units) of a SKU; None asks for all."""
        place = self.skus.get(sku)
        if place is None:
            return []
        rows = self.rows[self.starts[place] : self.starts[place + 1]]
        return [row for row in rows if channel in (None, row[0]) and zone in (None, row[1]) and day in (None, row[2])]


def promise_book(table: pd.DataFrame, cutoff: pd.Timestamp) -> PromiseBook:
    """Return the book of a table with sku, channel, zone, day (0 = the day after the cutoff) and quantity."""
    ordered = table.sort_values(["sku", "channel", "zone", "day"], kind="stable")
    names, firsts = np.unique(ordered["sku"].to_numpy(dtype=object).astype(str), return_index=True)
    columns = (
        ordered["channel"].astype("str").tolist(),
        ordered["zone"].astype("str").tolist(),
        ordered["day"].tolist(),
        ordered["quantity"].tolist(),
    )
    rows = tuple(zip(*columns, strict=True))
    n_days = int(ordered["day"].max()) + 1 if len(ordered) else 0
    dates = tuple(f"{cutoff + pd.Timedelta(days=1 + day):%Y-%m-%d}" for day in range(n_days))
    return PromiseBook({name: i for i, name in enumerate(names.tolist())}, [*firsts.tolist(), len(rows)], rows, dates)


class PromiseBooks:
    """The books of the runs that are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._books: OrderedDict[str, PromiseBook] = OrderedDict()

    def held(self, run: Run) -> PromiseBook | None:
        """Return the book of a run if it is in memory."""
        return self._books.get(run.run_id)

    def of(self, run: Run) -> PromiseBook | None:
        """Return the book of a run; None for a run of an earlier version, which says nothing of promises."""
        if not run.has_table(TABLE):
            return None
        with self._lock:
            if run.run_id not in self._books:
                self._books[run.run_id] = promise_book(run.table(TABLE), run.cutoff)
            while len(self._books) > _KEPT:
                self._books.popitem(last=False)
            return self._books[run.run_id]
