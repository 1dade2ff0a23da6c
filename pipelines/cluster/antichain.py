"""The heaviest set of tasks of a graph of which none waits for another: what may be under way at the same time."""

from collections import deque
from collections.abc import Collection, Mapping
from decimal import Decimal

_SOURCE, _SINK = ("source", ""), ("sink", "")
_Node = tuple[str, str]


def heaviest_antichain(weights: Mapping[str, Decimal], needs: Mapping[str, Collection[str]]) -> Decimal:
    """The largest sum of weights over tasks that may all run at once.

    By the theorem of Dilworth, with each task standing as often as it weighs: the heaviest antichain weighs as much as
    all tasks less the largest flow between each task and those that wait for it, however indirectly.

    Args:
        weights: What each task weighs, 0 or more.
        needs: The tasks that each waits for; those that have no weight are passed over.
    """
    capacity: dict[_Node, dict[_Node, Decimal]] = {_SOURCE: {}, _SINK: {}}
    total = sum(weights.values(), Decimal(0))
    for task, weight in weights.items():
        capacity[_SOURCE]["before", task] = weight
        capacity.setdefault(("before", task), {})
        capacity.setdefault(("after", task), {})[_SINK] = weight
    for task in weights:
        for earlier in _all_needed(task, needs) & set(weights):
            capacity["before", earlier]["after", task] = total
    return total - _largest_flow(capacity)


def _all_needed(task: str, needs: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [*needs.get(task, ())]
    while waiting:
        earlier = waiting.pop()
        if earlier not in found:
            found.add(earlier)
            waiting += needs.get(earlier, ())
    return found


def _largest_flow(capacity: dict[_Node, dict[_Node, Decimal]]) -> Decimal:
    """The largest flow from source to sink, along shortest paths with room (Edmonds and Karp); uses the room up."""
    flow = Decimal(0)
    while path := _shortest_path(capacity):
        amount = min(capacity[here][there] for here, there in path)
        for here, there in path:
            capacity[here][there] -= amount
            capacity[there][here] = capacity[there].get(here, Decimal(0)) + amount
        flow += amount
    return flow


def _shortest_path(capacity: Mapping[_Node, Mapping[_Node, Decimal]]) -> list[tuple[_Node, _Node]]:
    came_from: dict[_Node, _Node] = {_SOURCE: _SOURCE}
    waiting = deque([_SOURCE])
    while waiting and _SINK not in came_from:
        here = waiting.popleft()
        for there, room in capacity[here].items():
            if room and there not in came_from:
                came_from[there] = here
                waiting.append(there)
    path, there = [], _SINK
    while there in came_from and there != _SOURCE:
        path.append((came_from[there], there))
        there = came_from[there]
    return path[::-1]
