"""A stack's resources as a picture has them: a box for each component, in it what it is made of, and arrows
to the components that it needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases.engine_events import PROVIDER, SAME, STACK, Events, Step

#: Where resources stand that belong to no component.
ALONE = "the stack itself"


@dataclass(frozen=True)
class Node:
    """A resource. `op` is what is done to it, `SAME` for nothing."""

    urn: str
    type: str
    parent: str
    custom: bool
    op: str = SAME

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def kind(self) -> str:
        """The last word of its type, as AWS names it: `LaunchTemplate`."""
        return self.type.rpartition(":")[2]


@dataclass(frozen=True)
class Graph:
    """Resources by URN, and which needs which: `needs[a]` are those that `a` refers to."""

    nodes: Mapping[str, Node]
    needs: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Row:
    """Resources of one kind that stand together, with what is done to them."""

    kind: str
    op: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A part of a box: a component in it ("" for what the box's own component makes) and its resources."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Box:
    """A component right below the stack. `changed` is False of one that stands there for what hangs on it."""

    title: str
    kind: str
    sections: tuple[Section, ...]
    changed: bool = False


@dataclass(frozen=True)
class Drawing:
    """What is drawn. An arrow leads from a box, by its number, to one that it needs."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    of_changes: bool = False


def of_state(resources: Iterable[Mapping[str, Any]]) -> Graph:
    """The graph in a stack's state."""
    nodes, needs = {}, {}
    for each in resources:
        node = Node(
            str(each["urn"]), str(each["type"]), str(each.get("parent") or ""), bool(each.get("custom"))
        )
        if not _left_out(node.type):
            nodes[node.urn] = node
            needs[node.urn] = frozenset(_named(each))
    return _tidy(nodes, needs)


def of_events(events: Events, before: Graph) -> Graph:
    """The graph after an update, and what goes in it. The engine does not tell what needs what: that is known
    of what was there `before`, and of what is new as far as it names something that is there.
    """
    steps = [step for step in events.steps.values() if not _left_out(step.type)]
    owners = dict(_owners(steps))
    nodes, needs = {}, {}
    for step in steps:
        nodes[step.urn] = Node(step.urn, step.type, step.side.parent, step.side.custom, step.op)
        known = before.needs.get(step.urn, frozenset())
        needs[step.urn] = known or frozenset(
            owners[text] for text in _texts(step.side.inputs) if text in owners
        )
    return _tidy(nodes, needs)


def _left_out(kind: str) -> bool:
    return kind == STACK or kind.startswith(PROVIDER)


def _named(resource: Mapping[str, Any]) -> Iterator[str]:
    yield from resource.get("dependencies") or ()
    for urns in (resource.get("propertyDependencies") or {}).values():
        yield from urns or ()


def _owners(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    """Whose ID or ARN a text is. What a resource was itself given, such as a name, may be another one's."""
    for step in steps:
        given = {"", *_texts(step.side.inputs)}
        for text in (step.side.id, str(step.side.outputs.get("arn") or "")):
            if text not in given:
                yield text, step.urn


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _tidy(nodes: dict[str, Node], needs: dict[str, frozenset[str]]) -> Graph:
    """In one order, for the same picture each time: resources come in the order of work."""
    ordered = dict(sorted(nodes.items()))
    return Graph(
        ordered,
        {urn: frozenset(each for each in needs[urn] if each in nodes and each != urn) for urn in ordered},
    )


def draw(graph: Graph, *, only_changes: bool = False) -> Drawing:
    """The picture of a graph. With `only_changes` each box shows what changes in it, and one without changes
    is left out unless one with some needs it.
    """
    places = {urn: _place(graph, urn) for urn in graph.nodes}
    tops = list(dict.fromkeys(place[0] for place in places.values()))
    between = {(places[urn][0], places[other][0]) for urn, others in graph.needs.items() for other in others}
    arrows = _reduced({(one, other) for one, other in between if one != other})
    boxes = {top: _box(graph, top, places, only_changes=only_changes) for top in tops}
    if only_changes:
        shown = {top for top in tops if boxes[top].changed}
        beside = {other for one, other in arrows if one in shown}
        tops = [top for top in tops if top in shown | beside]
        arrows = {(one, other) for one, other in arrows if one in shown and other in tops}
    number = {top: index for index, top in enumerate(tops)}
    drawn = sorted((number[one], number[other]) for one, other in arrows)
    return Drawing(tuple(boxes[top] for top in tops), tuple(drawn), only_changes)


def _place(graph: Graph, urn: str) -> tuple[str, ...]:
    """The components around a resource, the outermost first; ("",) for what is in none."""
    chain: list[str] = []
    node = graph.nodes.get(urn)
    while node is not None and urn not in chain:
        if not node.custom:
            chain.append(urn)
        urn = node.parent
        node = graph.nodes.get(urn)
    return tuple(reversed(chain)) or ("",)


def _box(graph: Graph, top: str, places: Mapping[str, tuple[str, ...]], *, only_changes: bool) -> Box:
    sections: dict[str, list[Node]] = defaultdict(list)
    inside = {urn: graph.nodes[urn] for urn, place in places.items() if place[0] == top}
    nodes = {urn: node for urn, node in inside.items() if node.custom}
    for urn, node in nodes.items():
        if not only_changes or node.op != SAME:
            sections[_title(graph, top, places[urn][1:2])].append(node)
    changed = any(node.op != SAME for node in nodes.values())
    kind = "" if not top else graph.nodes[top].kind
    title = ALONE if not top else graph.nodes[top].name
    parts = tuple(Section(name, _rows(part)) for name, part in sections.items())
    return Box(title, kind, parts, changed)


def _title(graph: Graph, top: str, inner: Sequence[str]) -> str:
    """A component in a box: its kind, and its name where that is not the box's own."""
    if not inner:
        return ""
    node = graph.nodes[inner[0]]
    return node.kind if node.name == graph.nodes[top].name else f"{node.kind} {node.name}"


def _rows(nodes: Iterable[Node]) -> tuple[Row, ...]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for node in nodes:
        found[node.kind, node.op].append(node.name)
    return tuple(Row(kind, op, tuple(names)) for (kind, op), names in found.items())


def _reduced(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the arrows that others say too: what A needs for B, it needs through B. They are left out one
    after the other, so that boxes that need each other stay joined.
    """
    left = set(arrows)
    for arrow in sorted(arrows):
        if arrow[1] in _reached(left - {arrow}, arrow[0]):
            left.remove(arrow)
    return left


def _reached(arrows: set[tuple[str, str]], start: str) -> set[str]:
    """The boxes that a box leads to, by any way."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        further = {other for one, other in arrows if one == here} - seen
        seen |= further
        waiting += further
    return seen
