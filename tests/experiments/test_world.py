"""The synthetic chain: reproducible, consistent, believable, and true to the truth it declares."""

# ruff: noqa: PD010  (series over days and keys are wide tables by nature)

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.world import LAST_DAY, World, WorldConfig, build_world, promotion_story_world, write_world
from experiments.world_config import Ints
from experiments.world_goods import CATEGORIES, Category, Goods
from experiments.world_shelf import Shelf, age, availability, sell
from network.check import check_tables
from network.graph import build_network
from network.ingest import load_snapshot

SMALL = WorldConfig(n_skus=27, n_stores=8, n_days=240, seed=5, future_days=28)


@cache
def small() -> World:
    return build_world(SMALL)


@cache
def whole() -> World:
    return build_world(WorldConfig())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    write_world(small(), folder)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def shelf_of(units: list[int]) -> Shelf:
    stock: Ints = np.array([units])
    empty = np.zeros_like(stock)
    return Shelf(
        stock.copy(), stock.copy(), np.zeros((64, *stock.shape), int), empty.copy(), empty * 1.0, empty[:, :, None]
    )


def test_demand_falls_through_to_the_next_location_and_the_rest_is_lost() -> None:
    # One SKU, locations (forward 3, store 2), one zone with four slots; only instant (slot 2) wants 7.
    # Round 1 asks the forward: 3 served, 4 left; round 2 the store: 2 served, 2 lost.
    server = np.array([[-1, -1, 0, -1], [-1, -1, 1, -1]])
    shelf = shelf_of([3, 2])
    sales = sell(0, shelf, np.array([[[0, 0, 7, 0]]], dtype=np.int32), server=server)
    assert sales.location.tolist() == [0, 1]
    assert sales.units.tolist() == [3, 2]
    assert sales.slot.tolist() == [2, 2]
    assert shelf.true.tolist() == [[0, 0]]
    assert sales.asked.tolist() == [[7, 4]]


def test_availability_is_the_share_of_the_day_before_the_last_unit_went() -> None:
    # 10 on hand and 4 wanted: all day. 2 on hand and 7 wanted: gone at 2 / 8 of the day. Empty at opening: never.
    got = availability(np.array([[10, 2, 0]]), np.array([[4, 7, 5]]))
    assert got.tolist() == [[1.0, 0.25, 0.0]]


def test_perishables_sell_oldest_first_and_expire_at_night() -> None:
    # Lots: 2 units with the last day today, 5 with one more. 1 sold comes from the old lot; the other old unit expires.
    shelf = shelf_of([6])
    shelf.lots = np.array([[[2, 5, 0]]])
    goods = small_goods(shelf_life=3)
    waste = age(shelf, goods, np.array([[1]]))
    assert waste.tolist() == [[1]]
    assert shelf.lots.tolist() == [[[5, 0, 0]]]
    assert shelf.true.tolist() == [[5]]


def small_goods(*, shelf_life: int) -> Goods:
    one = np.ones(1)
    whole_one = np.ones(1, dtype=int)
    return Goods(
        table=pd.DataFrame({"sku": ["K1"]}), category=whole_one, supplier=whole_one, case_pack=whole_one, moq=whole_one,
        cost=one, price=one, volume=one, base=one, taste=one[:, None], is_carried=one[:, None] > 0,
        first_day=whole_one, last_day=whole_one, trend=one, slow_region=whole_one, is_watched=one > 1,
        shelf_life=np.array([shelf_life]),
    )  # fmt: skip


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(written: Path, tmp_path: Path) -> None:
    write_world(build_world(SMALL), tmp_path / "again")
    assert digests(tmp_path / "again") == digests(written)
    other = build_world(WorldConfig(n_skus=27, n_stores=8, n_days=240, seed=6, future_days=28))
    write_world(other, tmp_path / "other")
    assert digests(tmp_path / "other")["sales.csv"] != digests(written)["sales.csv"]


