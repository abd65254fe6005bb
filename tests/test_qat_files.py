# SPDX-License-Identifier: Apache-2.0
"""Quantised models on disk: the same logits to the bit in a new process; damage is one line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from golden.errors import PlutarchError  # noqa: E402
from golden.package import ROOT  # noqa: E402
from golden.qat import QuantModel, QuantSpec, compare, export, load, quantise, save  # noqa: E402
from golden.quantizers import METHODS  # noqa: E402
from tests.qat_nets import EXP, Odd, Tiny, digits, made, real, train, used  # noqa: E402

# Each file: logits of the images, before which nothing of the original model is imported.
READER = """
import sys, torch
torch.set_num_threads(1)
from golden.qat import load
x = torch.load(sys.argv[1], weights_only=True)
found = {}
for file in sys.argv[3:]:
    model = load(file)
    with torch.no_grad():
        found[file] = model(x.to(next(model.parameters()).dtype))
    assert not any(name.startswith("tests") for name in sys.modules)
torch.save(found, sys.argv[2])
"""


def _models() -> dict[str, QuantModel]:
    found = {}
    for name in ("float", "quant", "frozen", "wide"):
        model = made(4, overrides={"b": (5, 3)})
        train(model, 3)
        if name == "float":
            model.mode = "float"
        elif name != "quant":
            model.set_bits(3, 3)
            model.calibrate(real(digits()[0].images[:64]))
            model.freeze()
            train(model, 3, 0.002)
        found[name] = model.double() if name == "wide" else model
    torch.manual_seed(5)
    odd = quantise(used(Odd()), real(digits()[0].images[:2]), QuantSpec(act_bits=5), EXP)
    odd.calibrate(real(digits()[0].images[:64]))
    train(odd, 2)
    found["odd"] = odd
    return found


def test_the_same_logits_to_the_bit_in_a_new_process(tmp_path: Path) -> None:
    x = real(digits()[1].images[:64])
    torch.save(x, tmp_path / "x.pt")
    want, files = {}, []
    for name, model in _models().items():
        file = str(tmp_path / f"{name}.pt")
        files.append(file)
        save(model, file, {"net": name, "seed": 0})
        with torch.no_grad():
            want[file] = model.eval()(x.to(next(model.parameters()).dtype))
        again = load(file)
        assert again.about == {"net": name, "seed": 0} and again.mode == model.mode
        assert (again.spec, again.plan, again.input_exp) == (model.spec, model.plan, EXP)
        with torch.no_grad():
            assert torch.equal(again(x.to(want[file].dtype)), want[file])
    subprocess.run([sys.executable, "-c", READER, str(tmp_path / "x.pt"), str(tmp_path / "y.pt"),
                    *files], check=True, cwd=ROOT, timeout=120)
    got = torch.load(tmp_path / "y.pt", weights_only=True)
    for file in files:
        assert got[file].dtype == want[file].dtype and torch.equal(got[file], want[file]), file
    assert want[files[3]].dtype == torch.float64


@pytest.mark.parametrize("method", METHODS)
def test_every_method_comes_back(method: str, tmp_path: Path) -> None:
    model = made(4, method=method)
    train(model, 2)
    model.set_bits(3, 3)
    train(model, 2)
    save(model, tmp_path / "m.pt")
    again, x = load(tmp_path / "m.pt"), real(digits()[1].images[:64])
    with torch.no_grad():
        assert torch.equal(again(x), model(x))
    for each in (again, model):
        torch.manual_seed(0)  # of the dropout
        train(each, 2)
    with torch.no_grad():  # it also goes on as the one that was saved
        assert torch.equal(again(x), model(x))


def test_a_loaded_model_is_exported_as_the_saved_one(tmp_path: Path) -> None:
    model = made(4)
    model.freeze()
    train(model, 3, 0.002)
    save(model, tmp_path / "m.pt")
    test = digits()[1]
    one, two = (export(m, "tiny", test.images[:50], test.labels[:50], {})
                for m in (model, load(tmp_path / "m.pt")))
    for before, after in zip(one.nodes, two.nodes, strict=True):
        assert (before.layer.weights == after.layer.weights).all()
        assert (before.layer.bias == after.layer.bias).all() and before.exp_t == after.exp_t
    assert (one.logits(one.images) == two.logits(one.images)).all()
    assert compare(load(tmp_path / "m.pt").double(), one, one.images).same == 50


def _edited(data: dict[str, Any], **changes: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save({**data, **changes}, buffer)
    return buffer.getvalue()


def _text(data: dict[str, Any], edit: Any) -> str:
    text = json.loads(data["text"])
    edit(text)
    return json.dumps(text)


@pytest.mark.parametrize(("change", "message"), [
    (lambda d: b"hello", "not a sound quantised model: "),
    (lambda d: _edited(d)[:-200], "not a sound quantised model: "),
    (lambda d: _edited({}, a=torch.zeros(1)), "not a file of plutarch-qat"),
    (lambda d: _edited(d, version=2), "version 2, this program reads 1"),
    (lambda d: _edited(d, text="{"), "not a sound quantised model: "),
    (lambda d: _edited(d, text="{}"), "not a sound quantised model: 'plan'"),
    (lambda d: _edited(d, text=_text(d, lambda t: t["spec"].update(bits=4))),
     "'bits' is no setting of a quantised model, did you mean"),
    (lambda d: _edited(d, text=_text(d, lambda t: t["spec"].update(weight_bits=9))),
     "weight_bits: bits = 9"),
    (lambda d: _edited(d, text=_text(d, lambda t: t["plan"]["steps"][1].update(op="convv"))),
     "step a: no such operation: 'convv'"),
    (lambda d: _edited(d, text=_text(d, lambda t: t["plan"]["steps"][1].update(inputs=["d"]))),
     r"step a: reads \('d',\), not all of them are earlier"),
    (lambda d: _edited(d, text=_text(d, lambda t: t.update(mode="int"))), "mode = 'int'"),
    (lambda d: _edited(d, state={k: v for k, v in d["state"].items() if "fc" not in k}),
     "not a sound quantised model: Error"),
    (lambda d: _edited(d, state={**d["state"], "net.fc.weight": torch.zeros(2, 2)}),
     "not a sound quantised model: Error"),
])
def test_damaged_files_are_one_line(change: Any, message: str, tmp_path: Path) -> None:
    file = tmp_path / "m.pt"
    save(made(), file)
    file.write_bytes(change(torch.load(file, weights_only=True)))
    with pytest.raises(PlutarchError, match=message) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}: ") and "\n" not in str(caught.value)


def test_files_that_are_not_there_or_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PlutarchError, match=r"none\.pt: missing; a quantised model is due"):
        load(tmp_path / "none.pt")
    (tmp_path / "file").write_text("")
    with pytest.raises(PlutarchError, match="cannot write"):
        save(made(), tmp_path / "file" / "m.pt")


def test_a_torch_file_runs_no_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"format": "plutarch-qat", "version": 1, "x": Evil()}, tmp_path / "m.pt")
    with pytest.raises(PlutarchError, match="not a sound quantised model"):
        load(tmp_path / "m.pt")
    assert not (tmp_path / "ran").exists()


def test_a_plain_tiny_is_not_needed_to_load(tmp_path: Path) -> None:
    model = quantise(used(Tiny(7)), real(digits()[0].images[:2]), QuantSpec(), EXP)
    save(model, tmp_path / "m.pt")
    again = load(tmp_path / "m.pt")
    assert again.mode == "float" and not again.calibrated
    with pytest.raises(PlutarchError, match="calibrate"):
        again.mode = "quant"
        again(real(digits()[0].images[:2]))
