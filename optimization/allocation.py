"""Fair share: scarce stock goes where a unit is worth most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# What small requests can still take after a large one was refused is found within this many rounds.
ROUNDS = 6


def fair_share(available: Ints, group: Ints, *, size: Ints, value: Floats, lot: Ints) -> Ints:
    """Grant requests on scarce stock by value per unit, in whole lots; exact where values are separable.

    Example: 10 units, requests of 6 (value 12), 6 (value 30) and 3 (value 3), lots of 3: the second gets 6, the first
    3 of the 4 that are left, the third nothing.

    Parameters
    ----------
    available
        (n_groups,) units.
    group
        (k,) which stock each request draws on.
    size
        (k,) units asked for.
    value
        (k,) worth of the whole request [money].
    lot
        (k,) the grant is a multiple of it, at least 1.

    Returns
    -------
    (k,) granted units.
    """
    granted = np.zeros(size.size, dtype=np.int64)
    order = np.lexsort([-value / np.maximum(size, 1), group])
    left = available.astype(np.int64).copy()
    for _ in range(ROUNDS):
        wanted = ((size - granted) // lot * lot)[order]
        # A request larger than what is left of its stock cannot wait in front of smaller ones.
        room = left[group[order]] // lot[order] * lot[order]
        asked = np.minimum(wanted, room)
        ahead = _ahead(asked, group[order])
        taken = np.clip(left[group[order]] - ahead, 0, asked) // lot[order] * lot[order]
        if not taken.any():
            break
        granted[order] += taken
        left -= np.bincount(group[order], weights=taken, minlength=left.size).astype(np.int64)
    return granted


def _ahead(size: Ints, group: Ints) -> Ints:
    """Units asked for by the requests before each one in its group; groups are contiguous."""
    total = np.cumsum(size) - size
    is_first = np.append(True, group[1:] != group[:-1]) if group.size else np.zeros(0, dtype=bool)
    start = np.maximum.accumulate(np.where(is_first, np.arange(group.size), 0))
    ahead: Ints = total - total[start]
    return ahead
