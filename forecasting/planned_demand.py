"""What is known of the days to come and no model learns: goods sold ahead, hand-overs, planners' entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forecasting.adjustments import Adjusted, adjusted_mean
from forecasting.presales import deposits_by_point, multiple_of_deposits, with_deposits
from forecasting.relations import handed_over, successions

if TYPE_CHECKING:
    from forecasting.evidence import Evidence
    from forecasting.features import Origin
    from network.snapshot import Snapshot

Array = npt.NDArray[np.float64]


def expected_demand(mean: Array, snapshot: Snapshot, evidence: Evidence, *, origin: Origin) -> Array:
    """Return a model's mean after pre-sale deposits and hand-overs to successors, 0 on inactive days.

    Parameters
    ----------
    mean
        (n_series, horizon) of the models [units/day].
    snapshot
        Of the evidence.
    evidence
        Of the snapshot.
    origin
        At the cutoff.
    """
    active = evidence.is_active[:, evidence.last_day + 1 :]
    result: Array = mean * active
    presales = snapshot.table("presales")
    if len(presales):
        deposits = deposits_by_point(
            presales, evidence.panel.series, snapshot.table("serving"), rate=origin.base, plan=evidence.promotions,
            first=evidence.panel.dates[0],
        )  # fmt: skip
        back = -np.arange(1, mean.shape[1] + 1) % 7
        usual = origin.base[:, None] * origin.weekday[0][back].T
        multiple = multiple_of_deposits(deposits, evidence.history)
        result = with_deposits(result, deposits, usual=usual, last_day=evidence.last_day, multiple=multiple) * active
    pairs = successions(snapshot.table("relations"), evidence.panel.series, first=evidence.panel.dates[0])
    return handed_over(result, pairs, evidence.panel.series, last_day=evidence.last_day)


def planned(mean: Array, snapshot: Snapshot, evidence: Evidence) -> Adjusted:
    """Return the mean after its planners, with the record of what they changed."""
    active = evidence.is_active[:, evidence.last_day + 1 :]
    series, entries = evidence.panel.series, snapshot.table("adjustments")
    return adjusted_mean(mean, entries, series, cutoff=snapshot.cutoff, is_active=active)
