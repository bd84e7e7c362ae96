"""Code that was written for the original finds all names that it imports."""

import importlib

import pytest

import mate
from tests.mate.upstream_names import NAMES, NOT_HERE
from tests.sources import ROOT


@pytest.mark.parametrize("module", NAMES)
def test_every_public_name_is_importable_from_the_same_place_or_named_with_its_reason(module):
    found = importlib.import_module(module)
    wanted = set(NAMES[module].split())
    missing = {name for name in wanted if not hasattr(found, name)}
    assert missing == NOT_HERE.get(module, {}).keys()


def test_what_upstreams_agents_import_is_the_same_object_everywhere():
    from mate.agents import utils
    from mate.wrappers import discrete_action_spaces, no_communication, typing
    from mate.wrappers.single_team import SingleTeamHelper, group_observe

    assert utils.CameraStatePrivate is mate.CameraStatePrivate
    assert discrete_action_spaces.DiscreteCamera is mate.DiscreteCamera
    assert no_communication.NoCommunication is mate.NoCommunication
    assert typing.WrapperMeta is mate.EnvMeta
    assert group_observe is mate.group_observe
    assert isinstance(
        mate.MultiTarget(mate.MultiAgentTracking("MATE-2v4-0"), mate.GreedyCameraAgent()), SingleTeamHelper
    )
    assert mate.utils.__name__ == "mate.utils"


def test_the_version_is_that_of_the_package():
    from mate import version

    assert version.__version__ == mate.__version__
    assert f'version = "{version.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_a_name_of_the_original_drawing_says_what_to_use_instead():
    from mate.assets import pygletrendering

    with pytest.raises(
        AttributeError, match=r"no Transform: pictures are not drawn with OpenGL.*mate\.rendering\.Line"
    ):
        _ = pygletrendering.Transform
