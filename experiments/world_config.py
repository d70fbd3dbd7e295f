"""Size and seed of a synthetic chain, and the fixed days it lives on."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

CHANNELS = ("walk_in", "pickup", "instant", "delivery")
"""Order of the channel axis of every demand array."""

LAST_DAY = pd.Timestamp("2025-11-05")
"""Last published day: the Wednesday before a Double 11 whose pre-sale has been open for two weeks."""

FIRST_CALENDAR_DAY = pd.Timestamp("2023-01-01")
"""Holidays are written down from this day on; a world cannot start before it."""

DRAWN_AHEAD = 112
"""Days beyond the last one for which calendars, promotions and drivers exist: 84 to replay and 28 to look ahead."""


@dataclass(frozen=True)
class WorldConfig:
    """What to draw: how many SKUs, stores and days, from which seed.

    Parameters
    ----------
    n_skus : at least 9 (one per category).
    n_stores : at least 4; every store has its own customer zone.
    n_days : published days ending at `LAST_DAY`, 120 to 1000.
    seed : any non-negative integer; equal configurations give byte-equal folders.
    future_days : days of latent demand beyond `LAST_DAY`, 0 to 84, for replays; they never change the published tables.

    Raises
    ------
    ValueError
        when a size is outside its range.
    """

    n_skus: int = 60
    n_stores: int = 20
    n_days: int = 540
    seed: int = 1
    future_days: int = 84

    def __post_init__(self) -> None:
        """Check the ranges once."""
        ranges = {"n_skus": (9, 5000), "n_stores": (4, 1000), "n_days": (120, 1000), "future_days": (0, 84)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"WorldConfig.{name} is {value}; choose a value from {low} to {high}")
        if self.seed < 0:
            raise ValueError(f"WorldConfig.seed is {self.seed}; choose a non-negative integer")

    @property
    def first_day(self) -> pd.Timestamp:
        """First published day."""
        return LAST_DAY - pd.Timedelta(days=self.n_days - 1)

    @property
    def n_total(self) -> int:
        """Days of latent demand: published and future."""
        return self.n_days + self.future_days

    @property
    def n_drawn(self) -> int:
        """Days for which plans and drivers are drawn, whatever `future_days` is: it changes nothing published."""
        return self.n_days + DRAWN_AHEAD

    @property
    def dates(self) -> pd.DatetimeIndex:
        """All drawn days, published first, shape (n_drawn,)."""
        return pd.date_range(self.first_day, periods=self.n_drawn, unit="ns")

    def index_of(self, day: str | pd.Timestamp) -> int:
        """Return the day index of a date; 0 is the first published day."""
        return (pd.Timestamp(day) - self.first_day).days

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream of one named part, independent of every other part."""
        return np.random.default_rng([self.seed, crc32(name.encode())])


def ids(prefix: str, count: int) -> list[str]:
    """Return `count` identifiers of equal width, such as S01 to S20."""
    width = max(2, len(str(count)))
    return [f"{prefix}{number:0{width}d}" for number in range(1, count + 1)]


def autoregressive(noise: Floats, persistence: float) -> Floats:
    """Return a stationary AR(1) path down axis 0 with unit variance, x_t = p x_(t-1) + sqrt(1 - p^2) e_t."""
    path = np.empty_like(noise)
    path[0] = noise[0]
    scale = float(np.sqrt(1.0 - persistence**2))
    for day in range(1, len(noise)):
        path[day] = persistence * path[day - 1] + scale * noise[day]
    return path
