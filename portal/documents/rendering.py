"""Rendering of a document's Markdown to HTML, with the same anchors as on GitHub."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.html import escape
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    from markdown_it.token import Token

TEXTS = ("text", "code_inline")
ABBREVIATIONS = {"shell": "bash", "sh": "bash", "http": "text"}


@dataclass(frozen=True)
class DocumentPart:
    """A heading with the text below it, up to the next heading; `level` is 1 for the document's title."""

    anchor: str
    title: str
    level: int
    text: str


@dataclass(frozen=True)
class Rendered:
    """A document as HTML without its title, and its parts in order. The first part is that of the title."""

    html: SafeString
    parts: tuple[DocumentPart, ...]


def render(source: str, find_address: Callable[[str], str]) -> Rendered:
    """Render a document.

    ``find_address`` maps the target of a link or picture to an address on the website, or to "".
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "highlight": highlight}).enable(["table", "strikethrough"])
    tokens = parser.parse(source)
    parts = tuple(name_headings(tokens))
    for token in tokens:
        for child in token.children or ():
            direct(child, find_address)
        if "style" in token.attrs:  # The alignment of a column; the content security policy forbids inline styles.
            align(token)
        if token.type == "table_open":
            token.attrSet("class", "document-table")
    html = parser.renderer.render(without_title(tokens), parser.options, {})
    framed = html.replace('<table class="document-table">', '<div class="scroll" tabindex="0"><table>')
    # What may be wider than its place scrolls, by keyboard too.
    focusable = framed.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    return Rendered(SafeString(focusable), parts)


def name_headings(tokens: Sequence[Token]) -> Iterator[DocumentPart]:
    """Give each heading its anchor, and yield the heading with the text below it."""
    used: dict[str, int] = {}
    open_part: tuple[str, str, int] | None = None
    texts: list[str] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            if open_part:
                yield DocumentPart(*open_part, " ".join(texts))
            title = plain(tokens[place + 1])
            anchor = slug(title, used)
            token.attrSet("id", anchor)
            open_part, texts = (anchor, title, int(token.tag[1])), []
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            texts.append(plain(token))
        elif token.type in ("fence", "code_block"):
            texts.append(token.content)
    if open_part:
        yield DocumentPart(*open_part, " ".join(texts))


def plain(token: Token) -> str:
    """Return the plain text of an inline token."""
    return "".join(
        child.content if child.type in TEXTS else " "
        for child in token.children or ()
        if not child.type.endswith("_open")
    ).strip()


def slug(title: str, used: dict[str, int]) -> str:
    """Return the anchor of a heading; repeated headings get a number."""
    anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    number = used[anchor] = used.get(anchor, -1) + 1
    return f"{anchor}-{number}" if number else anchor


def direct(token: Token, find_address: Callable[[str], str]) -> None:
    """Rewrite the target of a link or picture to its address on the website. External links send no referrer."""
    if token.type == "link_open":
        target = str(token.attrs["href"])
        if target.startswith(("https://", "http://")):
            token.attrSet("rel", "noreferrer")
        elif address := find_address(target):
            token.attrSet("href", address)
        else:
            del token.attrs["href"]
    elif token.type == "image":
        token.attrSet("src", find_address(str(token.attrs["src"])))
        token.attrSet("loading", "lazy")


def align(token: Token) -> None:
    """Replace the style of a right-aligned column by a class."""
    if "right" in str(token.attrs.pop("style")):
        token.attrSet("class", "num")


def without_title(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return the tokens without the document's title, which the page shows itself."""
    return tokens[3:] if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1" else tokens


def highlight(code: str, language: str, _attributes: Any) -> str:
    """Return the code as HTML with highlighting, if the language is known."""
    from pygments import highlight as paint
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(ABBREVIATIONS.get(language, language or "text"))
    except ClassNotFound:
        return escape(code)
    return str(paint(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-")))
