"""The reasons of lines and messages in Chinese.

A published run keeps each reason as the English sentence that `reasons` and `message_orders` made. Those sentences have
a small grammar; its phrases are put into Chinese one by one. A sentence that is not all of that grammar, such as one
written by hand, stays as it is: never half of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = {
    "Monday": "周一",
    "Tuesday": "周二",
    "Wednesday": "周三",
    "Thursday": "周四",
    "Friday": "周五",
    "Saturday": "周六",
    "Sunday": "周日",
}
_DATE = re.compile(rf"({'|'.join(_WEEKDAYS)}) (\d+) ({'|'.join(_MONTHS)})")
_DAY, _DAYS, _COVER, _UNITS = (rf"(?P<{name}>⟨{name}[^⟩]*⟩)" for name in ("date", "days", "cover", "units"))
# Smallest phrases first: each becomes a marked word, of which the sentences below are made.
_WORDS = (
    (re.compile(r"over a year of cover"), "⟨cover可用一年以上⟩"),
    (re.compile(r"under a day of cover"), "⟨cover可用不到一天⟩"),
    (re.compile(r"(\d+) days?'s? cover"), r"⟨cover可用\1天⟩"),
    (re.compile(r"over a year"), "⟨days一年以上⟩"),
    (re.compile(r"under a day"), "⟨days不到一天⟩"),
    (re.compile(r"(\d+) days?"), r"⟨days\1天⟩"),
    (re.compile(r"(-?[\d,]+) units?"), r"⟨units\1件⟩"),
    (re.compile(r"no demand in sight"), "⟨cover预计没有需求⟩"),
)
_PHRASES = (
    (rf"cover falls to {_DAYS} before the delivery on {_DAY}", r"\g<date>到货前只够\g<days>"),
    (rf"{_COVER} is not enough for the demand that may come", r"\g<cover>，不足以应对可能的需求"),
    (r"bought for the locations it supplies", "为其供应的地点采购"),
    (r"below the stock that is to be shown", "低于陈列库存"),
    (r"out of stock, no sales expected yet", "缺货，暂无预计销售"),
    (r"out of stock", "缺货"),
    (rf"runs out {_DAY}", r"\g<date>断货"),
    (r"on promotion", "促销中"),
    (rf"promotion from {_DAY}", r"\g<date>起促销"),
    (rf"{_COVER} after", r"补货后\g<cover>"),
    (r"raised to the minimum order", "增至最小订量"),
    (r"fills a truck that goes anyway", "装满本来就要发的车"),
    (r"cut to the trucks there are", "按现有车辆减量"),
    (r"held to a maximum", "受上限限制"),
)
_LINE = rf"{_UNITS} due {_DAY}"
_MESSAGES = (
    (rf"runs out (?P<out>⟨date[^⟩]*⟩): bring forward {_LINE} to (?P<new>⟨date[^⟩]*⟩)",
     r"\g<out>断货：请将\g<date>到货的\g<units>提前到\g<new>"),
    (rf"{_COVER} is not enough: bring forward {_LINE} to (?P<new>⟨date[^⟩]*⟩)",
     r"\g<cover>，不够：请将\g<date>到货的\g<units>提前到\g<new>"),
    (rf"{_COVER}, orders included: put off {_LINE} to (?P<new>⟨date[^⟩]*⟩)",
     r"含在订\g<cover>：请将\g<date>到货的\g<units>推迟到\g<new>"),
    (rf"{_COVER}, orders included: (?P<few>⟨units[^⟩]*⟩) are enough of {_LINE}",
     r"含在订\g<cover>：\g<date>到货的\g<units>只需\g<few>"),
    (rf"{_COVER}, orders included: {_LINE} are not needed", r"含在订\g<cover>：\g<date>到货的\g<units>不再需要"),
)  # fmt: skip
_KEPT = 4096
_MARK = re.compile(r"⟨(?:date|days|cover|units)([^⟩]*)⟩")


def chinese_reason(reason: str, origin: str, destination: str) -> str:
    """Say a reason in Chinese; return it as it is where it is no sentence of ours.

    Parameters
    ----------
    reason
        The English sentence.
    origin, destination
        Ends of the line; ids are never translated.
    """
    if "⟨" in reason or "⟩" in reason:
        return reason
    before, rest, after = reason, reason, ""
    if origin and reason.startswith(f"{origin} has "):
        rest = reason.removeprefix(f"{origin} has ")
        if destination and rest.endswith(f"; better kept at {destination}"):
            cover = _whole(_COVER, rest.removesuffix(f"; better kept at {destination}"), r"\g<cover>")
            return reason if cover is None else f"{origin}的库存{cover}，放在{destination}更好"
        cover_text, found, after = rest.partition(", sells here: ")
        cover = _whole(_COVER, cover_text, r"\g<cover>")
        said = _parts(after) if found else None
        return reason if cover is None or said is None else f"{origin}的库存{cover}，在此处好卖：{said}"
    rest = before.removeprefix("no regular delivery comes in time: ")
    said = _message(rest) or _parts(rest)
    if said is None:
        return reason
    return said if rest == before else f"常规配送赶不上：{said}"


def chinese_phrase(text: str) -> str:
    """Say dates, days, cover and units of a text in Chinese."""
    return _MARK.sub(r"\1", _marked(text))


# The lines of a night share their dates, days and phrases: what was said once is kept.
@lru_cache(maxsize=_KEPT)
def _marked(text: str) -> str:
    """The text with its dates, days, cover and units as marked Chinese words."""
    text = _DATE.sub(lambda found: f"⟨date{_MONTHS.index(found[3]) + 1}月{found[2]}日（{_WEEKDAYS[found[1]]}）⟩", text)
    for pattern, word in _WORDS:
        parts = re.split(r"(⟨[^⟩]*⟩)", text)
        text = "".join(part if part.startswith("⟨") else pattern.sub(word, part) for part in parts)
    return text


def _whole(pattern: str, text: str, template: str) -> str | None:
    """The Chinese of a text that is one phrase from end to end; None if it is not."""
    found = re.fullmatch(pattern, _marked(text))
    return None if found is None else _MARK.sub(r"\1", found.expand(template))


def _message(text: str) -> str | None:
    return next((said for pattern, words in _MESSAGES if (said := _whole(pattern, text, words)) is not None), None)


def _parts(text: str) -> str | None:
    """The Chinese of phrases joined by commas; None if one of them is unknown."""
    said: list[str] = []
    parts = text.replace("out of stock, no sales", "out of stock; no sales").split(", ")
    for part in (part.replace("out of stock; no sales", "out of stock, no sales") for part in parts):
        phrase = _phrase(part)
        if phrase is None:
            return None
        said.append(phrase)
    return "，".join(said)


@lru_cache(maxsize=_KEPT)
def _phrase(part: str) -> str | None:
    return next((words for pattern, to in _PHRASES if (words := _whole(pattern, part, to)) is not None), None)