def test_the_length_of_the_future_changes_nothing_published() -> None:
    short = build_world(WorldConfig(n_skus=27, n_stores=8, n_days=240, seed=5, future_days=0))
    for name, table in small().tables.items():
        pd.testing.assert_frame_equal(short.tables[name], table)
    latent = small().truth["latent_demand"]
    assert not short.truth["latent_demand"]["is_future"].any()
    assert latent.loc[latent["is_future"], "date"].max() == LAST_DAY + pd.Timedelta(days=28)
    published = latent[~latent["is_future"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(published, short.truth["latent_demand"])


def test_a_world_passes_the_contract_and_its_truth_changes_no_hash(written: Path) -> None:
    with_truth = load_snapshot(written)
    assert with_truth.cutoff == LAST_DAY
    assert sum(with_truth.excluded.values()) == 0
    (written / "truth").rename(written.parent / "truth elsewhere")
    without = load_snapshot(written)
    (written.parent / "truth elsewhere").rename(written / "truth")
    assert without.content_hash == with_truth.content_hash


def test_every_purchase_lane_has_receipts_to_learn_from_and_some_are_late() -> None:
    orders, receipts = small().tables["open_orders"], small().tables["receipts"]
    joined = receipts.merge(orders, on=["order_id", "sku"])
    bought = joined[joined["origin"].str.startswith("V")]
    assert len(joined) == len(receipts)
    assert bought.groupby(["origin", "destination"]).size().min() >= 20
    assert 0.05 < (bought["date"] > bought["due_date"] + pd.Timedelta(days=2)).mean() < 0.5
    assert (receipts["date"] <= LAST_DAY).all()


def test_stock_outs_censor_sales_on_six_to_ten_percent_of_the_point_days() -> None:
    points = whole().truth["points"]
    served = points[~points["location"].str.startswith("C")]
    assert 0.06 <= served["empty_days"].sum() / served["active_days"].sum() <= 0.10
    sales, latent = whole().tables["sales"], whole().truth["latent_demand"]
    assert 250_000 < len(sales) < 550_000
    lost = 1 - sales["units"].sum() / latent.loc[~latent["is_future"], "units"].sum()
    assert 0.04 < lost < 0.15


def test_sales_never_exceed_demand_and_equal_it_where_the_shelf_was_full_all_day() -> None:
    sales, latent = small().tables["sales"], small().truth["latent_demand"]
    key = ["date", "sku", "zone", "channel"]
    sold = sales[sales["units"] > 0].groupby(key)["units"].sum()
    wanted = latent[~latent["is_future"]].set_index(key)["units"]
    assert sold.index.isin(wanted.index).all()
    assert (sold <= wanted.reindex(sold.index)).all()
    full = sales[(sales["units"] > 0) & (sales["availability"] == 1) & (sales["channel"] == "walk_in")]
    points = small().truth["points"]
    right = points[points["true_stock"] == points["recorded_stock"]].set_index(["sku", "location"]).index
    full = full[pd.MultiIndex.from_frame(full[["sku", "location"]]).isin(right)].set_index(key)["units"]
    assert (full == wanted.reindex(full.index)).mean() > 0.999


def test_an_empty_shelf_sells_nothing() -> None:
    sales = small().tables["sales"]
    assert (sales.loc[sales["availability"] == 0, "units"] == 0).all()
    assert (sales.loc[sales["units"] == 0, "availability"] < 1).all()


def test_nothing_published_was_known_after_the_last_day() -> None:
    tables = small().tables
    assert tables["signals"]["known_at"].str[:10].max() == "2025-11-05"
    assert (tables["promotions"]["known_at"] <= LAST_DAY).all()
    assert tables["sales"]["date"].max() == tables["stock"]["as_of"].max() == LAST_DAY
    assert small().truth["future_signals"]["known_at"].str[:10].min() > "2025-11-05"
    assert (small().truth["future_promotions"]["known_at"] > LAST_DAY).all()


def test_plans_and_forecasts_reach_beyond_the_last_day() -> None:
    tables = small().tables
    ahead = tables["promotions"][tables["promotions"]["from"] > LAST_DAY]
    assert {"presale", "live"} <= set(ahead["mechanism"])
    rain = tables["signals"].query("signal == 'rain_mm'")
    storm = rain[(rain["date"] == LAST_DAY + pd.Timedelta(days=4)) & (rain["key"] == "EAST")]
    assert storm["value"].max() > 40
    assert tables["calendar"].query("event == 'Spring Festival'")["date"].max() == pd.Timestamp("2026-02-23")
    assert (tables["presales"]["deposits"] > 0).all()
    assert tables["presales"]["ship_from"].max() == pd.Timestamp("2025-11-11")


def daily_shape(table: pd.DataFrame) -> pd.DataFrame:
    """Log series without their slow level and weekday pattern, so that only day-to-day moves are compared."""
    log = np.log1p(table)
    level = log - log.rolling(28, center=True, min_periods=7).mean()
    return level - level.groupby(pd.DatetimeIndex(level.index).day_of_week).transform("mean")


def lag_profile(world: World, category: str) -> list[float]:
    """Mean correlation of a category's search with latent demand 0 to 12 days later."""
    skus = world.truth["skus"].query("category == @category and not has_interest_without_sales")["sku"]
    signals = world.tables["signals"].query("signal == 'search_index'").drop_duplicates(["key", "date"], keep="last")
    search = daily_shape(signals.pivot(index="date", columns="key", values="value"))
    demand = world.truth["latent_demand"].query("not is_future").groupby(["date", "sku"])["units"].sum().unstack()
    shape = daily_shape(demand.reindex(search.index).fillna(0))
    return [float(np.nanmean([search[k].shift(lag).corr(shape[k]) for k in skus if k in shape])) for lag in range(13)]


@pytest.mark.parametrize("kind", [kind for kind in CATEGORIES if kind.search_effect > 0], ids=lambda kind: kind.name)
def test_search_leads_latent_demand_by_the_true_lead(kind: Category) -> None:
    profile = lag_profile(whole(), kind.name)
    assert int(np.argmax(profile)) == kind.search_lead_days
    assert max(profile) > 0.15


@pytest.mark.parametrize("category", ["DRINKS", "SNACKS", "HOUSEHOLD"])
def test_search_of_other_categories_leads_nothing(category: str) -> None:
    assert np.abs(lag_profile(whole(), category)).max() < 0.12


def test_footfall_moves_with_walk_in_demand_of_its_day_and_chatter_does_not() -> None:
    latent = whole().truth["latent_demand"].query("not is_future and channel == 'walk_in'")
    walk_in = latent.groupby(["date", "zone"])["units"].sum().unstack()
    signals = whole().tables["signals"].drop_duplicates(["signal", "key", "date"], keep="last")
    visits = signals.query("signal == 'footfall'").pivot(index="date", columns="key", values="value")
    visits.columns = ["Z" + name[1:] for name in visits.columns]
    a, b = daily_shape(walk_in), daily_shape(visits)
    same, earlier = (float(np.nanmean([b[z].shift(k).corr(a[z]) for z in a])) for k in (0, 3))
    assert same > 0.4
    assert same > earlier + 0.2
    chatter = signals.query("signal == 'chatter'").pivot(index="date", columns="key", values="value")
    skus = whole().truth["skus"].set_index("sku")["category"]
    by_kind = whole().truth["latent_demand"].query("not is_future")
    by_kind = by_kind.assign(kind=by_kind["sku"].map(skus)).groupby(["date", "kind"])["units"].sum().unstack()
    c, d = daily_shape(chatter), daily_shape(by_kind)
    assert abs(float(np.mean([c[k].shift(1).corr(d[k]) for k in d]))) < 0.05


def test_demand_classes_are_seen_at_the_stores() -> None:
    # Syntetos, Boylan and Croston (2005): interval 1.32 and squared variation 0.49 divide the four classes.
    latent = whole().truth["latent_demand"].query("not is_future and channel == 'walk_in'")
    points = whole().truth["points"].query("active_days > 200").assign(zone=lambda p: "Z" + p["location"].str[1:])
    stats = latent.groupby(["sku", "zone"])["units"].agg(["size", "mean", "std"]).reset_index()
    stats = stats.merge(points[points["location"].str.startswith("S")], on=["sku", "zone"])
    stats = stats.merge(whole().truth["skus"][["sku", "demand_class"]], on="sku")
    interval, variation = stats["active_days"] / stats["size"], (stats["std"] / stats["mean"]) ** 2
    is_often, is_even = interval < 1.32, variation < 0.49
    seen = np.select([is_often & is_even, is_often, is_even], ["smooth", "erratic", "intermittent"], "lumpy")
    assert ((seen == stats["demand_class"]).groupby(stats["demand_class"]).mean() > 0.6).all()


def test_misplaced_stock_piles_up_where_it_does_not_sell() -> None:
    tables, truth = whole().tables, whole().truth["skus"].query("slow_region != ''")
    region = tables["locations"].set_index("location")["region"]
    stock = tables["stock"].query("as_of == @LAST_DAY and stock_type == 'free'")
    sales = tables["sales"][tables["sales"]["date"] > LAST_DAY - pd.Timedelta(days=28)]
    on_hand = stock.groupby(["sku", stock["location"].map(region)])["on_hand"].sum()
    sold = sales.groupby(["sku", sales["location"].map(region)])["units"].sum()
    cover = (on_hand / sold.reindex(on_hand.index).fillna(0.5) * 28).unstack()
    slow = np.array([cover.loc[row.sku, row.slow_region] for row in truth.itertuples()])
    best = np.array([cover.loc[row.sku].drop(row.slow_region).min() for row in truth.itertuples()])
    assert len(truth) >= 5
    assert (slow > 90).all()
    assert (slow > 3 * best).all()


def test_phantom_points_hold_stock_on_record_and_sell_nothing() -> None:
    points = whole().truth["points"].dropna(subset=["phantom_since"])
    assert len(points) >= 3
    assert (points["true_stock"] == 0).all()
    assert (points["recorded_stock"] > 0).all()
    merged = whole().tables["sales"].merge(points[["sku", "location", "phantom_since"]], on=["sku", "location"])
    assert (merged.loc[merged["date"] > merged["phantom_since"], "units"] == 0).all()


def test_watched_skus_have_much_interest_and_few_sales() -> None:
    watched = whole().truth["skus"].query("has_interest_without_sales")["sku"]
    favourites = whole().tables["signals"].query("signal == 'favourites'").groupby("key")["value"].mean()
    units = whole().tables["sales"].groupby("sku")["units"].sum()
    assert len(watched) >= 1
    assert favourites[watched].min() > 3 * favourites.drop(watched).max()
    assert units[watched].max() < units.median()


def test_a_storm_lifts_instant_demand_and_a_promotion_lifts_its_sku() -> None:
    latent = whole().truth["latent_demand"].query("not is_future")
    region = whole().tables["locations"].dropna(subset=["zone"]).set_index("zone")["region"]
    rain = whole().tables["signals"].query("signal == 'rain_mm'").drop_duplicates(["key", "date"], keep="last")
    rain = rain.set_index(["date", "key"])["value"].unstack().reindex(columns=sorted(set(region) - {""}))
    instant = latent[latent["channel"] == "instant"]
    daily = instant.groupby(["date", instant["zone"].map(region)])["units"].sum().unstack()
    usual = daily / daily.rolling(28, center=True, min_periods=7).mean()
    rain = rain.reindex(daily.index)
    assert usual.where(rain > 60).mean().mean() > 1.15 * usual.where(rain < 1).mean().mean()
    sales = whole().tables["sales"]
    prices = sales.groupby(["sku", "is_promotion"])["price"].mean().unstack().dropna()
    assert (prices[True] < prices[False]).all()


def test_every_id_is_known() -> None:
    tables = small().tables
    places, skus = set(tables["locations"]["location"]), set(tables["skus"]["sku"])
    for name in ("sales", "stock", "assortment", "lots", "returns", "counts"):
        assert set(tables[name]["location"]) <= places, name
        assert set(tables[name]["sku"]) <= skus, name
    zones = set(tables["zones"]["zone"])
    assert set(tables["sales"]["zone"]) <= zones | {""}
    assert set(tables["serving"]["zone"]) == zones
    assert set(tables["open_orders"]["origin"]) | set(tables["open_orders"]["destination"]) <= places


def test_open_orders_are_those_whose_arrival_the_truth_still_expects() -> None:
    orders, arrivals = small().tables["open_orders"], small().truth["open_order_arrivals"]
    still_open = orders[orders["status"] != "closed"]
    assert set(still_open["order_id"]) == set(arrivals["order_id"])
    assert (arrivals["date"] > LAST_DAY).all()
    assert not set(still_open["order_id"]) & set(small().tables["receipts"]["order_id"])


def test_a_size_out_of_range_says_which_and_the_bounds() -> None:
    with pytest.raises(ValueError, match=r"n_stores is 2; choose a value from 4 to 1000"):
        WorldConfig(n_stores=2)


def test_a_chain_of_four_stores_and_nine_skus_is_complete(tmp_path: Path) -> None:
    write_world(build_world(WorldConfig(n_skus=9, n_stores=4, n_days=120, future_days=0)), tmp_path)
    network = build_network(load_snapshot(tmp_path))
    assert set(network.lanes["mode"]) == {"purchase", "transfer", "transshipment", "emergency", "return"}


def test_the_story_has_its_numbers(tmp_path: Path) -> None:
    # Region A wants 22 a day before the promotion and 66 in it: 2 x 22 + 7 x 66 = 506 by day 9, ripple aside; it holds
    # 100 and the central warehouse 60. B sells 10 a day and holds 820.
    world = promotion_story_world()
    write_world(world, tmp_path)
    snapshot = load_snapshot(tmp_path)
    assert snapshot.cutoff == LAST_DAY
    latent = world.truth["latent_demand"].query("sku == 'HERO' and is_future")
    is_nine = latent["date"] <= LAST_DAY + pd.Timedelta(days=9)
    in_a = latent["zone"].str.startswith("ZA")
    assert abs(latent[is_nine & in_a]["units"].sum() - 506) <= 9
    assert abs(latent[is_nine & ~in_a]["units"].sum() - 90) <= 9
    stock = world.tables["stock"].query("sku == 'HERO'").set_index("location")["on_hand"]
    assert stock[["FA", "SA1", "SA2"]].sum() == 100
    assert stock[["FB", "SB1", "SB2"]].sum() == 820
    ahead = world.tables["promotions"].query("`from` > @LAST_DAY")
    assert ahead["from"].tolist() == [LAST_DAY + pd.Timedelta(days=3)]
    assert ahead["planned_units"].tolist() == [462]
    modes = set(build_network(snapshot).lanes["mode"])
    assert modes == {"purchase", "transfer", "transshipment", "emergency"}


def test_the_raw_tables_check_clean_without_files() -> None:
    from network.settings import ChainSettings

    result = check_tables(small().tables, ChainSettings(id="x", time_zone="Asia/Shanghai"))
    assert not result.breaches
