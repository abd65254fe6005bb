# SPDX-License-Identifier: Apache-2.0
"""State dicts into the float networks: published checkpoints, torchvision's keys, bad files."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from golden import data, models  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.models.weights import load_weights, read_arrays  # noqa: E402


def _checkpoint(name: str) -> Path:
    try:
        file = data.data_folder() / "checkpoints" / name
    except PlutarchError:
        file = Path("checkpoints") / name
    if not file.is_file():
        pytest.skip(f"no {file.name} in PLUTARCH_DATA/checkpoints")
    return file


@pytest.mark.parametrize("name, file", [("resnet20", "resnet20-12fca82f.th"),
                                        ("resnet56", "resnet56-4bfd9763.th")])
def test_akamasters_checkpoints_load_as_they_are(name: str, file: str) -> None:
    path = _checkpoint(file)
    model = models.build(name)
    load_weights(model, path)
    arrays = read_arrays(path)
    state = model.state_dict()
    assert set(state) == set(arrays) or set(state) - set(arrays) == {
        key for key in state if key.endswith("num_batches_tracked")}
    for key, value in arrays.items():
        assert (state[key].double().numpy() == value).all()


def test_the_loaded_resnet20_is_the_trained_one() -> None:
    """81.0 % of the JPEG test set is stated in the data's own note; a wrong wiring gives 10 %."""
    model = models.build("resnet20")
    load_weights(model, _checkpoint("resnet20-12fca82f.th"))
    if not (data.data_folder() / "cifar10_jpeg" / "test.npz").is_file():
        pytest.skip("no cifar10_jpeg/test.npz in PLUTARCH_DATA")
    images, labels = data.load_split("cifar10-jpeg", "test", count=400).batch(np.arange(400))
    with torch.no_grad():
        answers = model.eval()(torch.from_numpy(images).float() * 2.0 ** -5).argmax(1)
    assert 0.74 <= (answers.numpy() == labels).mean() <= 0.88


# How many keys torchvision's own state dicts have, and some of them.
TORCHVISION = {
    "resnet18-imagenet": (122, {"conv1.weight": (64, 3, 7, 7), "bn1.running_mean": (64,),
                                "layer1.0.conv1.weight": (64, 64, 3, 3),
                                "layer1.1.bn2.num_batches_tracked": (),
                                "layer2.0.downsample.0.weight": (128, 64, 1, 1),
                                "layer2.0.downsample.1.running_var": (128,),
                                "layer4.1.conv2.weight": (512, 512, 3, 3),
                                "fc.weight": (1000, 512), "fc.bias": (1000,)}),
    "squeezenet-imagenet": (52, {"features.0.weight": (64, 3, 3, 3),
                                 "features.3.squeeze.weight": (16, 64, 1, 1),
                                 "features.7.expand3x3.bias": (128,),
                                 "features.12.expand1x1.weight": (256, 64, 1, 1),
                                 "classifier.1.weight": (1000, 512, 1, 1)}),
    "shufflenetv2-imagenet": (338, {"conv1.0.weight": (24, 3, 3, 3),
                                    "stage2.0.branch1.0.weight": (24, 1, 3, 3),
                                    "stage2.0.branch1.2.weight": (58, 24, 1, 1),
                                    "stage2.0.branch2.3.weight": (58, 1, 3, 3),
                                    "stage3.7.branch2.6.bias": (116,),
                                    "conv5.0.weight": (1024, 464, 1, 1),
                                    "fc.weight": (1000, 1024)}),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_keys_are_those_of_torchvision(name: str) -> None:
    count, some = TORCHVISION[name]
    state = models.build(name).state_dict()
    assert len(state) == count
    assert {key: tuple(state[key].shape) for key in some} == some


def _file(folder: Path, state: Any, name: str = "net.pth") -> Path:
    torch.save(state, folder / name)
    return folder / name


def test_files_with_a_prefix_a_wrapper_or_no_counters_load(tmp_path: Path) -> None:
    source = models.build("digits")
    for module in source.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.num_batches_tracked.fill_(5)
    state = source.state_dict()
    plain = {key: value for key, value in state.items() if not key.endswith("tracked")}
    for content in (state, plain, {"state_dict": state, "best_prec1": 9.0, "epoch": 3},
                    {f"module.{key}": value.double() if value.is_floating_point() else value
                     for key, value in state.items()}):
        model = models.build("digits")
        load_weights(model, _file(tmp_path, content))
        for key, value in model.state_dict().items():
            assert value.dtype == state[key].dtype
            if key.endswith("tracked"):
                assert int(value) == (0 if content is plain else 5)
            else:
                assert torch.equal(value, state[key])


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    model = models.build("digits")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = {key: value + 1 for key, value in before.items()}
    missing = {key: value for key, value in state.items() if key != "layer2.0.conv2.weight"}
    bad = {**state, "bn1.running_var": state["bn1.running_var"] * float("nan")}
    for content, line in (
        (missing, "no layer2.0.conv2.weight: not of this network"),
        ({**state, "layer9.weight": torch.zeros(1)}, "layer9.weight is not in this network"),
        ({**state, "linear.bias": torch.zeros(11)}, r"linear.bias is \(11,\), want \(10,\)"),
        (bad, "bn1.running_var holds NaN or infinity"),
        (models.build("resnet20").state_dict(), r"conv1.weight is \(16, 3, 3, 3\), want \(16, 1,"),
    ):
        with pytest.raises(PlutarchError, match=rf"net\.pth: {line}"):
            load_weights(model, _file(tmp_path, content))
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


class _Harmful:
    def __reduce__(self) -> Any:
        return (Path.write_text, (Path("harm.txt"), "done"))


def test_files_that_are_no_state_dict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = models.build("digits")
    with pytest.raises(PlutarchError, match=r"none\.pth: missing; a torch state dict is due"):
        load_weights(model, tmp_path / "none.pth")
    file = _file(tmp_path, model.state_dict(), "good.pth")
    whole = file.read_bytes()
    for number, content in enumerate((b"", b"hello", whole[:5000], whole[:-30])):
        bad = tmp_path / f"bad{number}.pth"
        bad.write_bytes(content)
        with pytest.raises(PlutarchError, match=rf"bad{number}\.pth: not a sound state ") as told:
            load_weights(model, bad)
        assert "\n" not in str(told.value)
    others: list[Any] = [{}, {"a": 1}, [1, 2], torch.zeros(3), {"x": _Harmful()}]
    for other in others:
        with pytest.raises(PlutarchError, match=r"net\.pth: not a sound state dict"):
            load_weights(model, _file(tmp_path, other))
    assert not (tmp_path / "harm.txt").exists()
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as archive:
        archive.writestr("readme.txt", "not torch")
    with pytest.raises(PlutarchError, match=r"other\.pth: not a sound state dict"):
        load_weights(model, tmp_path / "other.pth")
