"""Which stock points a promotion touches."""

from __future__ import annotations

import pandas as pd

PROMOTED_COLUMNS = ["promotion", "mechanism", "from", "to", "planned_units", "row"]


def promoted_points(
    promotions: pd.DataFrame, points: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    """Join promotions that run within some days with the stock points they touch.

    Parameters
    ----------
    promotions
        The contract's table.
    points
        sku, category, location, zone, region; RangeIndex.
    first, last
        Days, inclusive; a promotion that overlaps them is kept.

    Returns
    -------
    pandas.DataFrame
        `PROMOTED_COLUMNS`: one row a promotion and stock point, `row` being the row of `points`; sorted by (row, from).
    """
    running = promotions.loc[(promotions["from"] <= last) & (promotions["to"] >= first)]
    numbered = points.assign(row=range(len(points)))
    is_sku = running["sku"].fillna("") != ""
    by_sku = running.loc[is_sku].merge(numbered, on="sku", how="inner", suffixes=("_promoted", ""))
    by_category = running.loc[~is_sku].merge(numbered, on="category", how="inner", suffixes=("_promoted", ""))
    touched = pd.concat([by_sku, by_category], ignore_index=True)
    for place in ("location", "zone", "region"):
        wanted = touched[f"{place}_promoted"].fillna("")
        touched = touched.loc[(wanted == "") | (wanted == touched[place])]
    return touched[PROMOTED_COLUMNS].sort_values(["row", "from", "promotion"]).reset_index(drop=True)
