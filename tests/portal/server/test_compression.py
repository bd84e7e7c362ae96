"""What is sent compressed, and what is not."""

import gzip

import pytest
from django.test import Client

from tournament.models import Tournament

GZIP = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    "address", ["/leaderboards/mate-2v4-0/", "/api/v1/agents", "/api/v1/scenarios/mate-2v4-0/episodes?format=csv"]
)
def test_text_is_sent_compressed_to_who_can_read_it(client: Client, played: Tournament, address: str) -> None:
    plain, packed = client.get(address), client.get(address, headers=GZIP)
    assert packed["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain
    assert len(packed.getvalue()) < len(plain.getvalue()) / 2
    assert gzip.decompress(packed.getvalue()).split()[:3] == plain.getvalue().split()[:3]


def test_files_that_are_compressed_already_are_sent_as_they_are(client: Client, played: Tournament) -> None:
    answer = client.get("/api/v1/scenarios/mate-2v4-0/episodes?format=parquet", headers=GZIP)
    assert answer.status_code == 200 and "Content-Encoding" not in answer
