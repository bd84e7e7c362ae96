"""A document's Markdown as HTML of the site, with anchors as GitHub makes them."""

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
    """A document as HTML, without its title, and its parts in their order; the first one is the title's."""

    html: SafeString
    parts: tuple[DocumentPart, ...]


def render(source: str, find_address: Callable[[str], str]) -> Rendered:
    """Render a document. ``find_address`` gives where a link or a picture of it leads; empty: nowhere in the site."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "highlight": highlight}).enable(["table", "strikethrough"])
    tokens = parser.parse(source)
    parts = tuple(name_headings(tokens))
    for token in tokens:
        for child in token.children or ():
            direct(child, find_address)
        if "style" in token.attrs:  # Of a column's alignment; the policy forbids inline styles.
            align(token)
        if token.type == "table_open":
            token.attrSet("class", "document-table")
    html = parser.renderer.render(without_title(tokens), parser.options, {})
    framed = html.replace('<table class="document-table">', '<div class="scroll" tabindex="0"><table>')
    return Rendered(SafeString(framed.replace("</table>", "</table></div>")), parts)


def name_headings(tokens: Sequence[Token]) -> Iterator[DocumentPart]:
    """Give each heading its anchor, and yield what stands below it."""
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
    """The words of an inline token."""
    return "".join(
        child.content if child.type in TEXTS else " "
        for child in token.children or ()
        if not child.type.endswith("_open")
    ).strip()


def slug(title: str, used: dict[str, int]) -> str:
    """The anchor of a heading; a number tells later ones of the same words apart."""
    anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
    number = used[anchor] = used.get(anchor, -1) + 1
    return f"{anchor}-{number}" if number else anchor


def direct(token: Token, find_address: Callable[[str], str]) -> None:
    """Let a link or a picture lead into the site, and one that leads out tell no other site where it stood."""
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
    """Say by a class instead of a style that a column of figures is aligned to its right."""
    if "right" in str(token.attrs.pop("style")):
        token.attrSet("class", "num")


def without_title(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens below the document's title, which the page writes itself."""
    return tokens[3:] if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1" else tokens


def highlight(code: str, language: str, _attributes: Any) -> str:
    """Code with classes for its words, if its language is known."""
    from pygments import highlight as paint
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(ABBREVIATIONS.get(language, language or "text"))
    except ClassNotFound:
        return escape(code)
    return str(paint(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-")))
