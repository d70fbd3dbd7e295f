"""Sentences about scenarios in the reader's language, whole or as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cockpit.web.words import say
from cockpit.web.words.scenario_sentences import ACTIONS, GIVEN, MEANINGS, NOTES, REFUSALS, RULES, STEPS, WHYS
from optimization.export_language import Language

_FAULT = re.compile(r"(?:.*: )?change (?P<number>\d+) (?P<kind>\w+)\.(?P<part>\w+): (?P<words>.+)", re.DOTALL)
_NO_CHANGE = re.compile(r".+\.change: no change\. .+", re.DOTALL)
_NOTHING_ASKED = "请至少选择一项变化。"
_WORDS_OF = {"part": "part", "mode": "kind", "tier": "tier", "tier2": "tier"}
_CHINESE = Language.CHINESE
Pairs = tuple[tuple[str, str], ...]


def said_kind(kind: str, meaning: str, language: Language) -> str:
    """Return what a kind of change does in a language; its English where nobody has translated it."""
    return meaning if language is Language.ENGLISH else MEANINGS.get(kind, meaning)


def said_step(step: str, language: Language) -> str:
    """Return what the planner is at; the name of a scenario is its own."""
    return step if language is Language.ENGLISH else STEPS.get(step, step)


def said_fault(sentence: str, language: Language) -> str:
    """Return what is wrong with a scenario: which change, which field, which rule, what to do."""
    if language is Language.ENGLISH:
        return sentence
    found = _FAULT.fullmatch(sentence)
    if found is None:
        refused = _NOTHING_ASKED if _NO_CHANGE.fullmatch(sentence) else _said(sentence, REFUSALS)
        return refused or sentence
    words = _rule_and_action(found["words"])
    where = f"第 {found['number']} 项变化（{say(_CHINESE, 'change', found['kind'])}）"
    return sentence if words is None else f"{where}{say(_CHINESE, 'part', found['part'])}：{words}"


def said_why(sentence: str, language: Language) -> str:
    """Return why a line changes, each of its parts."""
    return sentence if language is Language.ENGLISH else _all_said(sentence.split("; "), WHYS) or sentence


def said_note(sentence: str, language: Language) -> str:
    """Return what a comparison takes for granted."""
    return sentence if language is Language.ENGLISH else _said(sentence, NOTES) or sentence


def _rule_and_action(words: str) -> str | None:
    """A rule, and what to do after it; the one that can be said in whole."""
    for place in (found.start() for found in re.finditer(r"\. ", words)):
        rule, action = _said(words[:place], RULES), _said(words[place + 2 :], ACTIONS)
        if rule and action:
            return f"{rule}。{action}"
    return _said(words, RULES)


def _all_said(parts: Iterable[str], pairs: Pairs) -> str | None:
    said = [_said(part, pairs) for part in parts]
    return "；".join(each for each in said if each) if all(said) else None


def _said(sentence: str, pairs: Pairs) -> str | None:
    """The Chinese of a sentence by the first pattern that fits it; None without one."""
    for english, chinese in pairs:
        found = _pattern(english).fullmatch(sentence)
        if found is not None:
            return chinese.format(**_words(found.groupdict()))
    return None


@lru_cache(maxsize=256)
def _pattern(english: str) -> re.Pattern[str]:
    def field(found: re.Match[str]) -> str:
        shape = r"\w+" if found[1] in _WORDS_OF else ".+?"
        return f"(?P<{found[1]}>{shape})"

    return re.compile(re.sub(r"\\{(\w+)\\}", field, re.escape(english)), re.DOTALL)


def _words(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: _word(name, text) for name, text in fields.items()}


def _word(name: str, text: str) -> str:
    """A word of ours in Chinese; ids, numbers and days as they are."""
    if name == "given":
        return "或".join(GIVEN.get(each, each) for each in re.split(r" or (?!false)", text))
    if name in ("origin", "destination") and text == "anywhere":
        return "任意地点"
    return say(_CHINESE, _WORDS_OF[name], text) if name in _WORDS_OF else text
