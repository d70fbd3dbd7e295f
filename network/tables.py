"""The tables of a chain that today's plan reads (first block): every column with unit, meaning, range and default."""

# fmt: off
from __future__ import annotations

from network.columns import Channel, Column, Mode, OrderState, Table, Tier
from network.tables_second import SECOND_BLOCK

CHANNELS = tuple(Channel)

LOCATIONS = Table(
    "locations",
    ("location",),
    (
        Column("location", "id", meaning="Supplier, warehouse or store.", is_required=True),
        Column("tier", "text", meaning="What the location is.", is_required=True, choices=tuple(Tier)),
        Column("location_name", "text", meaning="What people call it; shown beside the code, never planned with."),
        Column("region", "id", meaning="Region, for groups, calendars and signals."),
        Column("zone", "id", meaning="Customer zone in which the location stands."),
        Column("latitude", "number", "degrees", "North positive.", minimum=-90, maximum=90),
        Column("longitude", "number", "degrees", "East positive.", minimum=-180, maximum=180),
        Column("company", "text", meaning="Legal entity that owns the stock."),
        Column("ownership", "text", meaning="Who runs the location.", default="own", choices=("own", "franchise")),
        Column("storage_volume_m3", "number", "m3", "Room for stock; empty = not a limit.", minimum=0),
        Column("priority", "whole", "", "Who is served first where stock is short, 1 first; empty = by what a unit "
               "earns, after all that are named.", minimum=1),
        Column("opens", "date", meaning="First day of business; empty = has always been open."),
        Column("closes", "date", meaning="Last day of business; empty = stays open."),
    ),
    meaning="Where goods are bought, kept and sold.",
    is_required=True,
)

SKUS = Table(
    "skus",
    ("sku",),
    (
        Column("sku", "id", meaning="What is stocked and ordered.", is_required=True),
        Column("product_name", "text", meaning="What people call it; shown beside the code, never planned with."),
        Column("category", "id", meaning="Level above the SKU."),
        Column("brand", "id", meaning="Brand, for signals."),
        Column("barcode", "id", meaning="GTIN as text, leading zeros kept."),
        Column("unit_cost", "number", "money/unit", "Purchase cost; empty = `economics.unit_cost`.", minimum=0),
        Column("unit_price", "number", "money/unit", "Regular price; empty = cost / (1 - gross margin).", minimum=0),
        Column("shortage_cost", "number", "money/unit", "Cost of one lost sale; empty = lost margin.", minimum=0),
        Column("holding_cost", "number", "money/unit/day", "Cost of keeping one unit a day; empty = holding rate.",
               minimum=0),
        Column("case_pack", "whole", "units", "Whole multiples in which it is bought and transferred.", default=1,
               minimum=1),
        Column("min_order_quantity", "whole", "units", "Purchases are 0 or at least this.", default=0, minimum=0),
        Column("volume_m3", "number", "m3/unit", "Volume in a truck; empty = takes no room.", minimum=0),
        Column("weight_kg", "number", "kg/unit", "Weight in a truck; empty = weighs nothing.", minimum=0),
        Column("temperature", "text", meaning="Temperature class; goods of one class share a document.",
               default="ambient"),
        Column("shelf_life_days", "whole", "days", "Days from receipt to expiry; empty = does not expire.", minimum=1),
        Column("launch_date", "date", meaning="First day of sale; no zeros are filled in before it."),
        Column("end_date", "date", meaning="Last day of sale; no zeros are filled in after it."),
    ),
    meaning="What is stocked and ordered.",
    is_required=True,
)

