"""The documents and their order, and each document rendered in the reader's language, else in English."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from portal.documents.rendering import DocumentPart, render

FOLDER = Path(settings.BASE_DIR) / "docs"
INDEX = "README"
KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".ipynb": "application/x-ipynb+json"}
"""Suffixes and media types of files that documents show or link to."""
GROUP = re.compile(
    r"^## (?P<group>.+)$|^\| \[(?P<title>[^\]]+)\]\((?:\.\./)?(?P<name>[\w-]+)\.md\) \| (?P<question>.+?) \|$", re.M
)


@dataclass(frozen=True)
class DocumentEntry:
    """An entry of the table of contents: a document and the question that it answers."""

    name: str
    title: str
    question: str

    @property
    def address(self) -> str:
        return reverse("document", args=[self.name])


@dataclass(frozen=True)
class DocumentGroup:
    """Documents on one subject."""

    title: str
    entries: tuple[DocumentEntry, ...]


@dataclass(frozen=True)
class Document:
    """A rendered document; `language` is the language in which it is written."""

    name: str
    language: str
    html: SafeString
    parts: tuple[DocumentPart, ...]

    @property
    def title(self) -> str:
        return self.parts[0].title if self.parts else self.name

    @property
    def headings(self) -> list[DocumentPart]:
        """The headings for the document's own table of contents."""
        return [part for part in self.parts if part.level in (2, 3)]


def list_groups(language: str) -> tuple[DocumentGroup, ...]:
    """Return the table of contents, which is read from the headings and tables of a language's README.md."""
    path = find_path(INDEX, language)
    return read_groups(path, path.stat().st_mtime_ns) if path else ()


@lru_cache(maxsize=8)
def read_groups(path: Path, _changed: int) -> tuple[DocumentGroup, ...]:
    found: list[tuple[str, list[DocumentEntry]]] = []
    for match in GROUP.finditer(path.read_text(encoding="utf-8")):
        if match["group"]:
            found.append((match["group"], []))
        elif find_path(match["name"]):
            found[-1][1].append(DocumentEntry(match["name"], match["title"], match["question"]))
    return tuple(DocumentGroup(title, tuple(entries)) for title, entries in found)


def list_entries(language: str) -> list[DocumentEntry]:
    """Return all documents in the order of the table of contents."""
    return [entry for group in list_groups(language) for entry in group.entries]


def find_path(name: str, language: str = "en") -> Path | None:
    """Return the file of a document in a language, else in English; None if the name is unknown."""
    if not re.fullmatch(r"[\w-]+", name):
        return None
    return next((path for path in (FOLDER / language / f"{name}.md", FOLDER / f"{name}.md") if path.is_file()), None)


def find_document(name: str, language: str) -> Document | None:
    """Return a document in a language, else in English; None if the name is unknown."""
    path = find_path(name, language)
    return read_document(path, path.stat().st_mtime_ns) if path else None


@lru_cache(maxsize=256)
def read_document(path: Path, _changed: int) -> Document:
    """Return a rendered document; it is rendered again only after its file has changed."""
    folder = path.parent.relative_to(FOLDER)
    found = render(path.read_text(encoding="utf-8"), lambda target: find_address(folder, target))
    return Document(path.stem, "en" if folder == Path() else folder.name, found.html, found.parts)


def find_address(folder: Path, target: str) -> str:
    """Return the address on the website of a link in a document in ``folder`` of docs/; empty if there is none."""
    path, mark, anchor = unquote(target).partition("#")
    if not path:
        return target
    place = Path(posixpath.normpath((folder / path).as_posix()))
    if place.suffix == ".md" and find_path(place.stem) and len(place.parts) <= 2 and place.parts[0] != "..":
        is_index = place.stem == INDEX
        return (reverse("documents") if is_index else reverse("document", args=[place.stem])) + mark + anchor
    return reverse("document_file", args=[place.as_posix()]) if find_file(place.as_posix()) else ""


def find_file(name: str) -> Path | None:
    """Return a picture or notebook of the documents; None for any other file."""
    path = (FOLDER / name).resolve()
    is_ours = path.is_relative_to(FOLDER.resolve()) and path.suffix in KINDS and path.is_file()
    return path if is_ours else None
