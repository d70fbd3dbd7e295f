"""What is broken in each bad chain, and the breaches (table, column, rule, rows) that a check must report."""

# ruff: noqa: E501  (one case a line reads as a table)
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from good_chains import CSV_BY_TABLE, REQUIRED, SETTINGS

Files = dict[str, bytes]
Edit = Callable[[Files], None]
Expected = tuple[str, str, str, int]


@dataclass(frozen=True)
class Case:
    """One broken chain: the required tables, those it names, and its edits."""

    name: str
    edits: tuple[Edit, ...]
    expected: list[Expected] = field(default_factory=list)
    tables: tuple[str, ...] = ()

    def files(self) -> Files:
        """Files of the chain after the edits."""
        files = {f"{table}.csv": CSV_BY_TABLE[table].encode() for table in (*REQUIRED, *self.tables)}
        files["chain.toml"] = SETTINGS.encode()
        for edit in self.edits:
            edit(files)
        return files


def swap(file: str, old: str | bytes, new: str | bytes) -> Edit:
    """Replace one piece of a file."""
    before = old.encode() if isinstance(old, str) else old
    after = new.encode() if isinstance(new, str) else new

    def edit(files: Files) -> None:
        if files[file].count(before) < 1:
            raise ValueError(f"{file} holds no {before!r}")
        files[file] = files[file].replace(before, after, 1)

    return edit


def swap_all(file: str, old: str, new: str) -> Edit:
    """Replace every such piece of a file."""

    def edit(files: Files) -> None:
        files[file] = files[file].replace(old.encode(), new.encode())

    return edit


def add(file: str, text: str | bytes) -> Edit:
    """Put text at the end of a file, or begin a new one."""

    def edit(files: Files) -> None:
        files[file] = files.get(file, b"") + (text.encode() if isinstance(text, str) else text)

    return edit


def put(file: str, content: str | bytes) -> Edit:
    """Replace a file, or add one."""

    def edit(files: Files) -> None:
        files[file] = content.encode() if isinstance(content, str) else content

    return edit


def remove(file: str) -> Edit:
    """Take a file away."""

    def edit(files: Files) -> None:
        del files[file]

    return edit


def rename(old: str, new: str) -> Edit:
    """Give a file another name."""

    def edit(files: Files) -> None:
        files[new] = files.pop(old)

    return edit


def encode(file: str, encoding: str) -> Edit:
    """Write a file in another encoding."""

    def edit(files: Files) -> None:
        files[file] = files[file].decode().encode(encoding)

    return edit


def drop_columns(file: str, *names: str) -> Edit:
    """Take columns away from a file without quotes."""

    def edit(files: Files) -> None:
        rows = [line.split(",") for line in files[file].decode().splitlines()]
        kept = [number for number, name in enumerate(rows[0]) if name not in names]
        files[file] = ("\n".join(",".join(row[number] for number in kept) for row in rows) + "\n").encode()

    return edit


def header_only(file: str) -> Edit:
    """Leave only the header line."""

    def edit(files: Files) -> None:
        files[file] = files[file].split(b"\n")[0] + b"\n"

    return edit


SALES_KEY = "date, sku, location, channel, zone"
LOST = "no lane reaches it from a supplier"
BARCODE = "damaged by a spreadsheet"
QUARANTINE = '\n[quarantine]\ntables = ["stock"]\n'

