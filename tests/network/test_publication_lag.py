"""A feed without vintages gets those that were declared, and nobody else's."""

import pandas as pd
import pytest

from network.breach import ContractError
from network.check import check_tables
from network.publication_lag import with_known_at
from network.settings import settings_from_mapping

FEED = pd.DataFrame(
    {
        "signal": ["footfall", "footfall", "trend", "footfall"],
        "key_type": "location",
        "key": "S1",
        "date": ["2024-01-01", "2024-01-02", "2024-01-01", "no date"],
        "known_at": ["", "2024-01-09", "", ""],
        "value": "3",
        "family": "traffic",
    }
)


def test_only_empty_cells_of_the_declared_signal_are_filled():
    filled, notes = with_known_at(FEED, {"footfall": 2.0}, {})
    # 1 January + 2 days; a given vintage stays; trend is not declared; an unreadable date is a breach of its own
    assert filled["known_at"].tolist() == ["2024-01-03", "2024-01-09", "", ""]
    assert notes == ("signals: 1 values of footfall are taken as known 2 days after their date (assumed vintages)",)


def test_a_feed_without_the_column_gets_it_under_its_own_headers():
    renamed = FEED.drop(columns="known_at").rename(columns={"date": "DAY"})
    filled, _ = with_known_at(renamed, {"footfall": 0.0}, {"date": "DAY", "known_at": "SEEN"})
    assert filled["SEEN"].tolist()[:3] == ["2024-01-01", "2024-01-02", ""]


def test_nothing_is_declared_nothing_is_changed():
    same, notes = with_known_at(FEED, {}, {})
    assert same is FEED and notes == ()


def test_the_check_takes_the_declared_lag_and_refuses_the_rest():
    settings = settings_from_mapping({"id": "x", "publication_lag_days": {"footfall": 1}})
    breaches = check_tables({"signals": FEED.iloc[:3]}, settings).breaches
    mine = [breach for breach in breaches if (breach.table, breach.column) == ("signals", "known_at")]
    assert [breach.n_rows for breach in mine] == [1]


def test_a_lag_out_of_range_is_one_breach():
    with pytest.raises(ContractError, match=r"publication_lag_days\.footfall"):
        settings_from_mapping({"id": "x", "publication_lag_days": {"footfall": -1}})
