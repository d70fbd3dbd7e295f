"""The change of a forecast between vintages is told in parts that sum to it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecasting.changes import REFIT, Vintage, forecast_changes
from forecasting.explain import FAMILIES
from network.graph import build_network
from network.snapshot import snapshot_at

PAIRS = pd.DataFrame({"sku": ["K0", "K3", "K9"], "location": ["S1", "S0", "S0"]})


def vintage(chain, cutoff: pd.Timestamp, forecaster) -> Vintage:
    snapshot = snapshot_at(chain.tables, chain.settings, cutoff)
    return Vintage(forecaster, snapshot, build_network(snapshot))


def test_the_parts_sum_to_the_change_of_the_same_days(fitted):
    chain, cutoff, forecaster = fitted
    later = cutoff + pd.Timedelta(days=3)
    other = chain.fit(later, dataclasses.replace(chain.config, seed=5))
    changes = forecast_changes(vintage(chain, cutoff, forecaster), vintage(chain, later, other), PAIRS, days=4)
    # K9 has no forecast in either vintage
    assert changes["sku"].unique().tolist() == ["K0", "K3"]
    assert changes["part"].tolist() == [*FAMILIES, REFIT] * 2
    then, now = chain.forecast(cutoff, forecaster, 7), chain.forecast(later, other, 4)
    row = then.series.index[(then.series["sku"] == "K0") & (then.series["location"] == "S1")][0]
    own = changes[changes["sku"] == "K0"]
    # days 4 to 7 after the earlier cutoff are days 1 to 4 after the later one
    assert own["before"].unique() == pytest.approx(then.mean[row, 3:7].sum())
    assert own["after"].unique() == pytest.approx(now.mean[row, :4].sum())
    assert own["change"].sum() == pytest.approx(now.mean[row, :4].sum() - then.mean[row, 3:7].sum())


def test_the_same_models_leave_nothing_to_the_refit(fitted):
    chain, cutoff, forecaster = fitted
    pair = (vintage(chain, day, forecaster) for day in (cutoff, cutoff + pd.Timedelta(days=1)))
    changes = forecast_changes(*pair, PAIRS, days=5)
    assert np.abs(changes.loc[changes["part"] == REFIT, "change"]).max() == 0.0
    assert np.abs(changes["change"]).max() > 0.0


def test_a_vintage_is_compared_with_a_later_one_only(fitted):
    chain, cutoff, forecaster = fitted
    same = vintage(chain, cutoff, forecaster)
    with pytest.raises(ValueError, match="not later"):
        forecast_changes(same, same, PAIRS, days=5)
