"""Search in the documents: find the parts that contain all words of a text, best first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from portal.documents.library import Document, find_document, list_entries
from portal.documents.rendering import DocumentPart

BEFORE, AROUND = 60, 180
"""Number of characters of an excerpt: before the first word found, and in total."""


@dataclass(frozen=True)
class DocumentMatch:
    """A part of a document that contains the words."""

    document: Document
    part: DocumentPart
    words: tuple[str, ...]
    score: float

    @property
    def title(self) -> str:
        """The title of the part, preceded by the title of the document if that differs."""
        return self.part.title if self.part.level == 1 else f"{self.document.title}: {self.part.title}"

    @property
    def address(self) -> str:
        place = reverse("document", args=[self.document.name])
        return place if self.part.level == 1 else f"{place}#{self.part.anchor}"

    @property
    def excerpt(self) -> SafeString:
        """The text around the first word found, with all words marked."""
        text = self.part.text
        lower = text.lower()
        first = min((place for word in self.words if (place := lower.find(word)) >= 0), default=0)
        start = max(0, first - BEFORE)
        start = text.rfind(" ", 0, start) + 1
        cut = text[start : start + AROUND]
        pieces = [("", "…", "")] if start else []
        pieces += list(mark(cut, self.words))
        pieces += [("", "…", "")] if start + AROUND < len(text) else []
        return format_html_join("", "{}{}{}", ((wrap(a), b, wrap(c)) for a, b, c in pieces))


def wrap(tag: str) -> SafeString:
    return SafeString(tag)


def mark(text: str, words: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield (opening tag, text, closing tag) for each piece of a text; words that were found have tags."""
    lower, place = text.lower(), 0
    while place < len(text):
        found = [(at, word) for word in words if (at := lower.find(word, place)) >= 0]
        if not found:
            break
        at, word = min(found, key=lambda pair: (pair[0], -len(pair[1])))
        yield "", text[place:at], ""
        yield "<mark>", text[at : at + len(word)], "</mark>"
        place = at + len(word)
    yield "", text[place:], ""


def find_in_documents(text: str, language: str, most: int) -> list[DocumentMatch]:
    """Return the parts that contain every word of a text, best first. Titles of parts and of documents count too."""
    words = tuple(dict.fromkeys(text.lower().split()))
    if not words:
        return []
    found = []
    for entry in list_entries(language):
        document = find_document(entry.name, language)
        for part in document.parts if document else ():
            if score := rate(document.title.lower(), part, words):  # type: ignore[union-attr]
                found.append(DocumentMatch(document, part, words, score))  # type: ignore[arg-type]
    return sorted(found, key=lambda match: -match.score)[:most]


def rate(document: str, part: DocumentPart, words: tuple[str, ...]) -> float:
    """Return the score of a part.

    It is 0 unless all words occur, and higher for words in titles or at their beginning.
    """
    title, text = part.title.lower(), part.text.lower()
    score = 0.0
    for word in words:
        times = text.count(word)
        here = 10.0 * (word in title) + 5.0 * title.startswith(word) + min(times, 5)
        if not here and word not in document:
            return 0.0
        score += here + 2.0 * (word in document)
    return score if any(word in title or word in text for word in words) else 0.0
