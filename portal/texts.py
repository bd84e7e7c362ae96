"""Translation of the texts of lower floors.

The lower floors do not use gettext, and their messages are stored in English. Pages translate them when they show them:
constant texts directly, messages with values by their patterns, such as `{0} is private.`, and several sentences one by
one. The modules of `portal/floor_texts` list all these texts for the catalogue.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

VALUE = re.compile(r"\{(\d+)\}")
CUTS = (re.compile(r"\n"), re.compile(r"(?<=[.?!]) (?=\S)"), re.compile(": "), re.compile("; "), re.compile(", "))
"""Separators at which a text is split into two if the catalogue does not have it as a whole."""
STOPS = {": ": "：", "; ": "；", ", ": "，"}


class Catalogue(gettext.GNUTranslations):
    """A compiled catalogue, whose texts can be listed."""

    def list_texts(self) -> list[tuple[str, str]]:
        pairs: dict[Any, Any] = self._catalog  # type: ignore[attr-defined]
        return [(text, told) for text, told in pairs.items() if isinstance(text, str)]


@dataclass(frozen=True)
class Pattern:
    """A message with values. `rarest` is its longest constant part; a text without it cannot be this message."""

    rarest: str
    expression: re.Pattern[str]
    order: tuple[int, ...]
    told: str

    @classmethod
    def of(cls, text: str, told: str) -> Pattern:
        parts = VALUE.split(text)
        expression = re.compile("(.+?)".join(map(re.escape, parts[::2])), re.DOTALL)
        return cls(max(parts[::2], key=len), expression, tuple(map(int, parts[1::2])), told)

    def tell(self, text: str, language: str) -> str:
        """Return the translation of a text if it is this message; otherwise an empty text."""
        found = self.expression.fullmatch(text) if self.rarest in text else None
        if found is None:
            return ""
        values = dict(zip(self.order, found.groups(), strict=True))
        return VALUE.sub(lambda value: tell_value(values[int(value[1])], language), self.told)


@cache
def list_patterns(language: str) -> list[Pattern]:
    """Return the messages with values in a language's catalogue, the most specific first."""
    file = settings.LOCALE_PATHS[0] / to_locale(language) / "LC_MESSAGES" / "django.mo"
    if not file.exists():
        return []
    with open(file, "rb") as stream:
        texts = [(text, told) for text, told in Catalogue(stream).list_texts() if VALUE.search(text) and told]
    return [Pattern.of(*pair) for pair in sorted(texts, key=lambda pair: -len(VALUE.sub("", pair[0])))]


def in_language(text: Any) -> str:
    """Return a text of a lower floor in the reader's language.

    A text that the catalogue does not have stays as it is.
    """
    written = str(text or "")
    language = get_language() or "en"
    return written if not written or language.split("-")[0] == "en" else tell(written, language)


@lru_cache(maxsize=2000)
def tell(text: str, language: str) -> str:
    """Return the translation of a text as a whole, else split it in two and translate both parts."""
    if told := find_whole(text, language):
        return told
    for cut in CUTS:
        if found := cut.search(text):
            parts = (text[: found.start()], text[found.end() :])
            first, second = (tell(part, language) for part in parts)
            return text if (first, second) == parts else join(first, second, found[0])
    return text


def join(first: str, second: str, between: str) -> str:
    """Join two parts of a text. After Chinese text, use Chinese punctuation without a space."""
    if between == "\n":
        return f"{first}\n{second}"
    if between == " ":
        return first + ("" if first[-1:] in "。！？" else " ") + second
    return first + (STOPS[between] if not (first[-1:] + second[:1]).isascii() else between) + second


def find_whole(text: str, language: str) -> str:
    """Return the translation of a constant text or of a message with values; empty if there is none.

    Messages are shown as sentences, so the text may have a capital letter or a full stop that the catalogue's does not
    have.
    """
    for one, stop in list_forms(text):
        told = _(one)
        if told == one:
            told = next(filter(None, (pattern.tell(one, language) for pattern in list_patterns(language))), "")
        if told:
            return told + stop
    return ""


def list_forms(text: str) -> Iterator[tuple[str, str]]:
    """Yield the forms in which the catalogue may have a text, each with the full stop that was removed."""
    small = text[:1].lower() + text[1:]
    yield text, ""
    if small != text:
        yield small, ""
    if text.endswith(".") and len(text) > 1:
        yield text[:-1], "。"
        if small != text:
            yield small[:-1], "。"


def tell_value(value: str, language: str) -> str:
    """Return a value in a message, translated if it is a message itself. Names are not translated."""
    return tell(value, language) if " " in value or value in ("camera", "target") else value


in_language_lazy = lazy(in_language, str)
