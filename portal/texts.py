"""Texts of the floors below in the reader's language.

The floors below know no gettext, and their messages are stored in English. Pages translate them where they show them:
a constant as it is, a message with values by its pattern, such as `{0} is private.`, and several sentences one by one.
The modules of `portal/floor_texts` list them all, for the catalogue.
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
"""Where a text that is no message as a whole is cut into two."""
STOPS = {": ": "：", "; ": "；", ", ": "，"}


class Catalogue(gettext.GNUTranslations):
    """A compiled catalogue, whose texts can be listed."""

    def list_texts(self) -> list[tuple[str, str]]:
        pairs: dict[Any, Any] = self._catalog  # type: ignore[attr-defined]
        return [(text, told) for text, told in pairs.items() if isinstance(text, str)]


@dataclass(frozen=True)
class Pattern:
    """A message with values; `rarest` is its longest constant part, which a text must have to be it."""

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
        """Return the translation of a text that is this message; empty for another."""
        found = self.expression.fullmatch(text) if self.rarest in text else None
        if found is None:
            return ""
        values = dict(zip(self.order, found.groups(), strict=True))
        return VALUE.sub(lambda value: tell_value(values[int(value[1])], language), self.told)


@cache
def list_patterns(language: str) -> list[Pattern]:
    """Return the messages with values of a language's catalogue, the most specific first."""
    file = settings.LOCALE_PATHS[0] / to_locale(language) / "LC_MESSAGES" / "django.mo"
    if not file.exists():
        return []
    with open(file, "rb") as stream:
        texts = [(text, told) for text, told in Catalogue(stream).list_texts() if VALUE.search(text) and told]
    return [Pattern.of(*pair) for pair in sorted(texts, key=lambda pair: -len(VALUE.sub("", pair[0])))]


def in_language(text: Any) -> str:
    """Return a text of a floor below in the reader's language; what is in no catalogue stays as it is."""
    written = str(text or "")
    language = get_language() or "en"
    return written if not written or language.split("-")[0] == "en" else tell(written, language)


@lru_cache(maxsize=2000)
def tell(text: str, language: str) -> str:
    """Return a text's translation as a whole, else of its two parts, as far as they have one."""
    if told := find_whole(text, language):
        return told
    for cut in CUTS:
        if found := cut.search(text):
            parts = (text[: found.start()], text[found.end() :])
            first, second = (tell(part, language) for part in parts)
            return text if (first, second) == parts else join(first, second, found[0])
    return text


def join(first: str, second: str, between: str) -> str:
    """Return two parts of a text as one; after Chinese words stand Chinese stops, and no space after those."""
    if between == "\n":
        return f"{first}\n{second}"
    if between == " ":
        return first + ("" if first[-1:] in "。！？" else " ") + second
    return first + (STOPS[between] if not (first[-1:] + second[:1]).isascii() else between) + second


def find_whole(text: str, language: str) -> str:
    """Return the translation of a constant or of a message with values; empty where there is none.

    Messages are shown as sentences, so one may have got a capital or lost its stop.
    """
    for one, stop in list_forms(text):
        told = _(one)
        if told == one:
            told = next(filter(None, (pattern.tell(one, language) for pattern in list_patterns(language))), "")
        if told:
            return told + stop
    return ""


def list_forms(text: str) -> Iterator[tuple[str, str]]:
    """Yield a text as it may be in the catalogue, with the stop that it lost for that."""
    small = text[:1].lower() + text[1:]
    yield text, ""
    if small != text:
        yield small, ""
    if text.endswith(".") and len(text) > 1:
        yield text[:-1], "。"
        if small != text:
            yield small[:-1], "。"


def tell_value(value: str, language: str) -> str:
    """Return a value of a message: a message itself, or a name, which is nobody's to translate."""
    return tell(value, language) if " " in value or value in ("camera", "target") else value


in_language_lazy = lazy(in_language, str)
