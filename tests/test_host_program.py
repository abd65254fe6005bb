# SPDX-License-Identifier: Apache-2.0
"""Compiler, driver and program against a device in Python: whole networks, layer by layer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from golden.codes import to_int
from golden.errors import PlutarchError
from golden.layer import ConvLayer
from golden.network import FC, POOL, Network
from host.compiler import compile_layer, compile_network, fc_layer
from host.driver import AcceleratorError, Device
from host.program import Program, Tensors
from host.target import Target
from host.transports.base import TransportError
from host.transports.pynq import PynqTransport
from tests.host_model import ModelDevice, layer_of
from tests.nets import pooled_network, small_network

MAIN = Target(4, 3, 2, 4, 64, 40, 6, "P1")
MAC = Target(4, 7, 2, 2, 64, 100, 64, "M8")


def devices(**targets: Target) -> dict[str, Device]:
    return {n: Device(n, t, ModelDevice(t)) for n, t in targets.items()}


def run_network(net: Network, made: dict[str, Device]) -> dict[str, Tensors]:
    program = Program(net, made)
    program.check()
    images = net.images
    earlier: dict[str, Tensors] = {}
    for step in compile_network(net, {n: d.target for n, d in made.items()}, len(images)):
        earlier[step.name] = program.run_step(step, images, earlier).tensors
    return earlier


@pytest.mark.parametrize("make", [small_network, pooled_network])
@pytest.mark.parametrize("lane", ["P1", "S0"])
def test_a_network_gives_goldens_values_in_every_step(make: Any, lane: str) -> None:
    net = make()
    main = Target(4, 3, 2, 4, 64, 40, 6, lane)
    got = run_network(net, devices(main=main, mac=MAC))
    want = net.run(net.images)
    assert set(got) == set(want)
    for name, output in want.items():
        if name in (POOL, FC):
            continue
        for mine, its in ((got[name].codes, output.codes), (got[name].words, output.res)):
            assert (mine is None) == (its is None)
            if its is not None:
                np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(got[FC].logits, want[FC].t)
    sums = got[FC].sums
    assert sums is not None
    np.testing.assert_array_equal(sums.sum(axis=(2, 3)), want[FC].acc)


def test_the_network_needs_bands_groups_and_image_ranges() -> None:
    """Or the test above shows less than it says."""
    net = small_network()
    steps = compile_network(net, {"main": MAIN, "mac": MAC}, 5)
    jobs = [job for step in steps for job in step.jobs]
    assert {job.device for job in jobs} == {"main", "mac"}
    assert len({job.images for job in jobs}) > 2
    tight = Target(4, 3, 2, 2, 64, 11, 4, "P1")
    jobs = [job for step in compile_network(net, {"main": tight, "mac": MAC}, 2)
            for job in step.jobs]
    assert len({job.first for job in jobs if job.name == "b"}) > 1
    assert len({job.band for job in jobs if job.name == "b"}) > 1
    got = run_network(net, devices(main=tight, mac=MAC))
    np.testing.assert_array_equal(got[FC].logits, net.logits(net.images))


@pytest.mark.parametrize("lane", ["P1", "S1", "M8"])
@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_layers_of_every_shape(lane: str, kernel: int, stride: int) -> None:
    rng = np.random.default_rng(kernel * 8 + stride)
    for case in range(4):
        target = Target(4, 7, (1, 2, 3, 2)[case], (1, 2, 4, 8)[case], 64, 60, 8, lane)
        layer, a, residual = random_layer(rng, target, kernel, stride, case)
        height, width = a.shape[2:]
        device = Device("d", target, ModelDevice(target))
        want = layer.run(a, residual)
        got = np.full(want.t.shape, -99), np.full(want.t.shape, -99)
        for job in compile_layer(layer, (height, width), {"d": target}, len(a)):
            out = device.run(job, a, residual).outputs
            first = out.sums if layer.raw else out.codes
            if first is not None:
                job.place(got[0], first)
            if out.words is not None:
                job.place(got[1], out.words)
        first = want.acc if layer.raw else want.codes
        if first is not None:
            np.testing.assert_array_equal(got[0], first)
        if want.res is not None:
            np.testing.assert_array_equal(got[1], want.res)


def random_layer(rng: np.random.Generator, target: Target, kernel: int, stride: int,
                 case: int) -> tuple[ConvLayer, Any, Any]:
    cin, cout, n = int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 4))
    shape = (cout, cin, kernel, kernel)
    legal = np.delete(np.arange(16), 8)
    weights = (rng.integers(-128, 128, shape).astype(np.int8) if target.lane == "M8"
               else rng.choice(legal, shape).astype(np.uint8))
    raw, res_in = case == 3, case in (1, 2)
    layer = layer_of(
        weights=weights, stride=stride, pad=int(rng.integers(0, (kernel - 1) // 2 + 1)), raw=raw,
        shift1=rng.integers(0, 5, cout), shift2=rng.integers(0, 5, cout),
        term2=rng.integers(-1, 2, cout), bias=rng.integers(-9999, 9999, cout), res_in=res_in,
        relu=case != 1, res_shift=5 if res_in else 0, emit_code=not raw and case != 1,
        emit_res=not raw and case != 0, proj_shift=6, res_out_shift=7, act=target.act,
        wgt=target.wgt)
    a_shape = (n, cin, int(rng.integers(kernel, 13)), int(rng.integers(kernel, 13)))
    a = (rng.integers(-128, 128, a_shape).astype(np.int8) if target.act == "int8"
         else rng.choice(legal, a_shape).astype(np.uint8))
    oh, ow = layer.out_shape(*a_shape[2:])
    residual = rng.integers(-128, 128, (n, cout, oh, ow)).astype(np.int8) if res_in else None
    return layer, a, residual


def job_of(target: Target = MAIN, **fields: Any) -> Any:
    weights = np.ones((4, 3, 3, 3), np.uint8)
    layer = layer_of(**{"weights": weights, "pad": 1, **fields})
    return next(iter(compile_layer(layer, (4, 4), {"main": target}, 1)))


A = np.ones((1, 3, 4, 4), np.uint8)


def test_errors_of_the_hardware_name_layer_and_tile_and_the_next_job_is_good() -> None:
    model = ModelDevice(MAIN)
    device = Device("main", MAIN, model)
    job = job_of()
    good = device.run(job, A).outputs.codes
    bad = job_of()
    object.__setattr__(bad, "stream", _Cut(bad.stream.data))
    with pytest.raises(AcceleratorError, match=r"layer x .*error 10 TLAST_EARLY at output tile 0"):
        device.run(bad, A)
    assert model.clears == 1 and model.resets == 0
    np.testing.assert_array_equal(device.run(job, A).outputs.codes, good)


class _Cut:
    def __init__(self, data: bytes) -> None:
        self.data = data[:-4]


def test_activations_of_another_target_are_an_error_with_the_tile() -> None:
    model = ModelDevice(MAIN)
    device = Device("main", MAIN, model)
    with pytest.raises(AcceleratorError) as caught:
        device.run(job_of(), A[:, :, :2])  # a map too small: the transfer is short
    error = caught.value
    assert (error.code, error.name, error.layer, error.out_tile, error.in_tile) == (
        21, "A_TLAST", "x", 0, 1)
    assert isinstance(error, PlutarchError)


def test_a_busy_device_is_left_alone() -> None:
    model = ModelDevice(MAIN, busy=True)
    with pytest.raises(PlutarchError, match="start refused, main is busy with another job"):
        Device("main", MAIN, model).run(job_of(), A)
    assert not model.starts and not model.values


def test_silence_ends_in_one_line_and_a_reset() -> None:
    model = ModelDevice(MAIN)

    def silent(handle: Any) -> bytes:
        model.busy = True
        raise TransportError(f"nothing moves, {handle.stream} waits")

    model.wait = silent  # type: ignore[method-assign]
    with pytest.raises(TransportError, match=r"layer x .* on main: nothing moves, y waits"):
        Device("main", MAIN, model).run(job_of(), A)
    assert model.resets == 1


@pytest.mark.parametrize(("name", "fields", "text"), [
    ("ID", {"magic": 5}, "no accelerator there"),
    ("VERSION", {"major": 2}, "registers of version 2"),
    ("BUILD", {"b": 3, "kmax": 3, "pin": 2, "pout": 4, "lane": 1}, r"BUILD.b = 3, .* for 4"),
    ("BUILD", {"b": 4, "kmax": 3, "pin": 2, "pout": 4, "lane": 2}, r"BUILD.lane = 2"),
    ("PSUM_DEPTH", {"positions": 4}, r"PSUM_DEPTH.positions = 4"),
])
def test_another_device_is_refused(name: str, fields: dict[str, int], text: str) -> None:
    model = ModelDevice(MAIN)
    device = Device("main", MAIN, model)
    device.check()
    model.fixed[name] = fields
    with pytest.raises(PlutarchError, match=text):
        device.check()


@pytest.mark.parametrize(("fields", "size", "text"), [
    ({"weights": np.ones((1, 1, 5, 5), np.uint8)}, (9, 9), "5x5 kernel.*K=5"),
    ({"weights": np.ones((1, 1, 9, 9), np.uint8)}, (9, 9), "Only the golden model"),
    ({"weights": np.ones((1, 1, 3, 3), np.int8), "wgt": "int8", "act": "int8"}, (9, 9),
     "mac_conv"),
    ({"weights": np.ones((1, 1, 3, 3), np.uint8), "act": "int8"}, (9, 9), "LANE=S1"),
    ({"weights": np.ones((1, 1, 3, 3), np.uint8), "bits": 3}, (9, 9), "codes of 3 bits"),
    ({"weights": np.ones((1, 1, 3, 3), np.uint8)}, (9, 65), "LINE_DEPTH=65"),
    ({"weights": np.ones((1, 9, 3, 3), np.uint8)}, (9, 50), "PSUM_DEPTH=40"),
    ({"weights": np.ones((1, 1, 3, 3), np.uint8), "stride": 3}, (9, 9), "stride 3"),
    ({"weights": np.ones((1, 2049, 1, 1), np.uint8)}, (9, 9), "2049 input channels"),
])
def test_a_layer_that_cannot_run_is_named(fields: Any, size: tuple[int, int], text: str) -> None:
    with pytest.raises(PlutarchError, match=f"layer x cannot run here.*{text}"):
        list(compile_layer(layer_of(**fields), size, {"main": MAIN}, 1))


def test_fc_is_a_raw_1x1_layer() -> None:
    net = small_network()
    layer = fc_layer(net.fc, 4)
    words = np.ones((2, 6, 3, 4), np.int8)
    sums = layer.run(words).acc.sum(axis=(2, 3)) + net.fc.bias
    np.testing.assert_array_equal(sums, net.fc.run(words.astype(np.int64).sum(axis=(2, 3))).t)
    assert to_int(np.array([1]), 4) == 1  # the codes these tests call 1 stand for 1


def test_without_a_board_the_pynq_transport_says_so() -> None:
    with pytest.raises(PlutarchError, match="PYNQ is not installed"):
        PynqTransport.open("plutarch.bit", "plut_conv_0")


def test_a_block_that_the_overlay_does_not_have_is_named() -> None:
    overlay = SimpleNamespace(ip_dict={"mac_conv_0": {}})
    with pytest.raises(PlutarchError, match="no block 'plut_conv_0', only mac_conv_0"):
        PynqTransport(overlay, "plut_conv_0", mmio=None, allocate=print)
