"""Which device class plays networks, and that nothing loads PyTorch to find out."""

import subprocess
import sys
from pathlib import Path

import pytest

from policies import devices
from policies.devices import DeviceError, device_class, has_gpu


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A machine with a GPU and a PyTorch for it."""
    monkeypatch.setattr(devices, "has_gpu", lambda: True)
    monkeypatch.setattr(devices, "has_cuda_build", lambda: True)


def test_a_machine_without_a_gpu_plays_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "has_gpu", lambda: False)
    assert device_class({}) == device_class({"ARENA_DEVICE": "auto"}) == "cpu"


def test_auto_finds_a_gpu_that_pytorch_can_use(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_class({}) == "cuda"
    assert device_class({"CUDA_VISIBLE_DEVICES": ""}) == "cpu"
    monkeypatch.setattr(devices, "has_cuda_build", lambda: False)
    assert device_class({}) == "cpu"


def test_a_named_class_is_taken_whatever_the_machine_has(gpu: None) -> None:
    assert device_class({"ARENA_DEVICE": "cpu"}) == "cpu"
    assert device_class({"ARENA_DEVICE": "cuda"}) == "cuda"


def test_another_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(DeviceError, match="ARENA_DEVICE is 'gpu': expected one of cpu, cuda, auto"):
        device_class({"ARENA_DEVICE": "gpu"})


def test_gpus_are_the_numbered_devices(tmp_path: Path) -> None:
    (tmp_path / "nvidiactl").touch()
    assert not has_gpu(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert has_gpu(tmp_path)


def test_playing_a_network_on_the_cpu_imports_no_torch() -> None:
    program = (
        "import sys, numpy as np\n"
        "from policies.inference import BatchedPolicy\n"
        "from tests.policies.checkpoints import Sizes, make_checkpoint, make_observations\n"
        "checkpoint = make_checkpoint()\n"
        "policy, observations = BatchedPolicy(checkpoint, Sizes(), 1), make_observations(checkpoint.recipe, 1)\n"
        "policy.reset(np.array([0]), np.array([1], np.uint64), observations)\n"
        "policy.act(observations, np.zeros((1, 2, 2)), np.array([True]))\n"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, env={"ARENA_DEVICE": "cpu"}).returncode == 0
