"""Pictures of the pages, with their words in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from cockpit.pages.forecasts import demand_picture
from cockpit.report_charts import StockLines, forecast_chart, stock_chart, terms_bar
from cockpit.report_layout import lay_out
from cockpit.report_map import network_picture
from cockpit.report_tables import alerts_by_location, by_lane
from cockpit.web.desk import Desk
from cockpit.web.locale import day, number
from cockpit.web.words import translate
from optimization.actions import new_lines
from optimization.export_language import Language

_AXIS_DAYS = {Language.ENGLISH: "d MMM", Language.CHINESE: "M月d日"}


def axis_day(language: Language) -> Callable[[pd.Timestamp], str]:
    """Return how days are written on an axis."""
    return lambda date: day(date, language, style=_AXIS_DAYS[language])


def path_chart(path: StockLines, language: Language) -> Markup:
    """Return the stock of a line's destination with and without it."""
    low = {"without": float(path.without.min()), "with": float(path.with_line.min())}
    words = translate(
        language, "chart.stock", days=len(path.days), without=number(low["without"], language),
        with_line=number(low["with"], language),
    )  # fmt: skip
    return stock_chart(path, words=words, say_day=axis_day(language))


def demand_chart(desk: Desk, row: int, language: Language) -> dict[str, Any]:
    """Return one forecast: its picture, its drivers with bars against the largest, and what it is made with."""
    sku = str(desk.forecasts.points["sku"].iloc[row])
    shown = demand_picture(
        desk.forecasts, row, history=desk.rows("history", "sku", sku), promoted=desk.rows("promoted", "sku", sku),
        drivers=desk.rows("drivers", "sku", sku), draws=desk.rows("draws", "sku", sku),
    )  # fmt: skip
    words = translate(
        language, "chart.forecast", sku=shown.sku, location=shown.location, n_history=len(shown.history_days),
        n_censored=int(shown.is_censored.sum()), n_days=len(shown.days), units=number(shown.mean.sum(), language),
    )  # fmt: skip
    largest = max((abs(amount) for _, amount in shown.drivers), default=1.0)
    return {
        "picture": forecast_chart(shown, words=words, say_day=axis_day(language)),
        "drivers": [(family, amount, abs(amount) / largest) for family, amount in shown.drivers],
        "days": shown.driver_days,
        "model": shown.note,
        "week": float(shown.mean[:7].sum()),
        "total": float(shown.mean.sum()),
        "n_censored": int(shown.is_censored.sum()),
        "n_draws": len(shown.draws),
    }


def terms_chart(terms: Sequence[tuple[str, float]], language: Language, currency: str) -> Markup:
    """Return the money terms of a line as one bar, costs left and benefits right."""
    named = [(translate(language, f"term.{name}"), amount) for name, amount in terms]
    return terms_bar(named, max(sum(abs(amount) for _, amount in terms), 1.0), currency)


def network_map(desk: Desk, language: Language) -> Markup | None:
    """Return the network with tonight's flows and trouble spots; None where the run does not hold its places."""
    places = desk.detail("places")
    if places is None:
        return None
    lanes = by_lane(new_lines(desk.run.table("orders")))
    words = translate(language, "chart.network", n=len(places), lanes=len(lanes))
    alerts = alerts_by_location(desk.run.table("exceptions"))
    return network_picture(lay_out(places), lanes, alerts, desk.run.currency, words=words)
