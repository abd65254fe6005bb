# SPDX-License-Identifier: Apache-2.0
"""Maximum matching in a general graph: Edmonds' blossoms, breadth first, one root at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


def maximum_matching(neighbours: Sequence[Sequence[int]]) -> list[int]:
    """The partner of each vertex (-1: none) in a matching with as many edges as there can be.

    neighbours: adjacency lists, both directions, no loops. A greedy start takes scarce vertices
    first; a search that fails leaves a tree no later search can gain from, so it is cut out.
    """
    mate = [-1] * len(neighbours)
    for vertex in sorted(range(len(neighbours)), key=lambda v: len(neighbours[v])):
        if mate[vertex] == -1:
            free = [other for other in neighbours[vertex] if mate[other] == -1]
            if free:
                other = min(free, key=lambda v: (len(neighbours[v]), v))
                mate[vertex], mate[other] = other, vertex
    gone = [False] * len(neighbours)
    for root in range(len(neighbours)):
        if mate[root] == -1 and not gone[root]:
            _grow(root, neighbours, mate, gone)
    return mate


def _grow(root: int, neighbours: Sequence[Sequence[int]], mate: list[int],
          gone: list[bool]) -> None:  # fmt: skip
    """Look for an augmenting path from `root`; apply it, or cut the whole tree out."""
    parent: dict[int, int] = {}  # of an odd vertex: the even one it was reached from
    base: dict[int, int] = {root: root}
    inside: dict[int, list[int]] = {}  # base of a blossom: all vertices in it
    even = {root}
    queue = deque([root])

    def find(vertex: int) -> int:
        return base.get(vertex, vertex)

    def common(one: int, other: int) -> int:
        seen = set()
        while True:
            one = find(one)
            seen.add(one)
            if mate[one] == -1:
                break
            one = parent[mate[one]]
        while True:
            other = find(other)
            if other in seen:
                return other
            other = parent[mate[other]]

    def mark(vertex: int, top: int, child: int, blossom: set[int]) -> None:
        while find(vertex) != top:
            blossom |= {find(vertex), find(mate[vertex])}
            parent[vertex] = child
            child = mate[vertex]
            vertex = parent[mate[vertex]]

    while queue:
        vertex = queue.popleft()
        for other in neighbours[vertex]:
            if gone[other] or find(vertex) == find(other) or mate[vertex] == other:
                continue
            if other in even:
                top = common(vertex, other)
                blossom: set[int] = set()
                mark(vertex, top, other, blossom)
                mark(other, top, vertex, blossom)
                whole = inside.setdefault(top, [top])
                for old in sorted(blossom):
                    for inner in inside.pop(old, (old,)):
                        base[inner] = top
                        whole.append(inner)
                        if inner not in even:
                            even.add(inner)
                            queue.append(inner)
            elif other not in parent:
                parent[other] = vertex
                if mate[other] == -1:
                    while other != -1:
                        before = parent[other]
                        other_next = mate[before]
                        mate[other], mate[before] = before, other
                        other = other_next
                    return
                partner = mate[other]
                even.add(partner)
                base.setdefault(partner, partner)
                base.setdefault(other, other)
                queue.append(partner)
    for vertex in (*even, *parent):
        gone[vertex] = True
