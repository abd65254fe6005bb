# SPDX-License-Identifier: Apache-2.0
"""Jobs on several processes: the longest first, results in order, nothing left when one dies."""

from __future__ import annotations

import os
import time

import pytest

from golden.errors import PlutarchError
from sim import jobs
from sim.errors import HarnessError
from sim.jobs import Job


def told(word):
    if word == "wrong":
        raise PlutarchError("it was wrong")
    return word, os.getpid()


def begun(path, name, wait):
    """Note that this began; what had ended by then."""
    before = sorted(one.name for one in path.iterdir())
    time.sleep(wait)
    (path / name).touch()
    return before


def die(_):
    os._exit(3)


def slip(_):
    raise ZeroDivisionError("not the user's mistake")


def silent(number, job):
    del number, job


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_order_and_an_error_is_one_of_them(workers):
    words = ["a", "wrong", "b", "c"]
    seen = []
    found = jobs.run([Job(word, told, (word,), 1.0) for word in words], workers,
                     lambda number, job: seen.append((number, job.name)))  # fmt: skip
    assert [one[0] for one in (found[0], found[2], found[3])] == ["a", "b", "c"]
    assert isinstance(found[1], PlutarchError)
    assert str(found[1]) == "it was wrong"
    assert sorted(seen) == [(i + 1, name) for i, name in enumerate(name for _, name in seen)]
    own = {one[1] == os.getpid() for one in found if isinstance(one, tuple)}
    assert own == {workers == 1}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_longest_begins_first_and_none_before_what_it_waits_for(tmp_path, workers):
    order = []
    jobs.run([Job("short", begun, (tmp_path, "short", 0), 1.0),
              Job("map", begun, (tmp_path, "map", 0.3), 5.0),
              Job("seed", begun, (tmp_path, "seed", 0), 9.0, (1,)),
              Job("last", begun, (tmp_path, "last", 0), 99.0, (1, 2)),
              Job("long", begun, (tmp_path, "long", 0), 7.0)],
             workers, lambda _, job: order.append(job.name))  # fmt: skip
    assert order[:2] == ["long", "map"]
    assert order.index("map") < order.index("seed") < order.index("last")
    if workers == 1:
        assert order == ["long", "map", "seed", "last", "short"]


def test_a_job_waits_until_the_other_has_ended(tmp_path):
    found = jobs.run([Job("a", begun, (tmp_path, "a", 0.3), 1.0),
                      Job("b", begun, (tmp_path, "b", 0), 9.0, (0,))], 2, silent)  # fmt: skip
    assert found == [[], ["a"]]


def test_a_worker_that_dies_is_one_line():
    with pytest.raises(HarnessError, match=r"a worker process died .* during: x"):
        jobs.run([Job("x", die, (0,), 2.0)], 2, silent)


@pytest.mark.parametrize("workers", [1, 2])
def test_another_exception_is_not_swallowed(workers):
    with pytest.raises(ZeroDivisionError):
        jobs.run([Job("x", slip, (0,), 2.0)], workers, silent)
