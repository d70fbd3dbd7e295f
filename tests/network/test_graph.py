"""SupplyNetwork: groups expanded to lanes, sourcing and serving."""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.contracts import MODES_BY_TIERS, Mode, Tier
from network.graph import LANE_COLUMNS, SERVING_COLUMNS, SOURCING_COLUMNS, build_network
from network.lanes import expand_lanes, members, weekday_masks
from network.settings import ChainSettings
from network.snapshot import Snapshot, snapshot_at

Make = Callable[..., pd.DataFrame]
Chain = Callable[..., Snapshot]


def lane_ids(snapshot: Snapshot) -> list[str]:
    return list(build_network(snapshot).lanes["lane_id"])


def test_a_concrete_lane_stays_as_it_is_with_defaults_filled_in(table: Make, chain: Chain) -> None:
    lanes = table("lanes", origin=["C"], destination="A", mode="transfer", lead_time_days=2, order_days="MO,TH")
    network = build_network(chain(lanes=lanes))
    assert tuple(network.lanes.columns) == LANE_COLUMNS
    lane = network.lanes.iloc[0]
    assert lane["lane_id"] == "C>A:transfer"
    assert (lane["lead_time_days"], lane["lead_time_sd_days"]) == (2, 0.0)
    assert lane["order_weekdays"] == 1 + 8  # Monday is bit 0, Thursday bit 3
    assert (lane["truck_cost"], lane["unit_cost"], lane["min_order_value"], lane["vehicle"]) == (0, 0, 0, "truck")
    assert np.isinf([lane["truck_volume_m3"], lane["truck_weight_kg"], lane["max_trucks"]]).all()


def test_a_lane_with_a_parcel_price_only_goes_by_parcels_of_a_tenth_of_a_cubic_metre(table: Make, chain: Chain) -> None:
    lanes = table("lanes", origin=["C"], destination="A", mode="emergency", lead_time_days=0, parcel_cost=9.0)
    lane = build_network(chain(lanes=lanes)).lanes.iloc[0]
    assert (lane["vehicle"], lane["truck_cost"], lane["truck_volume_m3"], lane["truck_weight_kg"]) == (
        "parcel",
        9.0,
        0.1,
        30.0,
    )


def test_groups_expand_without_loops_and_without_tiers_that_the_mode_may_not_join(table: Make, chain: Chain) -> None:
    # EAST holds C (central), F1 (forward), A (store): only F1 and A may exchange by transshipment.
    lanes = table("lanes", origin=["region:EAST"], destination="region:EAST", mode="transshipment", lead_time_days=1)
    assert lane_ids(chain(lanes=lanes)) == ["A>F1:transshipment", "F1>A:transshipment"]


def test_tiers_zones_and_everywhere_are_groups(table: Make, chain: Chain) -> None:
    def ids(origin: str, destination: str, mode: str) -> list[str]:
        lanes = table("lanes", origin=[origin], destination=destination, mode=mode, lead_time_days=1)
        return lane_ids(chain(lanes=lanes))

    assert ids("C", "tier:store", "transfer") == ["C>A:transfer", "C>B:transfer"]
    assert ids("zone:Z1", "zone:Z1", "emergency") == ["A>F1:emergency", "F1>A:emergency"]
    assert ids("S", "*", "purchase") == [f"S>{to}:purchase" for to in ("A", "B", "C", "F1", "F2")]
    assert ids("region:NORTH", "A", "transfer") == []


def test_a_concrete_lane_beats_a_group_and_a_small_group_a_large_one(table: Make, chain: Chain) -> None:
    lanes = table(
        "lanes",
        origin=["C", "tier:central", "C"],
        destination=["tier:store", "region:EAST", "B"],
        mode="transfer",
        lead_time_days=[3, 2, 1],
    )
    # C>A: `C>tier:store` has one group end, `tier:central>region:EAST` two. C>B is named outright. C>F1 has one rule.
    lead = build_network(chain(lanes=lanes)).lanes.set_index("lane_id")["lead_time_days"]
    assert lead.to_dict() == {"C>A:transfer": 3, "C>B:transfer": 1, "C>F1:transfer": 2}
    narrower = table("lanes", origin="C", destination=["tier:store", "*"], mode="transfer", lead_time_days=[3, 9])
    lead = build_network(chain(lanes=narrower)).lanes.set_index("lane_id")["lead_time_days"]
    assert lead.to_dict() == {"C>A:transfer": 3, "C>B:transfer": 3, "C>F1:transfer": 9, "C>F2:transfer": 9}


def test_a_location_named_like_a_group_is_itself(table: Make) -> None:
    locations = table("locations", location=["region:EAST", "a"], tier="store", region=["", "EAST"])
    assert members("region:EAST", locations).tolist() == [0]


def test_weekdays_read_in_any_common_writing() -> None:
    texts = pd.Series(["MO,TH", "mo; th", "Monday Thursday", "", None, "SU"])
    assert weekday_masks(texts).tolist() == [9, 9, 9, 127, 127, 64]
    with pytest.raises(ValueError, match="'XX' is no weekday"):
        weekday_masks(pd.Series(["MO,XX"]))


def test_an_unknown_distance_is_the_great_circle(table: Make, chain: Chain) -> None:
    # One degree of latitude is 111.2 km.
    locations = table("locations", location=["C", "A", "B"], tier=["central", "store", "store"],
                      latitude=[30.0, 31.0, None], longitude=[110.0, 110.0, None])  # fmt: skip
    lanes = table("lanes", origin="C", destination=["A", "B"], mode="transfer", lead_time_days=1)
    distance = build_network(chain(locations=locations, lanes=lanes)).lanes["distance_km"]
    assert distance[0] == pytest.approx(111.2, abs=0.1)
    assert np.isnan(distance[1])


