"""Which SKUs a new one is like: those of its category whose price is near, where nearness in price tells a rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Distance in log price at which a SKU counts for 0.61 of one of the same price.
WIDTH = 0.5
# SKUs looked at on either side in the order of price.
NEIGHBOURS = 40
# Nearness in price is used where leaving each SKU out once it lowers the error of rates by this share at least.
LEAST_GAIN = 0.05
# Days of the category's rate that stand beside the neighbours'.
CATEGORY_DAYS = 28.0


@dataclass(frozen=True, eq=False)
class Likeness:
    """How near SKUs of one category are in price.

    Parameters
    ----------
    nearness
        (n_skus, n_skus), exp(-(log price ratio / `WIDTH`)^2 / 2) within a category, 0 on the diagonal, where a price
        is unknown and beyond `NEIGHBOURS`.
    category
        (n_skus,) code.
    """

    nearness: sparse.csr_array
    category: Ints

    def weights(self, exposure: Array) -> tuple[sparse.csr_array, Array]:
        """Share of each other SKU in the rate of a SKU's neighbours, and the share left to the category.

        Parameters
        ----------
        exposure
            (n_skus,) observed days.

        Returns
        -------
        (n_skus, n_skus) and (n_skus,): rows and shares left sum to 1.
        """
        total: Array = self.nearness @ exposure + CATEGORY_DAYS
        shares = sparse.diags_array(1.0 / total) @ self.nearness @ sparse.diags_array(exposure)
        return sparse.csr_array(shares), CATEGORY_DAYS / total

    def rates(self, units: Array, exposure: Array, category_rate: Array) -> Array:
        """Rate of the SKUs nearest in price, or of the category where nearness tells nothing, (n_skus,) [units/day].

        Whether it tells is judged on the SKUs at hand: each is taken out once and foreseen from the others.

        Parameters
        ----------
        units, exposure
            (n_skus,) [units] and [observed days].
        category_rate
            (n_categories,) [units/day].
        """
        of_category = category_rate[self.category]
        if not self.tells(units, exposure):
            return of_category
        near = self.nearness @ units + CATEGORY_DAYS * of_category
        rate: Array = near / (self.nearness @ exposure + CATEGORY_DAYS)
        return rate

    def tells(self, units: Array, exposure: Array) -> bool:
        """Whether SKUs near in price foresee a SKU left out better than its whole category does."""
        seen = exposure > 0
        if not self.nearness.nnz or not seen.any():
            return False
        own = np.where(seen, units / np.where(seen, exposure, 1.0), 0.0)
        n = int(self.category.max()) + 1
        sold, days = (np.bincount(self.category, part, minlength=n)[self.category] - part for part in (units, exposure))
        general = np.where(days > 0, sold / np.maximum(days, 1e-9), own)
        near = self.nearness @ units + CATEGORY_DAYS * general
        near /= self.nearness @ exposure + CATEGORY_DAYS
        error, plain = (float((exposure * np.abs(rate - own)).sum()) for rate in (near, general))
        return error < (1.0 - LEAST_GAIN) * plain


def price_likeness(series: pd.DataFrame, sku_codes: Ints, n_skus: int) -> Likeness:
    """Return the likeness of SKUs by their list prices.

    Parameters
    ----------
    series
        Stock points with category and, where it is known, unit_price.
    sku_codes
        (n_series,) SKU of each.
    n_skus
        Number of SKUs.
    """
    import pandas as pd

    first = np.full(n_skus, 0, dtype=np.int64)
    first[sku_codes[::-1]] = np.arange(len(series))[::-1]
    category = pd.factorize(series["category"], sort=True)[0].astype(np.int64)[first]
    if "unit_price" not in series:
        return Likeness(sparse.csr_array((n_skus, n_skus)), category)
    price = series["unit_price"].to_numpy(dtype=np.float64)[first]
    is_priced = np.isfinite(price) & (price > 0)
    logs = np.log(np.where(is_priced, price, 1.0))
    order = np.lexsort((logs, category))
    order = order[is_priced[order]]
    parts: list[tuple[Ints, Ints, Array]] = []
    for step in range(1, min(NEIGHBOURS, order.size - 1) + 1):
        low, high = order[:-step], order[step:]
        same = category[low] == category[high]
        near = np.exp(-0.5 * ((logs[high] - logs[low])[same] / WIDTH) ** 2)
        parts += [(low[same], high[same], near), (high[same], low[same], near)]
    if not parts:
        return Likeness(sparse.csr_array((n_skus, n_skus)), category)
    rows, columns = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    values = np.concatenate([part[2] for part in parts])
    nearness = sparse.coo_array((values, (rows, columns)), shape=(n_skus, n_skus))
    return Likeness(sparse.csr_array(nearness), category)