LANES = Table(
    "lanes",
    ("origin", "destination", "mode"),
    (
        Column("origin", "id", meaning="Location, or a group: `region:EAST`, `tier:store`, `zone:Z1`.",
               is_required=True),
        Column("destination", "id", meaning="Location, or a group.", is_required=True),
        Column("mode", "text", meaning="How goods move; must suit the two tiers.", is_required=True,
               choices=tuple(Mode)),
        Column("lead_time_days", "whole", "days", "Order placed to usable on the shelf.", is_required=True, minimum=0,
               maximum=365),
        Column("lead_time_sd_days", "number", "days", "Standard deviation; empty = learnt from receipts, or 0.",
               minimum=0),
        Column("order_days", "text", meaning="Weekdays on which goods may leave, as `MO,TH`; empty = every day."),
        Column("cutoff_time", "text", meaning="Latest time of day to order, as `HH:MM`."),
        Column("unit_cost", "number", "money/unit", "Cost of moving one unit; empty = 0.", minimum=0),
        Column("truck_cost", "number", "money/truck", "Cost of one truck; empty = 0.", minimum=0),
        Column("truck_volume_m3", "number", "m3", "Volume of one truck; empty = no limit.", minimum=0),
        Column("truck_weight_kg", "number", "kg", "Payload of one truck; empty = no limit.", minimum=0),
        Column("max_trucks", "whole", "trucks/day", "Trucks a day; empty = no limit.", minimum=0),
        Column("min_order_value", "number", "money", "An order on the lane is worth at least this; empty = 0.",
               minimum=0),
        Column("parcel_cost", "number", "money/parcel",
               "Cost of one parcel of up to 0.1 m3 and 30 kg, where there is no truck cost; empty = 0.", minimum=0),
        Column("distance_km", "number", "km", "Road distance.", minimum=0),
        Column("co2_kg_per_truck", "number", "kg/truck", "Emission of one truck.", minimum=0),
    ),
    meaning="Directed links that goods move on.",
    is_required=True,
)

SALES = Table(
    "sales",
    ("date", "sku", "location", "channel", "zone"),
    (
        Column("date", "date", meaning="Day of sale.", is_required=True),
        Column("sku", "id", meaning="SKU sold.", is_required=True),
        Column("location", "id", meaning="Location that sold.", is_required=True),
        Column("channel", "text", meaning="How the customer bought.", default=Channel.WALK_IN, choices=CHANNELS),
        Column("zone", "id", meaning="Where the customer is; empty = at the location."),
        Column("units", "number", "units", "Units sold, gross of returns; may be fractional with a unit factor.",
               is_required=True, minimum=0),
        Column("price", "number", "money/unit", "Price paid.", minimum=0),
        Column("is_promotion", "flag", meaning="Sold on promotion.", default=False),
        Column("availability", "share", "share", "Share of selling time on the shelf; empty = unknown.", minimum=0,
               maximum=1),
    ),
    meaning="What was sold; a day without a row sold nothing while the SKU was on sale.",
    is_required=True,
)

STOCK = Table(
    "stock",
    ("as_of", "sku", "location", "stock_type"),
    (
        Column("as_of", "timestamp", meaning="Day (a bare date means its end) or time of the record.",
               is_required=True),
        Column("sku", "id", meaning="SKU in stock.", is_required=True),
        Column("location", "id", meaning="Where it lies.", is_required=True),
        Column("on_hand", "whole", "units", "Physically there.", is_required=True, minimum=0),
        Column("allocated", "whole", "units", "On hand but promised.", default=0, minimum=0),
        Column("stock_type", "text", meaning="Only free stock is planned.", default="free",
               choices=("free", "hold", "display", "damaged", "consigned")),
    ),
    meaning="What lies where.",
    is_required=True,
)

OPEN_ORDERS = Table(
    "open_orders",
    ("order_id",),
    (
        Column("order_id", "id", meaning="Order line in the system of record.", is_required=True),
        Column("origin", "id", meaning="Where it comes from."),
        Column("destination", "id", meaning="Where it goes to.", is_required=True),
        Column("sku", "id", meaning="SKU ordered.", is_required=True),
        Column("quantity", "whole", "units", "Units ordered; what `receipts` say has arrived is no longer to come.",
               is_required=True, minimum=0),
        Column("ship_date", "date", meaning="Day on which it leaves or left."),
        Column("due_date", "date", meaning="Day from whose start it is usable."),
        Column("status", "text", meaning="State of the order.", default=OrderState.RELEASED,
               choices=tuple(OrderState)),
        Column("external_ref", "id", meaning="Our order id that this line acknowledges."),
        Column("placed_on", "date", meaning="Day on which it was placed; else a past night counts from shipping."),
    ),
    meaning="Orders on the way, and those closed from which lead times are learnt.",
)

RECEIPTS = Table(
    "receipts",
    ("order_id", "sku", "date"),
    (
        Column("order_id", "id", meaning="Order line received, as in `open_orders`.", is_required=True),
        Column("sku", "id", meaning="SKU received.", is_required=True),
        Column("date", "date", meaning="Day of receipt.", is_required=True),
        Column("quantity", "whole", "units", "Units received.", is_required=True, minimum=0),
    ),
    meaning="What arrived, from which lead times and supplier reliability are learnt.",
)

