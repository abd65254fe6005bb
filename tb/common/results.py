# SPDX-License-Identifier: Apache-2.0
"""What the tests hand back to the harness: one JSON line per record, appended at once.

A line per record (and not one document) keeps everything recorded before a crash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tb.common import settings


def _append(record: Mapping[str, Any]) -> None:
    with settings.load().result_json.open("a", encoding="utf-8") as out:
        out.write(json.dumps(record) + "\n")


def add_layer(
    name: str,
    *,
    outputs: int,
    mismatches: int,
    cycles: int,
    macs: int = 0,
    stalls: Mapping[str, int] | None = None,
    digest: str | bytes = "",
    x_seen: int = 0,
) -> None:
    """Record one layer (or batch) that went through the device under test.

    name:       same name for the same work on every simulator: that is how they are compared.
    outputs:    values compared with golden; mismatches: how many of them differ.
    cycles:     clock cycles of the device for this work; both simulators must agree on it.
    macs:       multiply-accumulates of the layer's definition; gives macs_per_cycle.
    stalls:     cycles lost by cause: w weights, a activations, r residual, y output.
    digest:     the device's output bytes (hashed here) or a text digest; simulators must agree.
    x_seen:     how many valid beats carried an X (Icarus); anything but 0 fails the run.
    """
    lost = {cause: int(count) for cause, count in (stalls or {}).items()}
    if isinstance(digest, bytes):
        digest = hashlib.sha256(digest).hexdigest()
    _append(
        {
            "kind": "layer",
            "name": name,
            "outputs": int(outputs),
            "mismatches": int(mismatches),
            "cycles": int(cycles),
            "macs": int(macs),
            "macs_per_cycle": round(int(macs) / int(cycles), 4) if cycles else 0.0,
            "stall_cycles": sum(lost.values()),
            "stalls": lost,
            "digest": digest,
            "x_seen": int(x_seen),
        }
    )


def add_metric(name: str, **values: float | int | str) -> None:
    """Record figures that are not a layer (symbols per cycle, streams tried, coverage bins)."""
    _append({"kind": "metric", "name": name, **values})
