"""What both engines do to resources: create, update, replace, delete, and leave alone."""

from __future__ import annotations

import re

from tests.rehearsal.engine.engines import Embedded, Engine, resources, urn

CHAIN = """
a = Thing("a", size=1)
b = Thing("b", of=a.arn)
pulumi.export("arn", b.arn)
"""


def test_an_up_creates_what_the_program_has_and_the_next_one_changes_nothing(engine: Engine) -> None:
    engine.program(CHAIN)
    first = engine.run("up")
    assert first.ok, first.text
    assert first.changes == {"create": 3}
    assert first.outputs == {"arn": "arn:b-2"}
    assert engine.cloud.things["b-2"]["of"] == "arn:a-1"
    engine.cloud.forget()
    assert engine.run("up").changes == {"same": 3}
    assert engine.cloud.did("create") == engine.cloud.did("update") == []


def test_a_preview_touches_nothing_and_knows_no_outputs(engine: Engine) -> None:
    engine.program(CHAIN)
    result = engine.run("preview")
    assert result.ok, result.text
    assert result.changes == {"create": 3}
    assert engine.cloud.things == {}
    assert "resources" not in engine.exported()["deployment"]


def test_a_preview_shows_what_is_not_known_yet(embedded: Embedded) -> None:
    embedded.program(CHAIN)
    assert embedded.run("preview").outputs == {"arn": "[unknown]"}
    assert embedded.cloud.seen["check", "b"]["of"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def test_a_changed_property_updates_in_place(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.run("up")
    engine.program('Thing("a", size=2)')
    assert engine.run("preview").changes == {"update": 1, "same": 1}
    assert engine.run("up").changes == {"update": 1, "same": 1}
    assert engine.cloud.things == {"a-1": {"size": 2, "arn": "arn:a-1"}}
    assert resources(engine)["a"]["inputs"] == {"size": 2}


def test_a_replacement_is_created_before_the_old_one_goes(engine: Engine) -> None:
    engine.program('a = Thing("a", fixed="x"); Thing("b", of=a.arn)')
    engine.run("up")
    engine.cloud.forget()
    engine.program('a = Thing("a", fixed="y"); Thing("b", of=a.arn)')
    assert engine.run("preview").changes == {"replace": 1, "update": 1, "same": 1}
    assert engine.run("up").changes == {"replace": 1, "update": 1, "same": 1}
    acts = [call for call in engine.cloud.calls if call[0] in ("create", "update", "delete")]
    assert acts == [("create", "a"), ("update", "b"), ("delete", "a")]
    assert engine.cloud.things["b-2"]["of"] == "arn:a-3"
    assert sorted(engine.cloud.things) == ["a-3", "b-2"]


def test_a_replaced_resource_gets_a_new_name(engine: Engine) -> None:
    engine.program('Thing("a", autoname=True, fixed="x")')
    engine.run("up")
    before = resources(engine)["a"]["inputs"]["name"]
    engine.program('Thing("a", autoname=True, fixed="x", size=2)')
    engine.run("up")
    assert resources(engine)["a"]["inputs"]["name"] == before
    engine.program('Thing("a", autoname=True, fixed="y", size=2)')
    engine.run("up")
    assert resources(engine)["a"]["inputs"]["name"] != before


def test_what_must_go_first_takes_its_dependents_with_it(engine: Engine) -> None:
    engine.program('a = Thing("a", first="x"); b = Thing("b", fixed=a.arn); Thing("c", of=b.arn)')
    engine.run("up")
    engine.cloud.forget()
    engine.program('a = Thing("a", first="y"); b = Thing("b", fixed=a.arn); Thing("c", of=b.arn)')
    assert engine.run("up").changes == {"replace": 2, "update": 1, "same": 1}
    acts = [call for call in engine.cloud.calls if call[0] in ("create", "update", "delete")]
    assert acts == [
        ("delete", "b"),
        ("delete", "a"),
        ("create", "a"),
        ("create", "b"),
        ("update", "c"),
    ]


def test_what_must_go_first_takes_along_what_goes_with_its_dependents(engine: Engine) -> None:
    text = 'a = Thing("a", first="{0}"); b = Thing("b", fixed=a.arn); Thing("c", Options(deleted_with=b))'
    engine.program(text.format("x"))
    engine.run("up")
    engine.cloud.forget()
    engine.program(text.format("y"))
    assert engine.run("up").changes == {"replace": 3, "same": 1}
    assert engine.cloud.did("delete") == ["b", "a"]
    assert sorted(engine.cloud.did("create")) == ["a", "b", "c"]


def test_the_program_decides_whether_to_delete_first(engine: Engine) -> None:
    text = 'Thing("a", Options(delete_before_replace={first}), {key}="{value}")'
    engine.program(text.format(first=True, key="fixed", value="x"))
    engine.run("up")
    engine.cloud.forget()
    engine.program(text.format(first=True, key="fixed", value="y"))
    engine.run("up")
    assert [call[0] for call in engine.cloud.calls if call[0] in ("create", "delete")] == ["delete", "create"]


def test_what_the_program_no_longer_has_is_deleted_last_things_first(engine: Engine) -> None:
    engine.program('a = Thing("a"); b = Thing("b", of=a.arn); Thing("c", of=b.arn)')
    engine.run("up")
    engine.cloud.forget()
    engine.program("")
    assert engine.run("preview").changes == {"delete": 3, "same": 1}
    assert engine.run("up").changes == {"delete": 3, "same": 1}
    assert engine.cloud.did("delete") == ["c", "b", "a"]


def test_a_destroy_deletes_all_without_running_the_program(engine: Engine) -> None:
    engine.program('a = Thing("a"); Thing("b", of=a.arn)')
    engine.run("up")
    engine.program("raise Exception('not to be run')")
    result = engine.run("destroy")
    assert result.ok, result.text
    assert result.changes == {"delete": 3}
    assert engine.cloud.did("delete") == ["b", "a"]
    assert engine.cloud.things == {}


def test_a_refresh_takes_over_what_was_changed_outside(engine: Engine) -> None:
    engine.program('Thing("a", size=1); Thing("b")')
    engine.run("up")
    engine.cloud.things["a-1" if "a-1" in engine.cloud.things else "a-2"]["size"] = 7
    result = engine.run("refresh")
    assert result.changes == {"update": 1, "same": 2}
    assert resources(engine)["a"]["outputs"]["size"] == 7
    assert engine.run("preview").changes == {"update": 1, "same": 2}


def test_a_refresh_takes_over_an_id_that_alone_has_changed(engine: Engine) -> None:
    engine.program('Thing("a")')
    engine.run("up")
    (before,) = engine.cloud.things
    engine.cloud.renamed[before] = f"{before}-moved"
    assert engine.run("refresh").ok
    assert resources(engine)["a"]["id"] == f"{before}-moved"


def test_a_refresh_forgets_what_is_gone_and_the_next_up_makes_it_again(engine: Engine) -> None:
    engine.program('a = Thing("a"); Thing("b", of=a.arn)')
    engine.run("up")
    engine.cloud.things.pop("a-1")
    assert engine.run("refresh").changes == {"delete": 1, "same": 2}
    assert sorted(resources(engine)) == ["b", "demo-dev"]
    assert resources(engine)["b"].get("dependencies", []) == []
    assert engine.run("up").changes == {"create": 1, "update": 1, "same": 1}


def test_an_up_can_refresh_first(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.run("up")
    engine.cloud.things["a-1"]["size"] = 7
    assert engine.run("up", refresh=True).changes.get("update") == 1
    assert engine.cloud.things["a-1"]["size"] == 1


def test_only_targets_are_touched(engine: Engine) -> None:
    engine.program('Thing("a", size=1); Thing("b", size=1)')
    engine.run("up")
    engine.program('Thing("a", size=2); Thing("b", size=2); Thing("c")')
    result = engine.run("up", targets=[urn("a")])
    assert result.ok, result.text
    assert result.changes["update"] == 1
    assert engine.cloud.did("update") == ["a"]
    assert sorted(resources(engine)) == ["a", "b", "demo-dev"]


def test_a_target_that_needs_what_is_not_there_is_refused(engine: Engine) -> None:
    engine.program('a = Thing("a"); Thing("b", of=a.arn)')
    result = engine.run("up", targets=[urn("b")])
    assert not result.ok
    assert engine.cloud.things == {}


def test_a_target_is_not_destroyed_under_what_needs_it(engine: Engine) -> None:
    engine.program('a = Thing("a"); Thing("b", of=a.arn)')
    engine.run("up")
    assert not engine.run("destroy", targets=[urn("a")]).ok
    assert sorted(resources(engine)) == ["a", "b", "demo-dev"]
    assert engine.run("destroy", targets=[urn("a")], target_dependents=True).ok
    assert sorted(resources(engine)) == ["demo-dev"]


def test_a_resource_can_be_replaced_on_demand(engine: Engine) -> None:
    engine.program('Thing("a", size=1)')
    engine.run("up")
    assert engine.run("up", replace=[urn("a")]).changes["replace"] == 1
    assert sorted(engine.cloud.things) == ["a-2"]


def test_a_refresh_shows_what_is_gone_and_leaves_the_references_to_what_is_there(embedded: Embedded) -> None:
    embedded.program('a = Thing("a"); c = Thing("c"); Thing("b", of=a.arn, by=c.arn)')
    embedded.run("up")
    embedded.cloud.things.pop(next(key for key in embedded.cloud.things if key.startswith("a-")))
    shown = embedded.run("refresh").text
    assert re.search(r"^ *- .*\ba\b", shown, re.MULTILINE), shown
    b = resources(embedded)["b"]
    assert b["dependencies"] == [urn("c")]
    assert b["propertyDependencies"] == {"of": [], "by": [urn("c")]}


def test_an_up_counts_its_own_changes_and_not_those_that_its_refresh_found(embedded: Embedded) -> None:
    embedded.program('Thing("a"); Thing("b", size=1)')
    embedded.run("up")
    embedded.cloud.things.clear()
    assert embedded.run("up", refresh=True).changes == {"create": 2, "same": 1}
