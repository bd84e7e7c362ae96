"""Networks in ONNX's format go from a file chooser in a real browser to agents that play."""

from pathlib import Path

import pytest
import torch
from django.contrib.auth.models import User
from django.urls import reverse

from policies import Action, Architecture, Dimensions
from policies.exporting import export_module, pack, to_onnx
from tasks import checking, playing
from tests.policies.checkpoints import make_checkpoint
from tests.policies.graphs.modules import CASES
from tests.portal.conftest import Open
from tests.portal.test_browser import expect, sign_in
from tournament import organising
from tournament.models import Agent, Scenario, TournamentState

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = Dimensions(2, 4, 0)
ARCHITECTURES = {
    "perceptron": Architecture((16, 8)),
    "long-memory": Architecture((16,), memory="lstm", memory_size=8),
}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A perceptron, an LSTM, and attention over entities, which plays in any scenario."""
    paths = [tmp_path / f"{name}.zip" for name in (*ARCHITECTURES, "attention")]
    for path, architecture in zip(paths, ARCHITECTURES.values(), strict=False):
        checkpoint = make_checkpoint(architecture=architecture, action=Action("levels", 5), scenario=SIZES)
        path.write_bytes(pack(*to_onnx(checkpoint)))
    torch.manual_seed(0)
    case = CASES["entity attention"]
    export_module(case.module(), paths[-1], **case.export_arguments())
    return paths


def test_three_architectures_are_uploaded_and_play(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent], files: list[Path]
) -> None:
    sign_in(open_page, alice)
    for path in files:
        page = open_page(reverse("upload_create"))
        page.get_by_label("Place it now in").select_option("")
        page.get_by_label("Checkpoint file").set_input_files(path)
        page.get_by_role("button", name="Upload checkpoint").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(path.name)
        assert checking.check_next()
        expect(page.get_by_text("Accepted.")).to_be_visible()
    mine = list(Agent.objects.filter(owner=alice).order_by("created"))
    assert [row.num_cameras for row in mine] == [2, 2, None]
    target = Agent.objects.get(slug="greedy-target")
    tournament = organising.create_tournament(organising.TournamentRequest("Networks", scenario, mine, [target], 1))
    while playing.play_next():
        pass
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED
    page = open_page(reverse("agent", args=[mine[2].slug]))
    expect(page.get_by_role("link", name="ONNX", exact=True)).to_be_visible()
