"""The second block of tables: part of the contract from the start, so that no wall moves when they are used."""

# fmt: off
from __future__ import annotations

from network.columns import Channel, Column, Table

_CHANNELS = tuple(Channel)


def _sku(meaning: str = "SKU.") -> Column:
    return Column("sku", "id", meaning=meaning, is_required=True)


def _location(meaning: str = "Location.") -> Column:
    return Column("location", "id", meaning=meaning, is_required=True)


def _channel() -> Column:
    return Column("channel", "text", meaning="How the customer buys.", default=Channel.WALK_IN, choices=_CHANNELS)


ZONES = Table(
    "zones",
    ("zone",),
    (
        Column("zone", "id", meaning="Customer zone.", is_required=True),
        Column("latitude", "number", "degrees", "North positive.", minimum=-90, maximum=90),
        Column("longitude", "number", "degrees", "East positive.", minimum=-180, maximum=180),
    ),
    meaning="Where customers are.",
    block=2,
)

SERVING = Table(
    "serving",
    ("zone", "location", "channel"),
    (
        Column("zone", "id", meaning="Customer zone.", is_required=True),
        _location("Location that serves it; default: the location that sold."),
        _channel(),
        Column("priority", "whole", "", "1 is asked first.", default=1, minimum=1),
        Column("promise_hours", "number", "hours", "Promised time to the customer.", minimum=0),
        Column("cost_per_order", "number", "money/order", "Cost of serving one customer order.", minimum=0),
        Column("units_per_day", "number", "units/day", "Most it can serve a day; empty = no limit.", minimum=0),
        Column("min_remaining_life_days", "whole", "days", "Life left when it is sold, at least.", minimum=0),
        Column("from", "date", meaning="First day; empty = always."),
        Column("to", "date", meaning="Last day; empty = stays."),
    ),
    meaning="Which locations serve a zone and channel, in which order.",
    block=2,
)

SOURCING = Table(
    "sourcing",
    ("sku", "origin", "destination"),
    (
        _sku(),
        Column("origin", "id", meaning="Location or group it comes from.", is_required=True),
        Column("destination", "id", meaning="Location or group it goes to.", is_required=True),
        Column("priority", "whole", "", "1 is preferred.", default=1, minimum=1),
        Column("share", "share", "share", "Share of the volume; empty = by priority alone.", minimum=0, maximum=1),
        Column("unit_cost", "number", "money/unit", "Overrides the SKU's.", minimum=0),
        Column("order_multiple", "whole", "units", "Overrides the SKU's case pack.", minimum=1),
        Column("min_order_quantity", "whole", "units", "Overrides the SKU's.", minimum=0),
        Column("cases_per_layer", "whole", "cases", "Cases in one layer of a pallet.", minimum=1),
        Column("cases_per_pallet", "whole", "cases", "Cases on one pallet.", minimum=1),
        Column("order_unit", "text", meaning="What is ordered whole; layers and pallets need their number of cases.",
               default="case", choices=("case", "layer", "pallet")),
        Column("lead_time_days", "whole", "days", "Overrides the lane's.", minimum=0, maximum=365),
        Column("min_remaining_life_days", "whole", "days", "Life left on receipt, at least.", minimum=0),
        Column("supplier_item_code", "id", meaning="The supplier's own number of the SKU."),
    ),
    meaning="Where a SKU comes from; overrides the SKU's and the lane's values.",
    block=2,
)

VEHICLES = Table(
    "vehicles",
    ("lane", "type"),
    (
        Column("lane", "id", meaning="`origin>destination:mode`.", is_required=True),
        Column("type", "text", meaning="Kind of vehicle.", is_required=True),
        Column("cost", "number", "money/trip", "Cost of one trip.", minimum=0),
        Column("volume_m3", "number", "m3", "Volume.", minimum=0),
        Column("weight_kg", "number", "kg", "Payload.", minimum=0),
        Column("pallets", "number", "pallets", "Pallet places.", minimum=0),
        Column("temperature", "text", meaning="Temperature class it carries; empty = any."),
        Column("max_per_day", "whole", "trips/day", "Most trips a day; empty = no limit.", minimum=0),
    ),
    meaning="Kinds of vehicle of a lane.",
    block=2,
)

CAPACITY = Table(
    "capacity",
    ("location", "date", "weekday", "kind"),
    (
        _location(),
        Column("date", "date", meaning="Day; or give the weekday."),
        Column("weekday", "text", meaning="Weekday; or give the date. Both empty = every day.", default="",
               choices=("", "MO", "TU", "WE", "TH", "FR", "SA", "SU")),
        Column("kind", "text", meaning="What is limited.", is_required=True,
               choices=("receive", "pick", "ship", "store")),
        Column("amount", "number", "its unit", "How much a day.", is_required=True, minimum=0),
        Column("unit", "text", meaning="Unit of the amount.", default="units",
               choices=("units", "lines", "cases", "pallets", "m3", "trucks")),
        Column("overtime_cost", "number", "money/unit", "Cost beyond the amount; empty = not possible.", minimum=0),
    ),
    meaning="What a location can handle.",
    block=2,
)

CLOSURES = Table(
    "closures",
    ("location", "lane", "date"),
    (
        Column("location", "id", meaning="Closed location; or give the lane."),
        Column("lane", "id", meaning="Closed lane, `origin>destination:mode`; or give the location."),
        Column("date", "date", meaning="Day.", is_required=True),
        Column("open", "flag", meaning="Open after all, against the ordinary rule.", default=False),
        Column("cutoff_time", "text", meaning="Latest time of day to order on that day, as `HH:MM`."),
    ),
    meaning="Days on which a location or lane is closed, or open against the rule.",
    block=2,
)

