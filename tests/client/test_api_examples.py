"""The examples at the foot of pages: each request is answered, and each line of Python runs."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mate_arena import ArenaClient
from portal.documents import examples
from tournament.models import Episode, Pairing, Tournament

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keys(played: Tournament, pairing: Pairing) -> dict[str, Any]:
    episode = Episode.objects.filter(pairing=pairing).earliest("id")
    return {
        "agent": pairing.camera.slug,
        "board": played.scenario.slug,
        "tournament": played.pk,
        "pairing": pairing.pk,
        "episode": episode.pk,
    }


def test_every_example_is_answered_and_runs(
    client: Client, arena: ArenaClient, keys: dict[str, Any], capsys: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(arena.episodes, "replay", lambda number, place: place)  # The real method would play an episode.
    assert set(keys) == set(examples.EXAMPLES)
    for kind, key in keys.items():
        found = examples.EXAMPLES[kind](key)
        for path in found.paths:
            assert path.endswith("/replay") or client.get(path).status_code == 200, path
        exec("\n".join(found.lines), {"arena": arena})
    assert "greedy-camera" in capsys.readouterr().out


def test_pages_show_the_examples_of_what_they_show(client: Client, keys: dict[str, Any]) -> None:
    pages = {"board": "leaderboard", "episode": "replay"}
    for kind, key in keys.items():
        text = client.get(reverse(pages.get(kind, kind), args=[key])).content.decode()
        for path in examples.EXAMPLES[kind](key).paths:
            assert f"http://testserver{path}" in text.replace("&amp;", "&"), kind
