"""Facts about a run in the words of the report."""

from cockpit.report_facts import signal_items


def verdict(family: str, category: str, *, is_on: bool) -> dict[str, object]:
    return {"family": family, "key_type": "sku", "category": category, "value": 0.041, "low": 0.01, "high": 0.06,
            "is_on": is_on}  # fmt: skip


def test_a_family_says_where_it_earned_its_place_and_where_it_is_off():
    manifest = {"signals": [verdict("search", "TOYS", is_on=True), verdict("search", "DAIRY", is_on=False),
                            verdict("social", "TOYS", is_on=False)]}  # fmt: skip
    first, second = signal_items(manifest)
    assert first["table"] == "search"
    assert first["text"] == "on in TOYS by sku (4.1%, 1.0% to 6.0% of the error); off in 1 category."
    assert second["text"] == "on nowhere; off in 1 category."


def test_a_run_without_signals_says_nothing():
    assert signal_items({}) == []