FILES = [
    Case("no_sales_file", (remove("sales.csv"),), [("sales", "", "missing table", 0)]),
    Case("nothing_but_settings", tuple(remove(f"{table}.csv") for table in REQUIRED),
         [(table, "", "missing table", 0) for table in REQUIRED]),
    Case("misspelt_file", (rename("sales.csv", "sale.csv"),),
         [("sale.csv", "", "unknown table", 0), ("sales", "", "missing table", 0)]),
    Case("stray_spreadsheet", (put("prices.xlsx", b"PK"),), [("prices.xlsx", "", "unknown table", 0)]),
    Case("zero_bytes", (put("sales.csv", b""),), [("sales", "", "empty file", 0)]),
    Case("sales_without_rows", (header_only("sales.csv"),), [("sales", "", "no rows", 0)]),
    Case("stock_without_rows", (header_only("stock.csv"),), [("stock", "", "no rows", 0)]),
    Case("parquet_that_is_none", (remove("stock.csv"), put("stock.parquet", b"PAR1 not really")),
         [("stock", "", "not readable", 0)]),
    Case("csv_and_parquet", (put("sales.parquet", b"PAR1"),), [("sales", "", "two files for one table", 0)]),
    Case("ragged_rows", (swap("sales.csv", "3,16.0,false,1\n", "3,16.0,false\n"), add("sales.csv", "2026-11-20,K1\n")),
         [("sales", "", "ragged row", 2)]),
    Case("nul_bytes", (swap("sales.csv", b"K2,A1", b"K2\0,A1"),), [("sales", "", "NUL byte", 1)]),
    Case("unclosed_quote", (add("sales.csv", '2026-11-20,"K1,A2,walk_in,,1,16,false,1\n'),),
         [("sales", "", "not readable", 0)]),
    Case("semicolons", (swap_all("stock.csv", ",", ";"),), [("stock", "", "not separated by commas", 0)]),
    Case("tabs", (swap_all("skus.csv", ",", "\t"),), [("skus", "", "not separated by commas", 0)]),
    Case("latin_1", (swap("skus.csv", "milk", "lait frappé"), encode("skus.csv", "latin-1")),
         [("skus", "", "unknown encoding", 0)]),
    Case("broken_toml", (put("chain.toml", 'id = "tiny\n'),), [("chain.toml", "", "not readable", 0)]),
]  # fmt: skip

SETTINGS_CASES = [
    Case("misspelt_setting", (swap("chain.toml", "currency", "curency"),),
         [("chain.toml", "curency", "unknown setting", 0)]),
    Case("impossible_margin", (swap("chain.toml", "0.35", "1.35"),),
         [("chain.toml", "economics.gross_margin", "not a number in its range", 0)]),
    Case("unknown_time_zone", (swap("chain.toml", "Asia/Shanghai", "Asia/Shangai"),),
         [("chain.toml", "time_zone", "unknown time zone", 0)]),
    Case("mapping_of_unknown_column", (add("chain.toml", '\n[columns.sales]\nunts = "units"\n'),),
         [("chain.toml", "columns.sales.unts", "unknown setting", 0)]),
    Case("mapping_to_missing_header", (add("chain.toml", '\n[columns.stock]\nallocated = "reserved"\n'),
                                       drop_columns("stock.csv", "allocated")),
         [("stock", "allocated", "mapped column is missing", 0)]),
    Case("quarantine_of_unknown_table", (add("chain.toml", '\n[quarantine]\ntables = ["sale"]\n'),),
         [("chain.toml", "quarantine.sale", "unknown setting", 0)]),
    Case("settings_all_wrong", (put("chain.toml", "id = 5\nunit_factor = 0\neconomics = 3\nassumptions = 7\nplan = 1\n"),),
         [("chain.toml", "id", "not a text", 0), ("chain.toml", "unit_factor", "not a number in its range", 0),
          ("chain.toml", "economics", "not a table", 0), ("chain.toml", "assumptions", "not a table and a text", 0),
          ("chain.toml", "plan", "not a table", 0)]),
]  # fmt: skip

HEADERS = [
    Case("missing_column", (drop_columns("sales.csv", "units"),), [("sales", "units", "missing column", 0)]),
    Case("several_missing_columns", (drop_columns("stock.csv", "on_hand", "as_of"), drop_columns("skus.csv", "sku")),
         [("stock", "as_of", "missing column", 0), ("stock", "on_hand", "missing column", 0),
          ("skus", "sku", "missing column", 0)]),
    Case("unknown_column", (swap("sales.csv", "price", "prise"),), [("sales", "prise", "unknown column", 0)]),
    Case("misspelt_required_column", (swap("sales.csv", "units", "unit"),),
         [("sales", "unit", "unknown column", 0), ("sales", "units", "missing column", 0)]),
    Case("duplicate_column", (swap("sales.csv", "price", "units"),), [("sales", "units", "duplicate column", 0)]),
    Case("chinese_header_without_mapping", (swap("sales.csv", "units", "销量"),),
         [("sales", "销量", "unknown column", 0), ("sales", "units", "missing column", 0)]),
]  # fmt: skip