def test_sourcing_rules_expand_along_lanes_and_concrete_ones_win(table: Make, chain: Chain) -> None:
    lanes = table("lanes", origin=["S", "C"], destination=["C", "tier:store"], mode=["purchase", "transfer"],
                  lead_time_days=1)  # fmt: skip
    sourcing = table("sourcing", sku="x", origin="C", destination=["*", "B"], priority=[2, 1], unit_cost=[5.0, 4.0])
    network = build_network(chain(lanes=lanes, sourcing=sourcing))
    assert tuple(network.sourcing.columns) == SOURCING_COLUMNS
    # `*` reaches F1 and F2 too, but no lane does.
    assert network.sourcing[["destination", "unit_cost"]].to_numpy().tolist() == [["A", 5.0], ["B", 4.0]]
    assert build_network(chain(lanes=lanes)).sourcing.empty


def test_serving_is_what_holds_tomorrow_best_first(table: Make, chain: Chain) -> None:
    serving = table("serving", zone="Z1", location=["A", "F1", "B", "F2"], channel="instant", priority=[2, 1, 1, 1],
                    from_=[None, None, "2024-03-12", None], to=[None, "2024-03-11", None, "2024-03-10"])  # fmt: skip
    network = build_network(chain("2024-03-10", serving=serving))
    assert tuple(network.serving.columns) == SERVING_COLUMNS
    assert list(network.serving["location"]) == ["F1", "A"]


def test_indexes_and_tiers_of_ids(table: Make, chain: Chain) -> None:
    network = build_network(chain(lanes=table("lanes", origin=["C", "C"], destination=["A", "F1"],
                                              mode=["transfer", "emergency"], lead_time_days=1)))  # fmt: skip
    assert list(network.locations["location"]) == ["A", "B", "C", "F1", "F2", "S"]
    assert network.index_of(["S", "A", "nowhere"]).tolist() == [5, 0, -1]
    assert network.tier_of(network.lanes["origin"]).tolist() == ["central", "central"]
    assert list(network.lanes_of(Mode.EMERGENCY).index) == [1]
    with pytest.raises(KeyError, match="no location 'nowhere'"):
        network.tier_of(["nowhere"])


EXPRESSIONS = ["a", "b", "c", "d", "region:E", "region:W", "zone:Z", "tier:store", "tier:forward", "tier:central", "*"]


@given(
    tiers=st.lists(st.sampled_from([str(tier) for tier in Tier]), min_size=4, max_size=4),
    regions=st.lists(st.sampled_from(["E", "W"]), min_size=4, max_size=4),
    rules=st.lists(
        st.tuples(st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), st.sampled_from([str(m) for m in Mode])),
        max_size=6,
        unique=True,
    ),
)
@settings(max_examples=40, deadline=None)
def test_expansion_equals_a_double_loop(table, tiers, regions, rules) -> None:  # type: ignore[no-untyped-def]
    locations = table("locations", location=list("abcd"), tier=tiers, region=regions, zone=["Z", "", "Z", ""])
    rules = sorted(rules)
    columns = {"origin": [rule[0] for rule in rules], "destination": [rule[1] for rule in rules]}
    lanes = table("lanes", **columns, mode=[rule[2] for rule in rules], lead_time_days=list(range(len(rules))))

    def named(text: str) -> list[int]:
        row = locations.to_dict("records")
        kind, _, name = text.partition(":")
        return [i for i in range(4) if text in ("*", row[i]["location"]) or (name and row[i][kind] == name)]

    best: dict[tuple[int, int, str], tuple[int, int, int]] = {}
    for number, (origin, destination, mode) in enumerate(rules):
        n_groups = (len(origin) > 1 or origin == "*") + (len(destination) > 1 or destination == "*")
        n_pairs = len(named(origin)) * len(named(destination))
        for i in named(origin):
            for j in named(destination):
                is_legal = mode in MODES_BY_TIERS[Tier(tiers[i]), Tier(tiers[j])]
                if i != j and (is_legal or n_groups == 0):
                    rank = (n_groups, n_pairs, number)
                    best[i, j, mode] = min(best.get((i, j, mode), rank), rank)
    expected = sorted((*pair, rank[2]) for pair, rank in best.items())
    found = expand_lanes(lanes, locations)
    assert found[["origin_index", "destination_index", "mode", "lead_time_days"]].to_numpy().tolist() == [
        list(row) for row in expected
    ]


def test_fifty_thousand_lanes_expand_in_two_seconds(table: Make) -> None:
    stores = [f"s{number:04d}" for number in range(898)]
    regions = [f"R{number % 18}" for number in range(898)]
    locations = table("locations", location=["S", "C", *stores], tier=["supplier", "central"] + ["store"] * 898,
                      region=["", "", *regions])  # fmt: skip
    groups = [f"region:R{number}" for number in range(18)]
    lanes = table("lanes", origin=["S", "C", *groups], destination=["C", "tier:store", *groups],
                  mode=["purchase", "transfer"] + ["transshipment"] * 18, lead_time_days=1)  # fmt: skip
    snapshot = snapshot_at({"locations": locations, "lanes": lanes}, ChainSettings(), pd.Timestamp("2024-03-10"))
    started = time.process_time()
    network = build_network(snapshot)
    assert time.process_time() - started < 2.0
    # 898 stores over 18 regions: 16 of 50 and 2 of 49 stores; 16 x 50 x 49 + 2 x 49 x 48 = 43,904 laterals.
    assert len(network.lanes) == 1 + 898 + 43_904
