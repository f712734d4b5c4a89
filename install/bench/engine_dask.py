"""Dask's side of `cargo lab bench engine`: the same graphs and chains.

The bench starts this program and asks for one round a line, `NAME COUNT`. The answer is one line, `ok SECONDS` or
`failed REASON`; before the first question comes `ok VERSION`. So both sides are measured in turns, under one load.
"""

from __future__ import annotations

import sys
import time
from functools import cache
from math import sin, sqrt

try:
    import dask
    import dask.array
    import dask.bag
    import dask.threaded
except ImportError as error:
    print(f"failed Dask cannot be imported: {error}", flush=True)
    sys.exit()

FAN = 8
ABREAST = 10
PARTITIONS = 8


def nothing(*_):
    return None


def run(graph: dict, targets) -> None:
    dask.threaded.get(graph, targets)


def wide(tasks: int) -> None:
    half = range(tasks // 2)
    graph = {("a", i): (nothing, i) for i in half}
    graph |= {("b", i): (nothing, ("a", i)) for i in half}
    run(graph, [("b", i) for i in half])


def deep(tasks: int) -> None:
    graph = {(0, i): (nothing, i) for i in range(ABREAST)}
    layers = tasks // ABREAST
    graph |= {(n, i): (nothing, (n - 1, i)) for n in range(1, layers) for i in range(ABREAST)}
    run(graph, [(layers - 1, i) for i in range(ABREAST)])


def tree(tasks: int) -> None:
    width = tasks // FAN * (FAN - 1)
    graph, level = {(0, i): (nothing, i) for i in range(width)}, 0
    while width > 1:
        below, width, level = width, -(-width // FAN), level + 1
        for i in range(width):
            reads = [(level - 1, j) for j in range(i * FAN, min((i + 1) * FAN, below))]
            graph[level, i] = (nothing, reads)
    run(graph, (level, 0))


def fan_in(tasks: int) -> None:
    graph = {("a", i): (nothing, i) for i in range(tasks - 1)}
    graph["all"] = (nothing, list(graph))
    run(graph, "all")


def increment(number: int) -> int:
    return number + 1


def delayed_chain(calls: int) -> None:
    function = dask.delayed(increment, pure=True)
    value = dask.delayed(0)
    for _ in range(calls):
        value = function(value)
    assert value.compute(scheduler="threads") == calls


def delayed_wide(calls: int) -> None:
    function = dask.delayed(increment, pure=True)
    numbers = [function(i) for i in range(1, calls)]
    assert dask.delayed(len)(numbers).compute(scheduler="threads") + 1 == calls


@cache
def numbers(elements: int) -> dask.bag.Bag:
    return dask.bag.from_sequence(range(elements), npartitions=PARTITIONS)


def scaled(n: int) -> int:
    return n * 3 + 1


def is_even(n: int) -> bool:
    return n % 2 == 0


def halved(n: int) -> int:
    return n // 2


def wave(n: int) -> float:
    return sin(sqrt(n))


def is_positive(x: float) -> bool:
    return x > 0


def squared(x: float) -> float:
    return x * x


def faster(bag) -> float:
    """Seconds of the faster scheduler: a bag of Python objects may gain or lose by processes."""
    return min(timed(lambda: bag.compute(scheduler=scheduler)) for scheduler in ("threads", "processes"))


def bag_integers(elements: int) -> float:
    return faster(numbers(elements).map(scaled).filter(is_even).map(halved).sum())


def bag_waves(elements: int) -> float:
    return faster(numbers(elements).map(wave).filter(is_positive).map(squared).sum())


@cache
def square(elements: int) -> dask.array.Array:
    side = round(elements**0.5)
    random = dask.array.random.default_rng(7).random((side, side), chunks=(side // 4, side // 4))
    return random.persist(scheduler="threads")


def array(elements: int) -> float:
    x = square(elements)
    return timed(lambda: (dask.array.sqrt(x * 2.0 + 1.0) - x).sum().compute(scheduler="threads"))


def timed(work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


# These take the time of their whole work; those above of a part of it, and hand it back.
GRAPHS = {
    "wide": wide,
    "deep": deep,
    "tree": tree,
    "fan-in": fan_in,
    "delayed-chain": delayed_chain,
    "delayed-wide": delayed_wide,
}
CHAINS = {"bag-integers": bag_integers, "bag-waves": bag_waves, "array": array}


def seconds(name: str, count: int) -> float:
    if name in GRAPHS:
        return timed(lambda: GRAPHS[name](count))
    return CHAINS[name](count)


def main() -> None:
    version = f"Dask {dask.__version__} on Python {sys.version.split()[0]}"
    print(f"ok {version}", flush=True)
    for question in sys.stdin:
        name, count = question.split()
        try:
            answer = f"ok {seconds(name, int(count))}"
        except Exception as error:
            answer = f"failed {version}, {name}: {type(error).__name__}: {error}".replace("\n", " ")
        print(answer, flush=True)


# The process scheduler imports this file anew in each of its processes.
if __name__ == "__main__":
    main()