CELLS = [
    Case("units_in_words", (swap("sales.csv", "walk_in,,3,", "walk_in,,three,"),
                            swap("sales.csv", "walk_in,,5,", "walk_in,,5 pcs,")),
         [("sales", "units", "not a number", 2)]),
    Case("thousands_separator", (swap("stock.csv", "C1,120", 'C1,"1,200"'),),
         [("stock", "on_hand", "not a whole number", 1)]),
    Case("half_a_unit_in_stock", (swap("stock.csv", "A1,8", "A1,8.5"),), [("stock", "on_hand", "not a whole number", 1)]),
    Case("infinite_price", (swap("sales.csv", "3,16.0", "3,inf"),), [("sales", "price", "not a number", 1)]),
    Case("date_of_another_country", (swap("sales.csv", "2026-11-18", "18/11/2026"),), [("sales", "date", "not a date", 1)]),
    Case("impossible_day", (swap("sales.csv", "2026-11-18", "2026-02-30"),), [("sales", "date", "not a date", 1)]),
    Case("end_of_time", (swap("assortment.csv", "K2,A1,,2026-12-31", "K2,A1,,9999-12-31"),),
         [("assortment", "to", "not a date", 1)], ("assortment",)),
    Case("known_at_is_no_time", (swap("signals.csv", "2026-11-20T08:00+08:00", "this morning"),),
         [("signals", "known_at", "not a timestamp", 1)], ("signals",)),
    Case("flag_maybe", (swap("sales.csv", "15.0,true", "15.0,maybe"),), [("sales", "is_promotion", "not a flag", 1)]),
    Case("barcode_of_a_spreadsheet", (swap("skus.csv", "6901234567892", "6.9E+12"),
                                      swap("skus.csv", "6901234567908", "6.90123E+12")),
         [("skus", "barcode", BARCODE, 2)]),
    Case("sku_of_a_spreadsheet", (swap("sales.csv", "2026-11-18,K2", "2026-11-18,6.9E+12"),),
         [("sales", "sku", BARCODE, 1)]),
    Case("empty_units", (swap("sales.csv", "walk_in,,3,", "walk_in,,,"),), [("sales", "units", "empty cell", 1)]),
    Case("empty_sku", (swap("stock.csv", "K1,C1", ",C1"), swap("stock.csv", "K2,B1", " ,B1")),
         [("stock", "sku", "empty cell", 2)]),
    Case("negative_sales", (swap("sales.csv", "walk_in,,3,", "walk_in,,-3,"),), [("sales", "units", "below 0", 1)]),
    Case("negative_stock", (swap("stock.csv", "A1,8", "A1,-8"),), [("stock", "on_hand", "below 0", 1)]),
    Case("availability_in_percent", (swap_all("sales.csv", "false,1\n", "false,100\n"),),
         [("sales", "availability", "above 1", 6)]),
    Case("case_pack_of_zero", (swap("skus.csv", "16.0,6,", "16.0,0,"),), [("skus", "case_pack", "below 1", 1)]),
    Case("latitude_and_longitude_swapped", (swap("locations.csv", "31.2,121.4", "121.4,31.2"),),
         [("locations", "latitude", "above 90", 1)]),
    Case("unknown_tier", (swap("locations.csv", "F1,forward", "F1,foward"),),
         [("locations", "tier", "not one of the choices", 1)]),
    Case("unknown_channel", (swap("sales.csv", "pickup", "pick-up"),), [("sales", "channel", "not one of the choices", 1)]),
    Case("unknown_mode", (swap("lanes.csv", "A1,C1,return", "A1,C1,sendback"),),
         [("lanes", "mode", "not one of the choices", 1)]),
    Case("order_days_in_german", (swap("lanes.csv", "MO,TH", "MO,DO"),),
         [("lanes", "order_days", "not a list of weekdays", 1)]),
    Case("cutoff_at_25_hours", (put("closures.csv", "location,date,open,cutoff_time\nA1,2026-12-24,true,25:00\n"),),
         [("closures", "cutoff_time", "not a time of day", 1)]),
    Case("lead_time_of_two_years", (swap("lanes.csv", "purchase,9", "purchase,730"),),
         [("lanes", "lead_time_days", "above 365", 1)]),
]  # fmt: skip

