"""SKUs taken for launches: nothing of their past is left, and nothing else changes."""

import numpy as np
import pandas as pd

from forecasting.classes import demand_classes
from forecasting.evidence import build_evidence
from forecasting.pretended import pretended_launches
from network.graph import build_network
from network.snapshot import snapshot_at


def test_a_pretended_launch_has_no_past_and_keeps_its_future(rich_chain):
    snapshot = snapshot_at(rich_chain.tables, rich_chain.settings, pd.Timestamp("2024-03-17"))
    evidence = build_evidence(snapshot, build_network(snapshot), horizon=7, max_signals=2)
    origins = (50, 60)
    pretended = pretended_launches(evidence, origins, seed=0)
    new, old = pretended.evidence.panel, evidence.panel
    assert pretended.series.size > 0 and np.array_equal(new.series.index, old.series.index)
    for row, origin in zip(pretended.series, pretended.origin, strict=True):
        begin = new.series["first_day"][row]
        assert np.isnan(new.demand[row, :begin]).all() and new.sales[row, :begin].sum() == 0
        assert np.array_equal(new.sales[row, begin:], old.sales[row, begin:])
        assert not pretended.evidence.is_active[row, :begin].any()
        assert demand_classes(pretended.evidence.history, origins[origin])[row] == "none"
    others = np.setdiff1d(np.arange(old.n_series), pretended.series)
    assert np.array_equal(new.demand[others], old.demand[others], equal_nan=True)