SUPPLIERS = Table(
    "suppliers",
    ("supplier",),
    (
        Column("supplier", "id", meaning="Location of tier supplier.", is_required=True),
        Column("weekly_capacity", "number", "units/week", "Most it delivers; empty = no limit.", minimum=0),
        Column("min_order_value", "number", "money", "Smallest order; empty = 0.", minimum=0),
        Column("commit_fence_days", "whole", "days", "Orders may not change within.", default=0, minimum=0),
    ),
    meaning="What suppliers agreed to.",
    block=2,
)

CONFIRMATIONS = Table(
    "confirmations",
    ("order_id",),
    (
        Column("order_id", "id", meaning="Order line, as in `open_orders`.", is_required=True),
        Column("confirmed_quantity", "whole", "units", "What the supplier will deliver.", is_required=True, minimum=0),
        Column("date", "date", meaning="When it will arrive; empty = as ordered."),
        Column("known_at", "timestamp", meaning="When it was told; empty = known all along.", is_end_of_day=True),
    ),
    meaning="What suppliers confirmed: less than was ordered lowers what is to come.",
    block=2,
)

LOTS = Table(
    "lots",
    ("sku", "location", "expiry_date"),
    (
        _sku(),
        _location(),
        Column("expiry_date", "date", meaning="Last day on which it may be sold.", is_required=True),
        Column("quantity", "whole", "units", "Units of the lot.", is_required=True, minimum=0),
    ),
    meaning="Stock by expiry date.",
    block=2,
)

PRESALES = Table(
    "presales",
    ("event", "sku", "channel", "zone"),
    (
        Column("event", "id", meaning="Event that is sold ahead.", is_required=True),
        _sku(),
        _channel(),
        Column("zone", "id", meaning="Where the customers are; empty = everywhere."),
        Column("deposits", "number", "units", "Units on which a deposit was paid.", is_required=True, minimum=0),
        Column("ship_from", "date", meaning="First day of shipping; empty = not yet told, and not forecast."),
        Column("pickup_location", "id", meaning="Where customers fetch it; empty = shipped."),
        Column("known_at", "timestamp", meaning="When the deposits were counted.", is_end_of_day=True),
    ),
    meaning="Demand sold ahead.",
    block=2,
)

RELATIONS = Table(
    "relations",
    ("sku", "other"),
    (
        _sku(),
        Column("other", "id", meaning="The other SKU.", is_required=True),
        Column("kind", "text", meaning="What the other is to the SKU; a successor takes over on the first day, or on "
               "its launch, and begins with the SKU's history.", is_required=True,
               choices=("substitute", "successor", "kit", "complement")),
        Column("ratio", "number", "units/unit", "Units of the other for one.", default=1.0, minimum=0),
        Column("from", "date", meaning="First day; empty = always."),
        Column("to", "date", meaning="Last day; empty = stays."),
    ),
    meaning="Substitutes, successors, kits and complements.",
    block=2,
)

RETURNS = Table(
    "returns",
    ("date", "sku", "location", "channel"),
    (
        Column("date", "date", meaning="Day.", is_required=True),
        _sku(),
        _location("Where it came back."),
        _channel(),
        Column("units", "number", "units", "Units brought back.", is_required=True, minimum=0),
        Column("resalable_share", "share", "share", "Share fit to be sold again.", default=1.0, minimum=0, maximum=1),
    ),
    meaning="What customers brought back.",
    block=2,
)

ADJUSTMENTS = Table(
    "adjustments",
    ("key", "from", "to"),
    (
        Column("key", "id", meaning="What it touches: `sku:A`, `category:C`, `brand:B`, `location:L`, `zone:Z`, "
               "`region:R`, or several joined by `@`, as `sku:A@location:L`.", is_required=True),
        Column("from", "date", meaning="First day.", is_required=True),
        Column("to", "date", meaning="Last day, inclusive.", is_required=True),
        Column("kind", "text", meaning="What is done: exclude forgets the history of these days, the others change "
               "the forecast.", is_required=True, choices=("exclude", "add", "multiply", "set")),
        Column("value", "number", "units/day or factor", "By how much, not for exclude; units of add and set are those "
               "of the whole key, spread over its stock points by their forecast."),
        Column("user", "text", meaning="Who."),
        Column("reason", "text", meaning="Why."),
        Column("known_at", "timestamp", meaning="When it was entered; empty = on its first day.", is_end_of_day=True),
    ),
    meaning="A planner's own knowledge, measured afterwards.",
    block=2,
)

COUNTS = Table(
    "counts",
    ("date", "sku", "location"),
    (
        Column("date", "date", meaning="Day of the count.", is_required=True),
        _sku(),
        _location(),
        Column("recorded", "whole", "units", "What the record said.", is_required=True),
        Column("counted", "whole", "units", "What was there.", is_required=True, minimum=0),
        Column("reason", "text", meaning="Why it was counted.", default="random", choices=("random", "requested")),
    ),
    meaning="Counts of stock against its record.",
    block=2,
)

ALIASES = Table(
    "aliases",
    ("system", "external_id"),
    (
        Column("system", "id", meaning="Other system.", is_required=True),
        Column("external_id", "id", meaning="Its id.", is_required=True),
        Column("kind", "text", meaning="What our id names.", is_required=True,
               choices=("sku", "location", "zone", "order", "supplier")),
        Column("id", "id", meaning="Our id.", is_required=True),
    ),
    meaning="Names of the same thing in other systems.",
    block=2,
)

SECOND_BLOCK = (
    ZONES, SERVING, SOURCING, VEHICLES, CAPACITY, CLOSURES, SUPPLIERS, CONFIRMATIONS, LOTS, PRESALES, RELATIONS,
    RETURNS, ADJUSTMENTS, COUNTS, ALIASES,
)
