"""How numbers and names are written for people, on the screen and in the report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

KIND_LABELS = {
    "purchase": "Purchase",
    "transfer": "Transfer",
    "transshipment": "Lateral transshipment",
    "emergency": "Emergency",
    "return": "Return",
}
MODEL_LABELS = {
    "blend": "blend of models",
    "global": "global model (LightGBM)",
    "moving_average": "moving average",
    "seasonal_naive": "seasonal naive",
    "tsb": "TSB (slow movers)",
    "adida": "ADIDA (slow movers)",
    "gamma_poisson": "shrunk negative binomial (slow movers)",
}
ACTION_LABELS = {"expedite": "Bring forward", "defer": "Put off", "reduce": "Reduce", "cancel": "Cancel"}
KIND_ORDER = tuple(KIND_LABELS)
N_PLACES = 12
_THOUSAND_FROM = 100_000.0
_MILLION_FROM = 1_000_000.0


def is_known(value: object) -> bool:
    """Return whether a number is there, finite and not NaN."""
    return isinstance(value, int | float) and math.isfinite(value)


def whole(value: float) -> str:
    """Return a count with thousands separators, or a dash when it is unknown."""
    return f"{value:,.0f}" if is_known(float(value)) else "–"


def money(value: float, currency: str, *, is_signed: bool = False) -> str:
    """Return an amount such as `CNY 12,345`; from 100 thousand on shortened to `k` or `M`."""
    amount = float(value)
    if not is_known(amount):
        return "–"
    size = abs(amount)
    sign = "−" if amount < 0 and round(size, 2) > 0 else ("+" if is_signed and amount > 0 else "")
    if size >= _MILLION_FROM:
        figure = f"{size / 1e6:,.2f}M"
    elif size >= _THOUSAND_FROM:
        figure = f"{size / 1e3:,.0f}k"
    elif size >= 100:
        figure = f"{size:,.0f}"
    else:
        figure = f"{size:,.2f}"
    return sign + f"{currency} {figure}".strip()


def share(value: float) -> str:
    """Return a share in 0..1 as a percentage with one decimal, or a dash when it is unknown."""
    return f"{100 * value:.1f}%" if is_known(float(value)) else "–"


def label(identifier: str) -> str:
    """Return an identifier such as `lost_margin` as words, first letter large."""
    words = identifier.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def count(n: int, noun: str, plural: str = "") -> str:
    """Return `1 truck`, `2 trucks`; `plural` where an s is not enough."""
    return counted(f"{n:,}", noun, plural or noun + "s")


def counted(figure: str, one: str, many: str) -> str:
    """Return a written number with the words that agree with it: `1 line waits`, `2 lines wait`, `1.0 units`."""
    return f"{figure} {one if figure == '1' else many}"


def switched(switch: Mapping[str, Any]) -> str:
    """Return where which settings were switched first, such as `2 locations (S1, S4): ageing_weight 0.2`."""
    places = [str(name) for name in switch["locations"]]
    more = f" and {len(places) - N_PLACES:,} more, as the manifest lists" if len(places) > N_PLACES else ""
    settings = "; ".join(f"{name} {_setting(value)}" for name, value in dict(switch["settings"]).items())
    return f"{count(len(places), 'location')} ({', '.join(places[:N_PLACES])}{more}): {settings}"


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {level:g}" for name, level in value.items()) or "none"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def interval_verdict(low: float, high: float) -> str:
    """Return what an interval of value added says: helps, harms, unsure, or same where there is no difference."""
    if not (is_known(low) and is_known(high)) or low == high:
        return "same"
    if low > 0:
        return "helps"
    return "harms" if high < 0 else "unsure"
