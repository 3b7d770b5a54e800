"""The picture of a stack: boxes by component, arrows to what they need, as Mermaid and as SVG."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.releases import engine_events, graph, graph_layout, graph_mermaid, graph_svg
from scripts.releases.graph import Box, Drawing, Row, Section
from scripts.releases.graph_layout import Size
from tests.scripts.told_events import GROUP, NETWORK, SERVICE, STACK, TEMPLATE, ToldEvents, urn

VPC = "aws:ec2/vpc:Vpc"
PART = "immutable:launchtemplate:LaunchTemplate"
ROOT = urn(STACK, "immutable-staging")


def resource(kind: str, name: str, parent: str = ROOT, **more: Any) -> dict[str, Any]:
    custom = not kind.startswith("immutable:")
    return {"urn": urn(kind, name), "type": kind, "custom": custom, "parent": parent, **more}


def environment() -> list[dict[str, Any]]:
    """A network, an entry point in it, and a service that needs both."""
    network, web, entry = urn(NETWORK, "network"), urn(SERVICE, "web"), urn(SERVICE, "entry")
    return [
        {"urn": ROOT, "type": STACK, "custom": False},
        resource("pulumi:providers:aws", "default"),
        resource(NETWORK, "network"),
        resource(VPC, "network", network),
        resource(SERVICE, "entry"),
        resource(GROUP, "entry", entry, dependencies=[urn(VPC, "network")]),
        resource(SERVICE, "web"),
        resource(PART, "web", web),
        resource(TEMPLATE, "web", urn(PART, "web"), propertyDependencies={"a": [urn(GROUP, "entry")]}),
        resource(PART, "web-more", web),
        resource("aws:iam/role:Role", "web", urn(PART, "web-more"), dependencies=[urn(TEMPLATE, "web")]),
        *(
            resource("aws:sqs/queue:Queue", f"web-{n}", web, dependencies=[urn(VPC, "network")])
            for n in range(2)
        ),
        resource("aws:sns/topic:Topic", "alone"),
    ]


def drawn() -> Drawing:
    return graph.draw(graph.of_state(environment()))


def test_a_box_for_each_component_with_its_parts_and_what_they_are_made_of() -> None:
    boxes = {box.title: box for box in drawn().boxes}
    assert list(boxes) == ["entry", "web", "network", "the stack itself"]
    assert boxes["web"] == Box(
        "web",
        "Service",
        (
            Section("LaunchTemplate", (Row("LaunchTemplate", "same", ("web",)),)),
            Section("LaunchTemplate web-more", (Row("Role", "same", ("web",)),)),
            Section("", (Row("Queue", "same", ("web-0", "web-1")),)),
        ),
    )


def test_arrows_lead_to_what_is_needed_and_those_that_follow_from_others_are_left_out() -> None:
    drawing = drawn()
    names = [(drawing.boxes[one].title, drawing.boxes[other].title) for one, other in drawing.arrows]
    assert names == [("entry", "network"), ("web", "entry")]


def test_the_picture_is_the_same_in_whichever_order_resources_come() -> None:
    assert graph.draw(graph.of_state(reversed(environment()))) == drawn()


def test_components_that_need_each_other_stay_joined() -> None:
    both = [
        resource(SERVICE, "a"), resource(GROUP, "a", urn(SERVICE, "a"), dependencies=[urn(GROUP, "b")]),
        resource(SERVICE, "b"), resource(GROUP, "b", urn(SERVICE, "b"), dependencies=[urn(GROUP, "a")]),
    ]  # fmt: skip
    drawing = graph.draw(graph.of_state(both))
    assert drawing.arrows == ((0, 1), (1, 0))
    graph_svg.text(drawing, "a circle")


def changes() -> ToldEvents:
    """The service's template changes, a queue goes, and a new service names the network's ID. What is quiet
    needs the network too, and nobody needs it.
    """
    told = ToldEvents()
    told.step(
        "same", "aws:sns/topic:Topic", "quiet", {"a": "vpc-1"}, {}, parent=told.component(SERVICE, "quiet")
    )
    network, web = told.component(NETWORK, "network"), told.component(SERVICE, "web")
    told.step("same", VPC, "network", {}, {}, parent=network, id="vpc-1")
    named = {"name": "entry"}
    told.step("same", GROUP, "entry", named, named, parent=told.component(SERVICE, "entry"), id="entry")
    part = told.component(PART, "web", web)
    told.step("update", TEMPLATE, "web", {"a": 1}, {"a": 2}, parent=part)
    told.step("delete", "aws:sqs/queue:Queue", "web-0", {}, None, parent=web)
    told.step("same", "aws:sqs/queue:Queue", "web-1", {}, {}, parent=web)
    shop = told.component(SERVICE, "shop")
    told.step("create", GROUP, "shop", None, {"vpcs": ["vpc-1"], "name": "entry"}, parent=shop)
    return told


def changed() -> Drawing:
    events = engine_events.parse(changes().documents)
    return graph.draw(graph.of_events(events, graph.of_state(environment())), only_changes=True)


def test_a_picture_of_changes_has_what_changes_and_what_that_needs() -> None:
    drawing = changed()
    boxes = {box.title: box for box in drawing.boxes}
    assert {title: box.changed for title, box in boxes.items()} == {
        "network": False, "entry": False, "shop": True, "web": True,
    }  # fmt: skip
    assert boxes["web"].sections == (
        Section("LaunchTemplate", (Row("LaunchTemplate", "update", ("web",)),)),
        Section("", (Row("Queue", "delete", ("web-0",)),)),
    )
    assert boxes["network"].sections == ()


def test_what_is_new_needs_whose_id_it_names_and_not_whoever_has_the_same_name() -> None:
    events = engine_events.parse(changes().documents)
    drawing = graph.draw(graph.of_events(events, graph.of_state(())), only_changes=True)
    names = [(drawing.boxes[one].title, drawing.boxes[other].title) for one, other in drawing.arrows]
    assert names == [("shop", "network")]


def test_what_is_new_needs_whose_arn_it_names() -> None:
    told = ToldEvents()
    told.step(
        "same", VPC, "network", {}, {}, parent=told.component(NETWORK, "network"), outputs={"arn": "arn:1"}
    )
    told.step(
        "create", GROUP, "shop", None, {"of": [{"it": "arn:1"}]}, parent=told.component(SERVICE, "shop")
    )
    events = engine_events.parse(told.documents)
    assert graph.draw(graph.of_events(events, graph.of_state(())), only_changes=True).arrows == ((0, 1),)


def test_mermaid_says_what_is_done_in_words_that_it_does_not_take_for_its_own() -> None:
    text = graph_mermaid.text(changed())
    assert '["<b>web</b> <i>Service</i><br/>~ LaunchTemplate web<br/>- Queue web-0"]:::update' in text
    assert '["<b>shop</b> <i>Service</i><br/>+ Group shop"]:::create' in text
    assert '["<b>network</b> <i>Network</i>"]:::beside' in text
    assert text.count(" --> ") == len(changed().arrows)
    assert "\n  classDef beside " in text
    head = '%%{init: {"flowchart": {"wrappingWidth": 600}}}%%\nflowchart LR\n  b0'
    assert text.startswith(head)


def test_a_box_in_which_different_things_are_done_is_updated() -> None:
    rows = (Row("Role", "create", ("a", "b")), Row("Policy", "delete", ("c",)))
    text = graph_mermaid.text(Drawing((Box("web", "Service", (Section("Part", rows),), True),), (), True))
    assert '<br/>+ Role x2 <i>Part</i><br/>- Policy c <i>Part</i>"]:::update' in text


@given(st.text(min_size=1))
def test_no_name_ends_its_label(name: str) -> None:
    drawing = Drawing((Box(name, name, (Section(name, (Row(name, "same", (name,)),)),)),), ())
    (line,) = [line for line in graph_mermaid.text(drawing).split("\n") if line.startswith("  b0")]
    label = line.removeprefix('  b0["').removesuffix('"]:::same')
    assert not re.search(r'["`\[\]{}|]', label)
    assert re.fullmatch(r"(</?[bi]>|<br/>|[^<>])*", label)


def test_a_part_that_stays_is_one_line_however_much_is_in_it() -> None:
    rows = (Row("Role", "same", ("a",)), Row("Policy", "same", ("b", "c")))
    text = graph_mermaid.text(Drawing((Box("web", "Service", (Section("LaunchTemplate", rows),)),), ()))
    assert "<br/>LaunchTemplate <i>3 resources</i>" in text
    text = graph_mermaid.text(Drawing((Box("web", "Service", (Section("", rows),)),), ()))
    assert "<br/>Role a<br/>Policy x2" in text


def test_a_long_box_is_cut_and_says_of_how_much() -> None:
    rows = tuple(Row(f"Kind{n}", "create", (f"name{n}",)) for n in range(20))
    text = graph_mermaid.text(Drawing((Box("web", "Service", (Section("", rows),), True),), (), True))
    assert "Kind10" in text
    assert "Kind11" not in text
    assert "… of 20 resources" in text


def test_a_diagram_that_github_would_not_show_loses_what_is_in_its_boxes() -> None:
    rows = tuple(Row("Kind" * 30, "create", (f"name{n}",)) for n in range(10))
    boxes = tuple(Box(f"box{n}", "Service", (Section("", rows),)) for n in range(100))
    text = graph_mermaid.text(Drawing(boxes, ()))
    assert len(text) <= graph_mermaid.MOST_CHARACTERS
    assert "<b>box99</b> <i>Service</i><br/>10 resources" in text


def test_the_svg_is_one_and_names_everything() -> None:
    root = ElementTree.fromstring(graph_svg.text(changed(), 'a & b: "what" <changes>'))  # noqa: S314
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == 'a & b: "what" <changes>'
    assert {"web Service", "- Queue web-0web-0", "+ Group shopshop", "created", "deleted", "updated"} <= set(
        texts
    )
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) == len(changed().arrows) + 1


@pytest.mark.parametrize(("many", "end"), [(40, "Kind39 kk"), (43, "… 3 more lines")])
def test_a_box_of_the_svg_has_forty_lines_and_says_of_more(many: int, end: str) -> None:
    rows = tuple(Row(f"Kind{n}", "same", ("k",)) for n in range(many))
    sections = (Section("", rows[:20]), Section("Part", rows[20:]), Section("", ()))
    text = graph_svg.text(Drawing((Box("web", "Service", sections),), ()), "many")
    root = ElementTree.fromstring(text)  # noqa: S314
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[-1] == end
    assert len(texts) == 2 + 1 + 1 + 40 + (many > 40)


@pytest.mark.parametrize("only_changes", [False, True])
def test_no_box_lies_upon_another_or_outside(only_changes: bool) -> None:
    drawing = changed() if only_changes else drawn()
    sizes = {number: Size(100 + 10 * number, 50 + 30 * number) for number in range(len(drawing.boxes))}
    layout = graph_layout.lay_out(drawing, sizes, top=90)
    places = list(layout.placed.values())
    for one in places:
        assert one.x >= 0
        assert one.y >= 90
        assert one.right <= layout.width
        assert one.y + one.size.height <= layout.height
        for other in places:
            apart = one.right <= other.x or other.right <= one.x
            above = one.y + one.size.height <= other.y or other.y + other.size.height <= one.y
            assert one is other or apart or above


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_an_arrow_that_closes_no_circle_leads_to_the_right(arrows: set[tuple[int, int]]) -> None:
    upward = tuple(sorted((one, other) for one, other in arrows if one < other))
    drawing = Drawing(tuple(Box(str(n), "", ()) for n in range(8)), upward)
    placed = graph_layout.lay_out(drawing, dict.fromkeys(range(8), Size(10, 10)), top=0).placed
    assert all(placed[one].right < placed[other].x for one, other in upward)


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_any_picture_has_a_place_for_every_box(arrows: set[tuple[int, int]]) -> None:
    drawing = Drawing(
        tuple(Box(str(n), "", ()) for n in range(7)),
        tuple(sorted(each for each in arrows if each[0] != each[1])),
    )
    layout = graph_layout.lay_out(drawing, dict.fromkeys(range(7), Size(10, 10)), top=0)
    assert len({(each.x, each.y) for each in layout.placed.values()}) == 7
