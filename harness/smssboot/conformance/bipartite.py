"""Maximum matching in a bipartite graph (Hopcroft and Karp), O(E * sqrt(V))."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

_FAR = 1 << 60


def maximum_matching(left: Sequence[Sequence[int]], right_size: int) -> tuple[list[int], list[int]]:
    """Partners of the left and of the right vertices (-1 for none).

    `left[u]` lists the right vertices that u may be matched with.
    """
    pair_left = [-1] * len(left)
    pair_right = [-1] * right_size
    while True:
        depth = _layers(left, pair_left, pair_right)
        if depth is None:
            return pair_left, pair_right
        for root in range(len(left)):
            if pair_left[root] == -1:
                _augment(root, left, pair_left, pair_right, depth)


def _layers(
    left: Sequence[Sequence[int]], pair_left: list[int], pair_right: list[int]
) -> list[int] | None:
    """Breadth-first depth of the left vertices, or None when no augmenting path is left."""
    depth = [_FAR] * len(left)
    queue: deque[int] = deque()
    for u, partner in enumerate(pair_left):
        if partner == -1:
            depth[u] = 0
            queue.append(u)
    found = False
    while queue:
        u = queue.popleft()
        for v in left[u]:
            w = pair_right[v]
            if w == -1:
                found = True
            elif depth[w] == _FAR:
                depth[w] = depth[u] + 1
                queue.append(w)
    return depth if found else None


def _augment(
    root: int,
    left: Sequence[Sequence[int]],
    pair_left: list[int],
    pair_right: list[int],
    depth: list[int],
) -> bool:
    """Follow one shortest augmenting path, without recursion."""
    path: list[tuple[int, int]] = []
    stack = [(root, iter(left[root]))]
    while stack:
        u, neighbours = stack[-1]
        for v in neighbours:
            w = pair_right[v]
            if w == -1:
                path.append((u, v))
                for a, b in path:
                    pair_left[a], pair_right[b] = b, a
                return True
            if depth[w] == depth[u] + 1:
                path.append((u, v))
                stack.append((w, iter(left[w])))
                break
        else:
            depth[u] = _FAR
            stack.pop()
            if path:
                path.pop()
    return False
