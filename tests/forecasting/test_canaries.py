"""Leak canaries: nothing dated or known after an origin may change one bit of what is forecast there."""

import numpy as np
import pandas as pd
import pytest

from forecasting.folds import rolling_cutoffs, rolling_folds
from forecasting.forecast import Forecast
from forecasting.metrics import wape
from forecasting.pipeline import fit_forecaster, forecast_demand
from network.graph import build_network
from network.known import ANNOUNCED_BY, DATED_BY

CUTOFF = pd.Timestamp("2024-03-17")
CUT_TABLES = ("sales", "stock", "receipts", "signals", "promotions", "open_orders", "presales", "adjustments")
NUMBERS = ("units", "price", "availability", "on_hand", "quantity", "value", "planned_units", "deposits")


def is_later(name: str, frame: pd.DataFrame, cutoff: pd.Timestamp) -> np.ndarray:
    """Rows dated, known or shipped after the cutoff, told from the raw columns."""
    column = DATED_BY.get(name) or ANNOUNCED_BY.get(name, ("ship_date",))[0]
    return (frame[column] >= cutoff + pd.Timedelta(days=1)).to_numpy()


def scrambled(tables: dict[str, pd.DataFrame], cutoff: pd.Timestamp, seed: int) -> dict[str, pd.DataFrame]:
    """Permute and blow up every number, flag and key of later rows."""
    random = np.random.default_rng(seed)
    result = dict(tables)
    for name in CUT_TABLES:
        frame = tables[name].copy()
        later = is_later(name, frame, cutoff)
        assert later.any(), f"the chain has nothing to scramble in {name}"
        for column in (*NUMBERS, "sku", "key"):
            if column in frame.columns:
                values = frame.loc[later, column].to_numpy().copy()
                random.shuffle(values)
                if values.dtype.kind in "fi" and column != "availability":
                    values = values * 7
                frame.loc[later, column] = values
        result[name] = frame
    return result


def bits(forecast: Forecast) -> tuple[bytes, bytes, str]:
    quantiles = forecast.interval_quantiles([0.1, 0.5, 0.9, 0.99], 0, 7)
    return forecast.mean.tobytes(), quantiles.tobytes(), forecast.series.to_csv()


def test_scrambling_everything_later_changes_no_bit_of_a_forecast(rich_chain):
    chain = rich_chain
    fitted = chain.fit(CUTOFF)
    before = chain.forecast(CUTOFF, fitted, 7)
    assert "global" in set(fitted.weights()["model"])
    other = chain.replace(**scrambled(chain.tables, CUTOFF, seed=5))
    after = other.forecast(CUTOFF, other.fit(CUTOFF), 7)
    assert bits(before) == bits(after)
    assert before.vintage == after.vintage


def test_scrambling_the_past_does_change_the_forecast(rich_chain):
    # the canary can sing: the same scrambling a month earlier reaches the model
    chain = rich_chain
    before = chain.forecast(CUTOFF, chain.fit(CUTOFF), 7)
    other = chain.replace(**scrambled(chain.tables, CUTOFF - pd.Timedelta(days=30), seed=5))
    after = other.forecast(CUTOFF, other.fit(CUTOFF), 7)
    assert bits(before) != bits(after)


def backtest(chain, cutoffs: pd.DatetimeIndex) -> list[tuple[bytes, bytes, str]]:
    result = []
    for fold in rolling_folds(chain.tables, chain.settings, cutoffs=cutoffs, horizon=7):
        network = build_network(fold.snapshot)
        forecaster = fit_forecaster(fold.snapshot, network, chain.config)
        result.append(bits(forecast_demand(fold.snapshot, network, forecaster, 7)))
    return result


def test_a_physically_truncated_store_gives_the_identical_backtest(rich_chain):
    chain = rich_chain
    cutoffs = rolling_cutoffs(pd.Timestamp("2024-03-24"), horizon=7, n_origins=2, gap_days=6)
    whole = backtest(chain, cutoffs)
    truncated = []
    for cutoff in cutoffs:
        tables = dict(chain.tables)
        for name in CUT_TABLES:
            tables[name] = tables[name][~is_later(name, tables[name], cutoff)].reset_index(drop=True)
        truncated += backtest(chain.replace(**tables), pd.DatetimeIndex([cutoff]))
    assert whole == truncated


def oracle(chain, delay_days: int) -> pd.DataFrame:
    """The sales of every SKU and day themselves as a signal of that day, published with a delay."""
    total = chain.tables["sales"].groupby(["sku", "date"], as_index=False)["units"].sum()
    ahead = total.rename(columns={"sku": "key", "units": "value"}).assign(
        signal="oracle", key_type="sku", family="search", sentiment=np.nan
    )
    ahead["known_at"] = ahead["date"] + pd.Timedelta(days=delay_days)
    columns = chain.tables["signals"].columns
    return ahead[columns].astype(chain.tables["signals"].dtypes.to_dict())


def score(chain, cutoff: pd.Timestamp) -> float:
    forecast = chain.forecast(cutoff, chain.fit(cutoff), 7)
    sales = chain.tables["sales"]
    later = sales[(sales["date"] > cutoff) & (sales["date"] <= cutoff + pd.Timedelta(days=7))]
    keys = forecast.series.set_index(["sku", "location"]).index
    actual = later.pivot_table(index=["sku", "location"], columns="date", values="units").reindex(keys)
    return wape(forecast.mean, actual.to_numpy(dtype=float))


def test_an_oracle_published_late_moves_no_score(rich_chain):
    cutoff = pd.Timestamp("2024-03-20")
    without = score(rich_chain.replace(signals=rich_chain.tables["signals"].iloc[:0]), cutoff)
    # every value of the oracle becomes known after the whole history
    late = score(rich_chain.replace(signals=oracle(rich_chain, delay_days=400)), cutoff)
    assert late == without


def test_the_same_oracle_published_early_does_move_the_score(rich_chain):
    cutoff = pd.Timestamp("2024-03-20")
    without = score(rich_chain.replace(signals=rich_chain.tables["signals"].iloc[:0]), cutoff)
    early = score(rich_chain.replace(signals=oracle(rich_chain, delay_days=-14)), cutoff)
    assert early != without


def test_a_promotion_announced_for_a_day_changes_that_day_and_not_what_was_forecast_before(rich_chain):
    chain = rich_chain
    announced, day = pd.Timestamp("2024-03-18"), pd.Timestamp("2024-03-22")
    row = (
        chain.tables["promotions"]
        .iloc[[0]]
        .assign(promotion="NEW", sku="K1", **{"from": day, "to": day}, known_at=announced, price=5.0)
    )
    promoted = chain.replace(promotions=pd.concat([chain.tables["promotions"], row], ignore_index=True))
    forecaster = chain.fit("2024-03-17")
    before = [c.forecast("2024-03-17", forecaster, 7).mean.tobytes() for c in (chain, promoted)]
    assert before[0] == before[1]
    plain, lifted = (c.forecast(announced, forecaster, 7) for c in (chain, promoted))
    of_sku = (plain.series["sku"] == "K1").to_numpy()
    step = (day - announced).days - 1
    # half price more than doubles sales in this chain
    assert np.all(lifted.mean[of_sku, step] > 1.3 * plain.mean[of_sku, step])
    others = np.delete(np.arange(7), step)
    assert lifted.mean[~of_sku].tobytes() == plain.mean[~of_sku].tobytes()
    assert lifted.mean[of_sku][:, others] == pytest.approx(plain.mean[of_sku][:, others])
