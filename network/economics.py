"""Money of a SKU: what a unit costs, sells for, costs to keep and costs to be without, and which of it is assumed."""

from __future__ import annotations

import pandas as pd

from network.settings import Assumption
from network.snapshot import Snapshot

DAYS_PER_YEAR = 365.0

# A lost sale of goods sold at or below cost still costs something: the customer, and the empty shelf.
LEAST_SHORTAGE_SHARE = 0.05

MONEY_COLUMNS = ("unit_cost", "unit_price", "holding_cost", "shortage_cost")

# Prices paid this long before the cutoff speak for the regular price of a SKU without one [days].
_PRICE_WINDOW_DAYS = 91


def sku_economics(snapshot: Snapshot) -> pd.DataFrame:
    """Give every SKU its money, from the table where it speaks and else from the chain's economics.

    - unit cost: the SKU's; else price x (1 - gross margin); else the settings' unit cost;
    - unit price: the SKU's; else the median price paid in the last 91 days; else cost / (1 - gross margin);
    - holding cost per day: the SKU's; else unit cost x holding rate / 365;
    - shortage cost of a lost unit: the SKU's; else (price - cost) x shortage multiple, at least 5% of the cost.

    Parameters
    ----------
    snapshot
        What is known.

    Returns
    -------
    One row a SKU, sorted by `sku`: `unit_cost` and `unit_price` [money/unit], `holding_cost` [money/unit/day],
    `shortage_cost` [money/unit lost], and for each a flag `is_assumed_...` that is True where it is not in the data.
    """
    rates = snapshot.settings.economics
    skus = snapshot.table("skus")
    declared = skus[list(MONEY_COLUMNS)].astype("float64")
    price = declared["unit_price"].fillna(_paid_prices(snapshot))
    cost = declared["unit_cost"].fillna(price * (1.0 - rates.gross_margin)).fillna(rates.unit_cost)
    known_price = price
    price = price.fillna(cost / (1.0 - rates.gross_margin))
    margin = (price - cost) * rates.shortage_multiple
    money = pd.DataFrame({
        "sku": skus["sku"],
        "unit_cost": cost,
        "unit_price": price,
        "holding_cost": declared["holding_cost"].fillna(cost * rates.holding_rate_per_year / DAYS_PER_YEAR),
        "shortage_cost": declared["shortage_cost"].fillna(margin.clip(lower=LEAST_SHORTAGE_SHARE * cost)),
    })  # fmt: skip
    for name in MONEY_COLUMNS:
        money[f"is_assumed_{name}"] = (known_price if name == "unit_price" else declared[name]).isna()
    return money.sort_values("sku").reset_index(drop=True)


def assumed_money(snapshot: Snapshot, economics: pd.DataFrame) -> tuple[Assumption, ...]:
    """Say in sentences which money of `sku_economics` is assumed.

    Parameters
    ----------
    snapshot
        What is known.
    economics
        Result of `sku_economics`.

    Returns
    -------
    One assumption for each kind of money that some SKU lacks.
    """
    rates = snapshot.settings.economics
    rule_by_column = {
        "unit_cost": f"price less a gross margin of {rates.gross_margin:.0%}, or {rates.unit_cost:g} without a price",
        "unit_price": f"cost plus a gross margin of {rates.gross_margin:.0%}",
        "holding_cost": f"{rates.holding_rate_per_year:.0%} of the unit cost a year",
        "shortage_cost": f"{rates.shortage_multiple:g} x lost margin, at least {LEAST_SHORTAGE_SHARE:.0%} of the cost",
    }
    counts = {name: int(economics[f"is_assumed_{name}"].sum()) for name in MONEY_COLUMNS}
    return tuple(
        Assumption("skus", f"{name} of {counts[name]:,} of {len(economics):,} SKUs: {rule}")
        for name, rule in rule_by_column.items()
        if counts[name]
    )


def _paid_prices(snapshot: Snapshot) -> pd.Series[float]:
    """Return the median price recently paid for each row of `skus`; NaN where none was recorded."""
    sales = snapshot.table("sales")
    recent = sales["date"] > snapshot.cutoff - pd.Timedelta(days=_PRICE_WINDOW_DAYS)
    paid = sales.loc[recent & sales["price"].notna() & (sales["price"] > 0), ["sku", "price"]]
    medians = paid.groupby("sku", observed=True)["price"].median()
    skus = snapshot.table("skus")
    return pd.Series(medians.reindex(skus["sku"]).to_numpy(dtype=float), index=skus.index)