KEYS = [
    Case("duplicate_sales", (add("sales.csv", "2026-11-20,K1,A1,,,9,16,false,1\n"),), [("sales", SALES_KEY, "duplicate key", 1)]),
    Case("duplicate_skus", (add("skus.csv", "K1,tea,,,,,,,,,\nK1,tea,,,,,,,,,\n"),), [("skus", "sku", "duplicate key", 2)]),
    Case("duplicate_lanes", (add("lanes.csv", "C1,F1,transfer,3,,,\n"),),
         [("lanes", "origin, destination, mode", "duplicate key", 1)]),
    Case("duplicate_promotion", (swap("promotions.csv", "P2,", "P1,"),), [("promotions", "promotion", "duplicate key", 1)],
         ("promotions",)),
]  # fmt: skip

IDS = [
    Case("unknown_sku_in_sales", (swap("sales.csv", "2026-11-18,K2", "2026-11-18,K9"),), [("sales", "sku", "unknown sku", 1)]),
    Case("unknown_location_in_stock", (swap("stock.csv", "K2,B1", "K2,B9"),), [("stock", "location", "unknown location", 1)]),
    Case("unknown_zone_in_sales", (swap("sales.csv", "delivery,Z2", "delivery,Z9"),), [("sales", "zone", "unknown zone", 1)],
         ("zones",)),
    Case("unknown_category_in_promotions", (swap("promotions.csv", "milk", "mlik"),),
         [("promotions", "category", "unknown category", 1)], ("promotions",)),
    Case("unknown_region_in_calendar", (swap("calendar.csv", "EAST", "NORTH"),), [("calendar", "region", "unknown region", 1)],
         ("calendar",)),
    Case("unknown_keys_of_signals", (swap("signals.csv", "sku,K1", "sku,K9"), swap("signals.csv", "location,A1", "location,A9"),
                                     swap("signals.csv", "brand,Lu", "brand,La")),
         [("signals", "key", "unknown sku", 1), ("signals", "key", "unknown brand", 1),
          ("signals", "key", "unknown location", 1)], ("signals",)),
    Case("signal_without_key", (swap("signals.csv", "zone,Z1", "zone,"),), [("signals", "key", "unknown zone", 1)],
         ("signals",)),
    Case("serving_of_unknown_location", (swap("serving.csv", "Z1,F1", "Z1,F9"),), [("serving", "location", "unknown location", 1)],
         ("zones", "serving")),
    Case("receipt_without_order", (swap("receipts.csv", "O3", "O8"),), [("receipts", "order_id", "unknown order", 1)],
         ("open_orders", "receipts")),
    Case("open_order_from_nowhere", (swap("open_orders.csv", "O1,S1", "O1,S9"),), [("open_orders", "origin", "unknown location", 1)],
         ("open_orders",)),
    Case("supplier_is_unknown", (put("suppliers.csv", "supplier,weekly_capacity\nS7,500\n"),),
         [("suppliers", "supplier", "unknown location", 1)]),
    Case("adjustment_of_nothing", (put("adjustments.csv", "key,from,to,kind,value\nsku:K9@location:A1,2026-11-21,2026-11-22,add,5\n"
                                       "sku:K1,2026-11-21,2026-11-22,multiply,1.2\n"),),
         [("adjustments", "key", "names nothing", 1)]),
    Case("sku_that_replaces_itself", (put("relations.csv", "sku,other,kind\nK1,K1,successor\nK2,K7,substitute\n"),),
         [("relations", "other", "relates to itself", 1), ("relations", "other", "unknown sku", 1)]),
    Case("vehicle_of_unknown_lane", (put("vehicles.csv", "lane,type,cost\nS1>C1:purchase,truck,100\nC1>B1:transfer,van,50\n"),),
         [("vehicles", "lane", "unknown lane", 1)]),
    Case("closure_of_nothing", (put("closures.csv", "location,date\n,2026-12-24\nA1,2026-12-25\n"),),
         [("closures", "location", "neither location nor lane", 1)]),
]  # fmt: skip

