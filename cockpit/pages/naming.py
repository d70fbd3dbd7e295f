"""Names of products and places beside their codes, laid out once a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

_PLACES = frozenset({"location", "origin", "destination", "main_source"})


@dataclass(frozen=True)
class Names:
    """What a chain calls its products and places; a code without a name has none here.

    Parameters
    ----------
    products, places
        Names by SKU and by location.
    """

    products: Mapping[str, str] = field(repr=False)
    places: Mapping[str, str] = field(repr=False)

    def of(self, column: str, code: object) -> str:
        """Return the name of what a column holds, such as `sku` or `destination`; empty where it has none."""
        if column == "sku":
            return self.products.get(str(code), "")
        return self.places.get(str(code), "") if column in _PLACES else ""

    def route(self, origin: object, destination: object) -> str:
        """Return both ends of a lane by name, a code where an end has none; empty where neither has."""
        ends = [(str(code), self.of("location", code)) for code in (origin, destination)]
        return " → ".join(name or code for code, name in ends) if any(name for _, name in ends) else ""


NO_NAMES = Names({}, {})


def names_of(products: pd.DataFrame | None, places: pd.DataFrame | None) -> Names:
    """Lay out the names that a run published; runs of earlier versions have none.

    Parameters
    ----------
    products
        `products`: sku, product_name.
    places
        `places`: location, location_name among others.
    """
    return Names(_by_code(products, "sku", "product_name"), _by_code(places, "location", "location_name"))


def _by_code(table: pd.DataFrame | None, code: str, name: str) -> Mapping[str, str]:
    if table is None or name not in table:
        return {}
    known = table[table[name].fillna("").astype("str") != ""]
    return dict(zip(known[code].astype("str"), known[name].astype("str"), strict=True))
