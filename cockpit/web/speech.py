"""What a run says in English sentences, said in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.web.words.meanings import CHINESE_MEANINGS
from optimization.exceptions_chinese import chinese_exception
from optimization.export_language import Language
from optimization.reasons_chinese import chinese_reason


def said_reason(line: Mapping[Any, Any], language: Language) -> str:
    """Return a line's reason in a language."""
    reason = str(line["reason"])
    if language is Language.ENGLISH:
        return reason[:1].upper() + reason[1:]
    return chinese_reason(reason, str(line["origin"]), str(line["destination"]))


def said_sentence(sentence: str, language: Language) -> str:
    """Return a message or a suggestion of an exception in a language."""
    return sentence if language is Language.ENGLISH else chinese_exception(sentence)


def said_meaning(figure: str, meaning: str, language: Language) -> str:
    """Return how a key figure is counted in a language; its English where nobody has translated it."""
    return meaning if language is Language.ENGLISH else CHINESE_MEANINGS.get(figure, meaning)
