"""Hidden history: the model is shown series as if they had never sold, and sees nothing of their past."""

import dataclasses

import numpy as np
import pandas as pd

from forecasting.coldstart import without_history
from forecasting.evidence import build_evidence
from forecasting.features import feature_names, origin_at, rows_at
from forecasting.training import training_rows
from network.graph import build_network
from network.snapshot import snapshot_at


def evidence_of(chain, cutoff: str = "2024-02-20"):
    snapshot = snapshot_at(chain.tables, chain.settings, pd.Timestamp(cutoff))
    return build_evidence(snapshot, build_network(snapshot), horizon=7, max_signals=2)


def test_hidden_rows_know_their_category_and_nothing_of_themselves(make_chain):
    evidence = evidence_of(make_chain(n_skus=4, n_stores=2, n_days=60))
    day, series, steps = 40, np.arange(8), np.full(8, 3)
    hidden = without_history(evidence, is_sku_known=False)
    origin = origin_at(hidden, day, horizon=7)
    rows = pd.DataFrame(rows_at(hidden, origin, series, steps=steps), columns=feature_names(evidence))
    own = [name for name in rows if name.startswith(("own_rate", "day_back", "own_week_"))]
    assert rows[[*own, "price_last", "days_since_sale", "sku_trend"]].isna().all().all()
    assert rows[["sold_share_28", "promoted_share_28"]].eq(0).all().all()
    assert rows["category_trend"].notna().all()
    # two SKUs of one category at one place cannot be told apart
    assert origin.base[0] == origin.base[4] and origin.base.min() > 0.5


def test_hiding_looks_at_no_sale_of_the_series_it_hides(make_chain):
    evidence = evidence_of(make_chain(n_skus=2, n_stores=2, n_days=60))
    known = origin_at(without_history(evidence, is_sku_known=True), 40, horizon=7)
    unknown = origin_at(without_history(evidence, is_sku_known=False), 40, horizon=7)
    assert not np.array_equal(known.base, unknown.base)


def test_a_declared_launch_is_learnt_from_before_it_begins(make_chain):
    chain = make_chain(n_skus=2, n_stores=2, n_days=60)
    skus = chain.tables["skus"].copy()
    sales = chain.tables["sales"]
    launch = pd.Timestamp("2024-01-25")
    skus.loc[skus["sku"] == "K1", "launch_date"] = launch
    late = chain.replace(skus=skus, sales=sales[(sales["sku"] != "K1") | (sales["date"] >= launch)])
    evidence = evidence_of(late)
    config = dataclasses.replace(late.config, max_training_rows=100_000)
    rows = training_rows(evidence, config, last_target=evidence.last_day, horizon=7)
    age = rows.features[:, feature_names(evidence).index("age")]
    step = rows.features[:, feature_names(evidence).index("step")]
    # rows whose launch lay ahead of their origin, and none before the launch itself
    assert ((age >= 0) & (age < step)).any() and age.min() >= 0
