"""Facts about a run for people: what was assumed, what was left out, how the solver ended, where the time went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cockpit.wording import count, is_known, label, money, share, switched, whole

if TYPE_CHECKING:
    from engine import Plan
    from network.snapshot import Snapshot

_NOT_A_TIMING = 0.0005


def assumption_items(plan: Plan) -> list[dict[str, str]]:
    """Return declared assumptions, each with the table it is about; assumed vintages of signals among them."""
    settings = plan.snapshot.settings
    vintages = [
        {"table": "signals", "text": f"Assumed vintages: {name} is taken as known {lag:g} days after its date."}
        for name, lag in sorted(settings.publication_lag_days.items())
    ]
    return [{"table": item.table, "text": item.text} for item in settings.assumptions] + vintages


def signal_items(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return which signal families earned their place, and in which categories they are switched off."""
    verdicts = [dict(each) for each in manifest.get("signals") or []]
    items = []
    for family in sorted({str(each["family"]) for each in verdicts}):
        own = [each for each in verdicts if each["family"] == family]
        kept = [each for each in own if each["is_on"]]
        worth = ", ".join(
            f"{each['category']} by {each['key_type']} ({share(each['value'])}, {share(each['low'])} to "
            f"{share(each['high'])} of the error)"
            for each in kept
        )
        off = len({each["category"] for each in own} - {each["category"] for each in kept})
        text = f"on in {worth}" if kept else "on nowhere"
        items.append({"table": family, "text": f"{text}; off in {count(off, 'category', 'categories')}."})
    return items


def excluded_items(excluded: Mapping[str, int]) -> list[dict[str, str]]:
    """Return how many rows of each table were dated or known after the cutoff."""
    return [
        {"table": name, "text": f"{count(n, 'row')} dated or known after the cutoff"}
        for name, n in sorted(excluded.items())
        if n
    ]


def data_facts(snapshot: Snapshot) -> list[dict[str, str]]:
    """Return the number of rows used from each table that has any."""
    sizes = {name: len(snapshot.table(name)) for name in snapshot.tables}
    return [{"table": name, "rows": whole(n)} for name, n in sizes.items() if n]


def solver_facts(manifest: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    """Return status, objective, bound and gap in words; what is not known reads `unknown`."""
    facts = [
        ("Status", label(str(manifest.get("status") or "unknown"))),
        ("Objective", _amount(manifest.get("objective"), currency)),
        ("Bound", _amount(manifest.get("bound"), currency)),
        ("Gap", share(manifest["gap"]) if is_known(manifest.get("gap")) else "unknown"),
        *_truck_facts(manifest.get("trucks"), currency),
        *_switch_facts(manifest),
        ("Audit", "no rule broken, checked independently of the solver"),
        ("Code version", str(manifest.get("code_version", "unknown"))),
        ("Input", str(manifest.get("input_hash", "unknown"))[:16]),
        *(
            (label(name.removeprefix("n_")).replace("Skus", "SKUs"), _plain(value))
            for name, value in dict(manifest.get("work") or {}).items()
        ),
    ]
    return [{"name": name, "value": value} for name, value in facts]


def _switch_facts(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Tell where new settings hold first, if they do."""
    switch = dict(manifest.get("config") or {}).get("switch")
    return [("Settings switched first", switched(switch))] if switch else []


def _truck_facts(trucks: Mapping[str, Any] | None, currency: str) -> list[tuple[str, str]]:
    """Tell what the program of all transfer trucks cost and proves, where there is one."""
    if not trucks:
        return []
    objective, bound = trucks["objective"], trucks["bound"]
    return [
        ("Lanes whose trucks are planned together", f"{trucks['n_lanes']:,} to {trucks['n_pairs']:,} stock points"),
        ("Objective of these trucks", _amount(objective, currency)),
        ("Bound of these trucks, all else as planned", _amount(bound, currency)),
        ("Gap of these trucks", share((objective - bound) / objective) if objective > 0 else "unknown"),
        ("Bound of the whole, trucks in whole numbers", _amount(trucks["whole_bound"], currency)),
    ]


def _plain(value: Any) -> str:
    return f"{value:,.6g}" if is_known(value) and not isinstance(value, bool) else str(value)


def _amount(value: Any, currency: str) -> str:
    return money(value, currency) if is_known(value) else "unknown"


def timing_rows(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return seconds by step, in the order they ran, with a bar relative to the longest."""
    timings = {str(step): float(seconds) for step, seconds in dict(manifest.get("timings") or {}).items()}
    longest = max(timings.values(), default=0.0)
    return [
        {"name": label(step), "seconds": f"{seconds:,.2f} s", "bar": round(100 * seconds / longest, 1)}
        for step, seconds in timings.items()
        if seconds >= _NOT_A_TIMING
    ]
