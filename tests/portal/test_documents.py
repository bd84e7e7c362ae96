"""The documents of the site: pages, links, pictures and search."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from portal.documents import library
from portal.documents.finding import find_in_documents
from portal.documents.rendering import render

NAMES = [entry.name for entry in library.list_entries("en")]


def read(client: Client, name: str) -> str:
    answer = client.get(reverse("document", args=[name]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_document_is_listed_and_leads_to_the_next(client: Client, db: None) -> None:
    index = client.get(reverse("documents")).content.decode()
    assert len(NAMES) == len(list(library.FOLDER.glob("*.md"))) - 1
    for name, following in zip(NAMES, [*NAMES[1:], None], strict=True):
        assert reverse("document", args=[name]) in index
        text = read(client, name)
        assert following is None or f'rel="next" href="{reverse("document", args=[following])}"' in text


def test_every_link_and_picture_of_the_documents_leads_somewhere(client: Client, db: None) -> None:
    pages = {reverse("document", args=[name]): read(client, name) for name in NAMES}
    for address, text in pages.items():
        article = text[text.index("<article") : text.index("</article>")]
        for target in re.findall(r'(?:href|src)="([^"]*)"', article):
            path, _, anchor = unescape(target).partition("#")
            if path.startswith(("https://", "http://")):
                continue
            page = pages.get(path or address)
            assert page is not None or client.get(path).status_code == 200, f"{address}: {target}"
            assert not anchor or f'id="{anchor}"' in page, f"{address}: {target}"  # type: ignore[operator]


def test_documents_hold_nothing_that_the_policy_forbids(client: Client, db: None) -> None:
    for name in NAMES:
        text = read(client, name)
        assert " style=" not in text and not re.search(r'src="(?!/)', text), name
        assert len(text.encode()) < 150_000, name


def test_other_files_than_those_of_the_documents_are_not_served(client: Client, db: None) -> None:
    for name in ("images/../../manage.py", "../manage.py", "training.md", "images", "images/none.png"):
        assert client.get(f"/docs/files/{name}").status_code == 404, name
    assert client.get("/docs/none/").status_code == 404
    answer = client.get(reverse("document_file", args=["images/replay.png"]))
    assert answer["Content-Type"] == "image/png"


def test_markdown_becomes_headings_with_anchors_tables_and_coloured_code() -> None:
    source = (
        "# Title\n\nWords.\n\n## A `b` c\n\n| x |\n| - |\n| 1 |\n\n## A b c\n\n```python\nreturn 1\n```\n\n<b>no</b>\n"
    )
    found = render(source, lambda target: "")
    assert [(part.anchor, part.level) for part in found.parts] == [("title", 1), ("a-b-c", 2), ("a-b-c-1", 2)]
    assert '<h2 id="a-b-c">' in found.html and "<h1" not in found.html
    assert '<div class="scroll" tabindex="0"><table>' in found.html
    assert '<span class="hl-k">return</span>' in found.html
    assert "&lt;b&gt;" in found.html


def test_the_parts_with_all_words_are_found_those_with_them_in_the_title_first() -> None:
    found = find_in_documents("idempotency key", "en", 10)
    assert found and all("idempotency" in f"{match.title} {match.part.text}".lower() for match in found)
    assert find_in_documents("remote agents", "en", 10)[0].part.anchor == "remote-agents"
    assert find_in_documents("quaternion marmalade", "en", 10) == [] == find_in_documents(" ", "en", 10)


def test_the_page_of_the_documents_shows_what_was_found_with_its_words_marked(client: Client, db: None) -> None:
    text = client.get(reverse("documents"), {"q": "quota <b>"}).content.decode()
    assert "Found for “quota &lt;b&gt;”" in text
    text = client.get(reverse("documents"), {"q": "ARENA_QUOTAS"}).content.decode()
    assert "<mark>ARENA_QUOTAS</mark>" in text


def test_the_search_over_everything_finds_documents(client: Client, db: None) -> None:
    text = client.get(reverse("search"), {"q": "hyperparameters"}).content.decode()
    assert reverse("document", args=["hyperparameters"]) in text


@pytest.fixture
def bilingual(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "zh-hans").mkdir()
    (tmp_path / "README.md").write_text(
        "# Documents\n\n## Use\n\n| [Guide](guide.md) | How? |\n| [Other](other.md) | What? |\n"
    )
    (tmp_path / "guide.md").write_text("# Guide\n\nRead the [other](other.md).\n")
    (tmp_path / "other.md").write_text("# Other\n\nWords.\n")
    (tmp_path / "zh-hans" / "guide.md").write_text("# 指南\n\n请看[其他](../other.md)，[指南](guide.md)。\n")
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    with override("en"):  # A request leaves its language activated.
        yield


def test_a_reader_of_chinese_gets_the_chinese_document_where_there_is_one(
    client: Client, db: None, bilingual: None
) -> None:
    client.cookies["django_language"] = "zh-hans"
    text = read(client, "guide")
    assert "<h1>指南</h1>" in text and '<article class="document" lang="zh-hans">' in text
    assert 'href="/docs/other/"' in text and 'href="/docs/guide/"' in text
    assert '<article class="document" lang="en">' in read(client, "other")
    assert [match.document.title for match in find_in_documents("指南", "zh-hans", 5)] == ["指南"]