SIGNALS = Table(
    "signals",
    ("signal", "key_type", "key", "date", "known_at"),
    (
        Column("signal", "id", meaning="Name of the series, such as `search_index`.", is_required=True),
        Column("key_type", "text", meaning="What `key` names.", is_required=True,
               choices=("sku", "category", "brand", "location", "zone", "region", "global")),
        Column("key", "id", meaning="Id of that kind; empty for `global`.", is_required=True, default=""),
        Column("date", "date", meaning="Day the value speaks of; after `known_at` for forecasts.", is_required=True),
        Column("known_at", "timestamp", meaning="When the value became available; a bare date means its end.",
               is_required=True, is_end_of_day=True),
        Column("family", "text", meaning="Kind of driver; empty = event.", default="event",
               choices=("search", "traffic", "social", "trial", "weather", "event")),
        Column("value", "number", "signal's own", "Value of the signal."),
        Column("sentiment", "number", "", "Tone of what was said.", minimum=-1, maximum=1),
    ),
    meaning="Outside drivers, bitemporal: usable at a cutoff only if known by its end.",
)

PROMOTIONS = Table(
    "promotions",
    ("promotion",),
    (
        Column("promotion", "id", meaning="One promoted SKU or category in one place.", is_required=True),
        Column("sku", "id", meaning="Promoted SKU; or give the category."),
        Column("category", "id", meaning="Promoted category; or give the SKU."),
        Column("location", "id", meaning="Where; empty = everywhere in its zone or region."),
        Column("zone", "id", meaning="Zone where it runs; empty = all."),
        Column("region", "id", meaning="Region where it runs; empty = all."),
        Column("channel", "text", meaning="Channel; empty = all.", default="", choices=("", *CHANNELS)),
        Column("mechanism", "text", meaning="Kind of promotion.", default="discount",
               choices=("discount", "live", "flash", "presale", "bundle", "gift")),
        Column("from", "date", meaning="First day.", is_required=True),
        Column("to", "date", meaning="Last day, inclusive.", is_required=True),
        Column("price", "number", "money/unit", "Price during the promotion.", minimum=0),
        Column("planned_units", "number", "units", "What its planner expects to sell in all.", minimum=0),
        Column("one_off", "flag", meaning="Never comes back: history must not be learnt from.", default=False),
        Column("known_at", "timestamp", meaning="When it was announced; empty = on its first day.",
               is_end_of_day=True),
    ),
    meaning="Planned changes of price and attention.",
)

CALENDAR = Table(
    "calendar",
    ("date", "region"),
    (
        Column("date", "date", meaning="Day.", is_required=True),
        Column("region", "id", meaning="Region; empty = all."),
        Column("event", "text", meaning="Name of the event, such as Spring Festival."),
        Column("event_type", "text", meaning="Kind of event, such as holiday or sale."),
        Column("is_workday", "flag", meaning="Working day; moved working days say so.", default="weekday"),
    ),
    meaning="Events and moved working days; without it public holidays come from the chain's country.",
)

ASSORTMENT = Table(
    "assortment",
    ("sku", "location"),
    (
        Column("sku", "id", meaning="SKU.", is_required=True),
        Column("location", "id", meaning="Location that carries it.", is_required=True),
        Column("from", "date", meaning="First day; empty = always."),
        Column("to", "date", meaning="Last day; empty = stays."),
        Column("presentation_stock", "whole", "units", "Minimum display.", default=0, minimum=0),
        Column("min_stock", "whole", "units", "Never plan below.", default=0, minimum=0),
        Column("max_stock", "whole", "units", "Never plan above; empty = no limit.", minimum=0),
        Column("blocked", "flag", meaning="Nothing may be ordered to it.", default=False),
        Column("do_not_transfer", "flag", meaning="Nothing may be taken from it.", default=False),
        Column("class", "text", meaning="The chain's own class, such as A, B or C."),
        Column("fill_rate", "share", "share", "Goal: share of demand served.", minimum=0, maximum=1),
        Column("cycle_service_level", "share", "share", "Goal: probability of no stock-out in a cycle.", minimum=0,
               maximum=1),
    ),
    meaning="Which SKU is carried where, and with which goals; without it, where it sold or lies.",
)

FIRST_BLOCK = (
    LOCATIONS, SKUS, LANES, SALES, STOCK, OPEN_ORDERS, RECEIPTS, SIGNALS, PROMOTIONS, CALENDAR, ASSORTMENT,
)

TABLES: dict[str, Table] = {table.name: table for table in (*FIRST_BLOCK, *SECOND_BLOCK)}
"""Every table of the contract by name, both blocks."""
