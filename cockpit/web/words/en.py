"""Messages of the pages in English."""

from __future__ import annotations

MESSAGES = {
    "product": "tierflow",
    "skip": "Skip to the content",
    "navigation": "Pages",
    "nav.monday": "Today",
    "nav.orders": "Orders",
    "nav.trucks": "Trucks",
    "nav.stock": "Stock",
    "nav.forecast": "Forecast",
    "nav.whatif": "What if",
    "nav.runs": "Runs and review",
    "language": "Language",
    "language.en": "English",
    "language.zh": "中文",
    "footer.run": "Run {run}, data until {day}",
    "no_run.title": "Nothing is planned yet",
    "no_run.words": "This chain has no published run. Make the first one with:",
    "error.title": "This did not work",
    "error.not_found": "There is no such page.",
    "error.back": "Back to today",
    "kpi.name": "Figure",
    "kpi.today": "Today",
    "kpi.planned": "Planned",
    "no_account.title": "Nobody can sign in yet",
    "no_account.words": "Make the first account where the server runs, then reload this page:",
    "error.may_not": "Your account may not do this: it needs the role {role}.",
    "error.refused": "The server refused this. Go back and try again.",
}
