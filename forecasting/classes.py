"""Demand classes by how often and how unevenly a series sells (Syntetos, Boylan and Croston 2005)."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from forecasting.history import History

WINDOW_DAYS = 182
# Boundaries of average inter-demand interval [days] and squared variation of sizes.
INTERVAL_BOUND = 1.32
VARIATION_BOUND = 0.49
# Observed days below which a series has no class yet.
LEAST_SEEN_DAYS = 14


class DemandClass(StrEnum):
    """Class of a series; NONE has too little history or never sold."""

    SMOOTH = "smooth"
    ERRATIC = "erratic"
    INTERMITTENT = "intermittent"
    LUMPY = "lumpy"
    NONE = "none"


def demand_classes(history: History, origin: int) -> npt.NDArray[np.object_]:
    """Classify every series by its days up to and including ``origin``, (n_series,) of `DemandClass` values."""
    seen = history.seen_days.window(origin, WINDOW_DAYS)
    sold = history.sold_days.window(origin, WINDOW_DAYS)
    exposure = history.own.exposure.window(origin, WINDOW_DAYS)
    units = history.own.units.window(origin, WINDOW_DAYS)
    squares = history.squares.window(origin, WINDOW_DAYS)
    times = np.maximum(sold, 1.0)
    # sizes on selling days; exposure of selling days is taken as proportional to their number
    selling_exposure = np.maximum(exposure * times / np.maximum(seen, 1.0), 1e-9)
    size = units / selling_exposure
    variation = np.maximum(squares / selling_exposure - size**2, 0.0) / np.maximum(size, 1e-9) ** 2
    is_rare = seen / times > INTERVAL_BOUND
    is_uneven = variation > VARIATION_BOUND
    classes = np.where(
        is_rare,
        np.where(is_uneven, DemandClass.LUMPY, DemandClass.INTERMITTENT),
        np.where(is_uneven, DemandClass.ERRATIC, DemandClass.SMOOTH),
    ).astype(object)
    classes[(seen < LEAST_SEEN_DAYS) | (sold == 0)] = DemandClass.NONE
    return np.array([str(name) for name in classes], dtype=object)
