"""Which services call which: a graph that every request enters by a route, checked before anything exists.

Workloads have one of their own: they find each other within their cluster.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence, Set
from typing import Protocol

from stacks.problems import Place, nearest, shown


class Calling(Protocol):
    """What is looked at of a service."""

    @property
    def port(self) -> int | None: ...
    @property
    def route(self) -> object | None: ...
    @property
    def calls(self) -> Sequence[str]: ...


def called(services: Mapping[str, Calling]) -> list[str]:
    """The services that others call, in the order of the stack's file."""
    wanted = {callee for service in services.values() for callee in service.calls}
    return [name for name in services if name in wanted]


def problems(
    services: Mapping[str, Calling], section: str = "services", others: Container[str] = ()
) -> Iterator[tuple[Place, str]]:
    """Calls that lead nowhere, and services that no request ever reaches, each on the key to change.

    `section` is where they stand, `services` or `workloads`; `others` are the names in the other of the two.
    """
    what = section.removesuffix("s")
    for name, service in services.items():
        for index, callee in enumerate(service.calls):
            place = (section, name, "calls", index)
            if callee == name:
                yield place, f"{shown(callee)} is the {what} itself; remove it"
            elif callee not in services and callee in others:
                other = "workload" if what == "service" else "service"
                text = f"{shown(callee)} is a {other}, and a {what} calls {section} alone"
                yield place, f"{text}; call it by its route, or make both of one kind"
            elif callee not in services:
                yield place, f"{shown(callee)} is no {what} of this stack; {nearest(callee, services)}"
            elif services[callee].port is None:
                yield place, f"{shown(callee)} has no port, so nobody can call it; give it one, or remove it"
            elif callee in service.calls[:index]:
                yield place, f"{shown(callee)} stands there twice; remove one"
    yield from _unreached(services, section)


def _unreached(services: Mapping[str, Calling], section: str) -> Iterator[tuple[Place, str]]:
    # A worker finds its work itself, and may call others for it.
    entered = {name for name, service in services.items() if service.route or service.port is None}
    reached = _reach(services, entered)
    lost = [name for name in services if name not in reached]
    told: Set[str] = set()
    for name in lost:
        callers = {each for each in lost if name in services[each].calls and each != name}
        if not callers:
            text = f"is missing, and no {section.removesuffix('s')} calls this one; set it to a priority with"
            text += f" hosts, paths or both, or name {name} in the calls of another"
            yield (section, name, "route"), text
            told |= _reach(services, {name})
    for name in lost:
        if name in told:
            continue
        # Whoever calls it is lost as well, and so on round: it stands in a circle, or behind one.
        onward = _reach(services, {name})
        circle = [each for each in lost if each in onward and name in _reach(services, {each})]
        if any(caller not in circle and set(services[caller].calls) & set(circle) for caller in lost):
            continue
        text = f"is missing; {', '.join(circle)} call only one another and no request reaches them"
        yield (section, name, "route"), f"{text}; give one of them a route"
        told |= onward


def _reach(services: Mapping[str, Calling], start: Set[str]) -> set[str]:
    """`start` and all that is called from there, directly or not."""
    found: set[str] = set()
    ahead = set(start)
    while ahead:
        found |= ahead
        further = {callee for name in ahead for callee in services[name].calls if callee in services}
        ahead = further - found
    return found
