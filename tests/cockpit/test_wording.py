"""Numbers and names as people read them."""

from __future__ import annotations

import pytest

from cockpit.wording import N_PLACES, count, counted, label, money, share, switched, whole


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0.0, "CNY 0.00"),
        (12.345, "CNY 12.35"),
        (-7.5, "−CNY 7.50"),
        (1234.4, "CNY 1,234"),
        (123_456.0, "CNY 123k"),
        (2_500_000.0, "CNY 2.50M"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_money_is_short_and_keeps_its_sign(amount: float, words: str) -> None:
    assert money(amount, "CNY") == words


def test_a_signed_amount_shows_its_plus_also_without_a_currency() -> None:
    assert money(310.0, "", is_signed=True) == "+310"
    assert money(-47.33, "", is_signed=True) == "−47.33"


def test_an_amount_that_rounds_to_nothing_has_no_sign() -> None:
    assert money(-0.001, "CNY") == "CNY 0.00"


def test_unknown_counts_and_shares_are_a_dash() -> None:
    assert (whole(float("nan")), share(float("nan"))) == ("–", "–")
    assert (whole(1234567), share(0.1234)) == ("1,234,567", "12.3%")


def test_identifiers_become_words() -> None:
    assert label("stock_out_coming") == "Stock out coming"


def test_a_noun_agrees_with_its_number() -> None:
    assert [count(n, "truck") for n in (0, 1, 2000)] == ["0 trucks", "1 truck", "2,000 trucks"]
    assert [counted(figure, "day", "days") for figure in ("1", "1.0", "–")] == ["1 day", "1.0 days", "– days"]


def test_a_switch_names_its_places_and_its_settings():
    switch = {"locations": ["S1", "S4"], "settings": {"fill_rate_goals": {"A": 0.98, "BX": 0.9}, "ageing_weight": 0.2}}
    assert switched(switch) == "2 locations (S1, S4): fill_rate_goals A 0.98, BX 0.9; ageing_weight 0.2"
    many = {"locations": [f"S{n}" for n in range(N_PLACES + 30)], "settings": {"recourse_window": False}}
    assert switched(many).startswith("42 locations (S0, ")
    assert switched(many).endswith(", S11 and 30 more, as the manifest lists): recourse_window false")
