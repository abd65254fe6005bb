# SPDX-License-Identifier: Apache-2.0
"""What all tests of the convolution bench share, and how they become cocotb tests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, ClassVar

import cocotb
from pyuvm import ConfigDB, uvm_root, uvm_test

from tb.common import results, settings
from tb.common.bins import Model
from tb.conv_engine.agents import ConvEnv
from tb.conv_engine.bfm import ConvBfm, Observed
from tb.conv_engine.coverage_model import build_model
from tb.conv_engine.hardware import hardware
from tb.conv_engine.job import LayerJob
from tb.conv_engine.sequences import JobSequence


class ConvTest(uvm_test):
    """Builds the environment, brings the device up, plays `jobs`, closes the books."""

    whole: ClassVar[Model | None] = None  # coverage of all tests of this simulation

    def build_phase(self) -> None:
        self.settings = settings.load()
        self.hw = hardware(self.settings)
        self.bfm = ConvBfm(cocotb.top, self.hw, self.settings.data_dir)
        ConfigDB().set(None, "*", "BFM", self.bfm)
        self.env = ConvEnv("env", self)

    async def run_phase(self) -> None:
        self.raise_objection()
        await self.bfm.start()
        await self.body()
        self.drop_objection()

    async def body(self) -> None:
        """Play all jobs; tests with more to say override this."""
        await self.play(self.jobs())

    def jobs(self) -> Iterable[LayerJob]:
        """The jobs of a plain test."""
        raise NotImplementedError

    async def play(self, jobs: Iterable[LayerJob]) -> None:
        """Play jobs to their end, in order."""
        await JobSequence("jobs", jobs).start(self.env.sequencer)

    @property
    def last(self) -> Observed:
        """What the monitor saw in the last job."""
        seen: Observed = self.env.scoreboard.verdicts[-1][1]
        return seen

    @property
    def quick(self) -> bool:
        """Leave out what is large: Icarus is about a thousand times slower than Verilator."""
        return bool(self.settings.integer("QUICK"))

    def extract_phase(self) -> None:
        """Close the books, before check_phase can fail the test."""
        if ConvTest.whole is None:
            ConvTest.whole = build_model(self.hw)
        ConvTest.whole.add(self.env.coverage.model)
        verdicts = self.env.scoreboard.verdicts
        good = [seen for job, seen, _ in verdicts if not job.faults]
        digest = hashlib.sha256()
        for seen in good:
            for part in (seen.y.data, seen.y.last, seen.q.data, seen.q.last):
                digest.update(part.tobytes())
        results.add_metric(f"test {test_name(type(self))}", jobs=len(verdicts),
                           outputs=sum(v.outputs for _, _, v in verdicts),
                           digest=digest.hexdigest())
        results.add_metric("coverage", **ConvTest.whole.table())


async def coverage_closed(_: Any) -> None:
    """The last test: all others together must have hit every bin of the coverage model."""
    run = settings.load()
    model = ConvTest.whole or build_model(hardware(run))
    table = model.table()
    cocotb.log.info("coverage: %s", ", ".join(f"{k} {v}" for k, v in table.items()))
    if run.integer("QUICK"):
        return  # small runs report their coverage and promise nothing
    if table["covered"] != table["bins"]:
        raise AssertionError(f"coverage is {table['covered']} of {table['bins']} bins (all tests "
                             f"must run, with no TESTCASE); missing {table['missing']}")


def as_cocotb(tests: Iterable[type[uvm_test]], module: str) -> dict[str, Any]:
    """Make cocotb tests of these classes, for the namespace of the test module `module`.

    A test's name is its class's in snake case: RandomLayers is random_layers.

    pyuvm's own decorator puts them into the module that holds the class; the three TOPLEVELs share
    the classes, so each test module asks for them here.
    """
    found = {test_name(cls): _as_cocotb(cls, module) for cls in tests}
    found["coverage_closed"] = from_module(coverage_closed, "coverage_closed", module)
    return found


def test_name(cls: type) -> str:
    """RandomLayers -> random_layers."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


def _as_cocotb(cls: type[uvm_test], module: str) -> Any:
    async def run(_: Any) -> None:
        await uvm_root().run_test(cls)

    return from_module(run, test_name(cls), module)


def from_module(test: Any, name: str, module: str) -> Any:
    """A cocotb test that says it comes from `module`."""
    async def run(dut: Any) -> None:
        await test(dut)

    run.__module__ = module
    return cocotb.test(name=name)(run)
