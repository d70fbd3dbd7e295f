"""What the pages say, one table of messages a language."""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.web.words.en import MESSAGES as ENGLISH
from cockpit.web.words.zh import MESSAGES as CHINESE
from optimization.export_language import Language

MESSAGES: Mapping[Language, Mapping[str, str]] = {Language.ENGLISH: ENGLISH, Language.CHINESE: CHINESE}


def translate(language: Language, name: str, **values: object) -> str:
    """Return a message in a language, its `{fields}` filled in.

    Raises
    ------
    KeyError
        If there is no such message: a template names one that nobody wrote.
    """
    text = MESSAGES[language][name]
    return text.format(**values) if values else text