NETWORK = [
    Case("lane_from_nowhere", (add("lanes.csv", "S9,C1,purchase,7,,,\n"),), [("lanes", "origin", "unknown location", 1)]),
    Case("group_without_members", (swap("lanes.csv", "C1,region:EAST", "C1,region:ESAT"),),
         [("lanes", "destination", "group matches nothing", 1)]),
    Case("store_buys_from_store", (add("lanes.csv", "A1,A2,purchase,1,,,\nS1,A1,transfer,1,,,\n"),),
         [("lanes", "mode", "illegal for its tiers", 2)]),
    Case("group_with_illegal_mode", (add("lanes.csv", "tier:store,tier:supplier,emergency,1,,,\n"),),
         [("lanes", "mode", "illegal for its tiers", 1)]),
    Case("lane_to_itself", (add("lanes.csv", "C1,C1,transfer,1,,,\n"),), [("lanes", "destination", "leads to itself", 1)]),
    Case("store_no_lane_reaches", (add("locations.csv", "B2,store,WEST,Z3,30,104\n"),
                                   swap("lanes.csv", "tier:store,tier:store", "region:EAST,A2"),
                                   add("sales.csv", "2026-11-20,K2,B2,,,1,7.5,false,1\n")),
         [("locations", "location", LOST, 1)]),
    Case("no_purchase_lane", (swap_all("lanes.csv", "purchase", "return"),),
         [("lanes", "mode", "illegal for its tiers", 2), ("locations", "location", LOST, 5)]),
    Case("transfers_in_a_circle", (add("lanes.csv", "C1,C2,transfer,4,,,\nC2,C1,transfer,4,,,\n"),),
         [("lanes", "destination", "part of a cycle of transfers", 2)]),
    Case("group_transfers_in_a_circle", (add("lanes.csv", "tier:central,tier:central,transfer,4,,,\n"),),
         [("lanes", "destination", "part of a cycle of transfers", 1)]),
]  # fmt: skip

ORDER = [
    Case("promotion_ends_before_it_starts", (swap("promotions.csv", "2026-11-22,2026-11-25", "2026-11-25,2026-11-22"),),
         [("promotions", "to", "ends before it starts", 1)], ("promotions",)),
    Case("promotion_of_nothing", (swap("promotions.csv", "P1,K1", "P1,"),),
         [("promotions", "promotion", "neither sku nor category", 1)], ("promotions",)),
    Case("sku_ends_before_launch", (swap("skus.csv", "2025-01-01,", "2025-01-01,2024-12-31"),),
         [("skus", "end_date", "ends before it starts", 1)]),
    Case("max_below_min", (swap("assortment.csv", "2,4,40", "2,50,40"),), [("assortment", "max_stock", "below min_stock", 1)],
         ("assortment",)),
    Case("due_before_it_ships", (swap("open_orders.csv", "2026-11-19,2026-11-25", "2026-11-25,2026-11-19"),),
         [("open_orders", "due_date", "due before it ships", 1)], ("open_orders",)),
    Case("capacity_of_date_and_weekday", (put("capacity.csv", "location,date,weekday,kind,amount\nC1,2026-11-23,MO,pick,900\n"
                                              "C1,,TU,pick,900\n"),),
         [("capacity", "weekday", "both date and weekday", 1)]),
]  # fmt: skip

