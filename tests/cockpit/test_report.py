"""The report of a run as a page: whole, safe, self-contained, and readable without a mouse or colours."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from cockpit.forecast_changes import COLUMNS
from cockpit.report import build_report

VOID = {"meta", "link", "input", "br"}
MAX_BYTES = 3_000_000
CHANGES = pd.DataFrame(
    [("SKU-001", "S01", "search", 10.0, 12.5, 2.5), ("SKU-001", "S01", "refit", 10.0, 12.5, -0.01)],
    columns=list(COLUMNS),
)
HOSTILE_SKU = "<script>alert('SKU')</script>"


class Outline(HTMLParser):
    """Collects headings, unclosed elements and tables without a caption."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.levels: list[int] = []
        self.n_tables = self.n_captions = 0
        self.tags: set[str] = set()
        self.resources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.n_tables += tag == "table"
        self.n_captions += tag == "caption"
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.resources += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(plan: Any) -> str:
    return build_report(plan, status="published", next_command="tierflow export X --to out", changes=CHANGES)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_the_page_loads_nothing_from_outside(fake_plan: Any) -> None:
    page = page_of(fake_plan)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", page, flags=re.IGNORECASE)
    assert all(link.startswith(("#", "data:,")) for link in outline(page).resources)


def test_a_sku_that_is_a_script_stays_a_text(fake_plan: Any) -> None:
    page = page_of(fake_plan)
    assert HOSTILE_SKU not in page
    assert "&lt;script&gt;alert(&#39;SKU&#39;)&lt;/script&gt;" in page
    assert "script" not in outline(page).tags


def test_headings_form_an_outline_and_every_table_has_a_caption(fake_plan: Any) -> None:
    parsed = outline(page_of(fake_plan))
    assert parsed.levels[0] == 1
    assert parsed.levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(parsed.levels, parsed.levels[1:], strict=False))
    assert parsed.n_tables == parsed.n_captions > 5


def test_every_section_of_the_specification_is_there(fake_plan: Any) -> None:
    page = page_of(fake_plan)
    for section in ("today", "network", "orders", "trucks", "exceptions", "forecasts", "data", "solver"):
        assert f'<section id="{section}"' in page
        assert f'href="#{section}"' in page


def test_an_unknown_bound_reads_unknown(fake_plan: Any) -> None:
    rows = re.findall(r'<th scope="row">(Bound|Gap)</th><td>(.*?)</td>', page_of(fake_plan))
    assert rows == [("Bound", "unknown"), ("Gap", "unknown")]


def test_declared_assumptions_are_named(fake_plan: Any) -> None:
    assert "truck cost 420 for 30 m3, from a public tariff" in page_of(fake_plan)


def test_a_dark_room_and_a_printer_have_their_own_colours(fake_plan: Any) -> None:
    page = page_of(fake_plan)
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page


def test_a_large_chain_stays_small_and_says_where_the_rest_is(plan_maker: Any) -> None:
    page = page_of(plan_maker(n_skus=6, n_stores=900, n_orders=20_000))
    assert len(page.encode()) < MAX_BYTES
    assert "all in orders.csv" in page


@pytest.mark.parametrize("has_coordinates", [True, False])
def test_a_night_without_orders_has_a_report_too(plan_maker: Any, has_coordinates: bool) -> None:
    plan = plan_maker(n_skus=2, n_stores=3, has_coordinates=has_coordinates)
    for name in ("orders", "order_terms", "loads", "exceptions"):
        setattr(plan, name, getattr(plan, name).head(0))
    page = page_of(plan)
    outline(page)
    assert "No order pays tonight" in page
    assert "Nothing needs a person tonight." in page


def test_a_limit_that_hit_the_run_is_said_at_the_top(fake_plan: Any) -> None:
    fake_plan.manifest["is_degraded"] = True
    assert "a limit or a fallback hit the whole run" in page_of(fake_plan)


def test_the_same_plan_gives_the_same_page(fake_plan: Any) -> None:
    assert page_of(fake_plan) == page_of(fake_plan)