MANY = [
    Case("many_in_one_table", (swap("sales.csv", "walk_in,,3,16.0", "walk_in,,x,-1"), swap("sales.csv", "2026-11-18,K2", "yesterday,K9"),
                               swap("sales.csv", "pickup", "fax"), swap("sales.csv", "0.8", "1.8"),
                               add("sales.csv", "2026-11-20,K3,B1,,,1,3.5,false,1\n")),
         [("sales", "date", "not a date", 1), ("sales", "units", "not a number", 1), ("sales", "price", "below 0", 1),
          ("sales", "channel", "not one of the choices", 1), ("sales", "availability", "above 1", 1),
          ("sales", "sku", "unknown sku", 1), ("sales", SALES_KEY, "duplicate key", 1)]),
    Case("one_in_every_table", (swap("locations.csv", "C2,central", "C2,centre"), swap("skus.csv", "10.0", "ten"),
                                swap("lanes.csv", "purchase,7", "purchase,-7"), swap("sales.csv", "0.9", "9"),
                                swap("stock.csv", "A1,8", "A1,8.2"), swap("open_orders.csv", "confirmed", "sent"),
                                swap("receipts.csv", "2026-11-09", "9.11.2026"), swap("signals.csv", "social,17", "gossip,17"),
                                swap("promotions.csv", "flash", "flush"), swap("calendar.csv", "holiday,false", "holiday,perhaps"),
                                swap("assortment.csv", "0.97", "97")),
         [("locations", "tier", "not one of the choices", 1), ("skus", "unit_cost", "not a number", 1),
          ("lanes", "lead_time_days", "below 0", 1), ("sales", "availability", "above 1", 1),
          ("stock", "on_hand", "not a whole number", 1), ("open_orders", "status", "not one of the choices", 1),
          ("receipts", "date", "not a date", 1), ("signals", "family", "not one of the choices", 1),
          ("promotions", "mechanism", "not one of the choices", 1), ("calendar", "is_workday", "not a flag", 1),
          ("assortment", "fill_rate", "above 1", 1)],
         ("open_orders", "receipts", "signals", "promotions", "calendar", "assortment")),
    Case("files_settings_and_cells", (swap("chain.toml", "text = ", "txt = "), put("stok.csv", "a\n1\n"), put("zones.csv", ""),
                                      swap("sales.csv", "walk_in,,3,", "walk_in,,-3,"), swap("skus.csv", "brand", "brnd")),
         [("chain.toml", "assumptions", "not a table and a text", 0), ("stok.csv", "", "unknown table", 0),
          ("zones", "", "empty file", 0), ("sales", "units", "below 0", 1), ("skus", "brnd", "unknown column", 0)]),
    Case("more_than_twenty_rows", (add("stock.csv", "".join(f"2026-10-{day:02d},K1,A1,{-day},0,free\n" for day in range(1, 31))),),
         [("stock", "on_hand", "below 0", 30)]),
    Case("quarantine_cures_only_its_table", (add("chain.toml", QUARANTINE), swap("stock.csv", "A1,8", "A1,-8"),
                                             swap("sales.csv", "walk_in,,3,", "walk_in,,-3,")),
         [("sales", "units", "below 0", 1)]),
    Case("quarantine_never_cures_a_file", (add("chain.toml", QUARANTINE), swap("stock.csv", "on_hand", "onhand")),
         [("stock", "onhand", "unknown column", 0), ("stock", "on_hand", "missing column", 0)]),
    Case("quarantine_that_leaves_nothing", (add("chain.toml", QUARANTINE), swap_all("stock.csv", "2026-11-20", "today")),
         [("stock", "", "no rows", 0)]),
    Case("pallets_of_unknown_size", (put("sourcing.csv", "sku,origin,destination,order_unit,cases_per_pallet\n"
                                         "K1,S1,C1,pallet,\nK2,S1,C1,pallet,40\n"),),
         [("sourcing", "order_unit", "no cases_per_pallet", 1)]),
]  # fmt: skip

CASES: list[Case] = [*FILES, *SETTINGS_CASES, *HEADERS, *CELLS, *KEYS, *IDS, *NETWORK, *ORDER, *MANY]
