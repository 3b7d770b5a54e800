"""The options of a resource, on both engines."""

from __future__ import annotations

import pytest

from tests.rehearsal.engine.engines import Engine, resources, urn


def test_an_ignored_path_keeps_its_old_value(engine: Engine) -> None:
    text = 'Thing("a", Options(ignore_changes=["deep.version"]), deep={{"version": {0}, "size": {1}}})'
    engine.program(text.format(1, 1))
    engine.run("up")
    engine.program(text.format(2, 1))
    assert engine.run("up").changes == {"same": 2}
    engine.program(text.format(2, 5))
    assert engine.run("up").changes == {"update": 1, "same": 1}
    assert engine.cloud.things["a-1"]["deep"] == {"version": 1, "size": 5}
    assert resources(engine)["a"]["inputs"]["deep"] == {"version": 1, "size": 5}


def test_a_change_can_be_made_to_replace(engine: Engine) -> None:
    text = 'Thing("a", Options(replace_on_changes=["size"]), size={0}, other={1})'
    engine.program(text.format(1, 1))
    engine.run("up")
    engine.program(text.format(1, 2))
    assert engine.run("up").changes == {"update": 1, "same": 1}
    engine.program(text.format(2, 2))
    assert engine.run("up").changes == {"replace": 1, "same": 1}


def test_a_protected_resource_is_neither_deleted_nor_replaced(engine: Engine) -> None:
    engine.program('Thing("a", Options(protect=True), fixed="x"); Thing("b")')
    engine.run("up")
    engine.program('Thing("a", Options(protect=True), fixed="y"); Thing("b")')
    assert not engine.run("up").ok
    assert not engine.run("preview").ok
    engine.program("")
    result = engine.run("up")
    assert not result.ok
    assert "protect" in result.text
    assert "a-1" in engine.cloud.things or "a-2" in engine.cloud.things
    assert not engine.run("destroy").ok
    assert engine.cloud.did("delete").count("a") == 0
    engine.program('Thing("a", Options(protect=False), fixed="x")')
    assert engine.run("up").ok
    assert engine.run("destroy").ok


def test_protection_comes_from_the_parent(engine: Engine) -> None:
    engine.program('box = Box("box", Options(protect=True)); Thing("a", Options(parent=box))')
    engine.run("up")
    assert resources(engine)["a"]["protect"] is True


def test_a_retained_resource_stays_in_the_cloud(engine: Engine) -> None:
    engine.program('Thing("a", Options(retain_on_delete=True))')
    engine.run("up")
    engine.program("")
    assert engine.run("up").changes == {"delete": 1, "same": 1}
    assert "a-1" in engine.cloud.things


def test_what_goes_with_another_is_not_deleted_by_itself(engine: Engine) -> None:
    engine.program('a = Thing("a"); Thing("b", Options(deleted_with=a))')
    engine.run("up")
    result = engine.run("destroy")
    assert result.changes == {"delete": 3}
    assert engine.cloud.did("delete") == ["a"]


def test_time_outs_reach_the_provider(engine: Engine) -> None:
    text = """
    from pulumi import CustomTimeouts
    Thing("a", Options(custom_timeouts=CustomTimeouts(create="5m", update="1h30m", delete="45s")), size={0})
    """
    for size in (1, 2):
        engine.program(text.format(size))
        engine.run("up")
    engine.run("destroy")
    assert engine.cloud.timeouts == {("create", "a"): 300, ("update", "a"): 5400, ("delete", "a"): 45}


@pytest.mark.parametrize(
    "alias",
    [
        'pulumi.Alias(name="old")',
        f'"{urn("old")}"',
        'pulumi.Alias(name="old", type_="fake:index:Thing", stack="dev", project="demo")',
    ],
)
def test_a_renamed_resource_is_the_same_one(engine: Engine, alias: str) -> None:
    engine.program('a = Thing("old"); Thing("b", of=a.arn)')
    engine.run("up")
    engine.program(f'a = Thing("new", Options(aliases=[{alias}])); Thing("b", of=a.arn)')
    result = engine.run("up")
    assert result.ok, result.text
    assert result.changes == {"same": 3}
    assert sorted(resources(engine)) == ["b", "demo-dev", "new"]
    assert resources(engine)["b"]["dependencies"] == [urn("new")]
    engine.program('a = Thing("new"); Thing("b", of=a.arn)')
    assert engine.run("up").changes == {"same": 3}


def test_children_follow_a_renamed_parent(engine: Engine) -> None:
    engine.program('box = Box("old"); Thing("old-a", Options(parent=box)); Thing("b", Options(parent=box))')
    engine.run("up")
    engine.program(
        """
        box = Box("new", Options(aliases=[pulumi.Alias(name="old")]))
        Thing("new-a", Options(parent=box)); Thing("b", Options(parent=box))
        """
    )
    assert engine.run("up").changes == {"same": 4}
    assert sorted(resources(engine)) == ["b", "demo-dev", "new", "new-a"]


def test_a_resource_can_move_to_another_parent(engine: Engine) -> None:
    engine.program('Thing("a")')
    engine.run("up")
    engine.program(
        """
        moved = pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)
        Thing("a", Options(parent=Box("box"), aliases=[moved]))
        """
    )
    result = engine.run("up")
    assert result.changes == {"create": 1, "same": 2}, result.text
    assert resources(engine)["a"]["urn"] == urn("a", parent="demo:index:Box")


def test_a_replacement_takes_along_what_wants_to_come_along(engine: Engine) -> None:
    text = 'a = Thing("a", fixed="{0}"); Thing("b", Options(replace_with=[a]))'
    engine.program(text.format("x"))
    engine.run("up")
    engine.program(text.format("y"))
    assert engine.run("up").changes == {"replace": 2, "same": 1}


def test_a_replacement_trigger_replaces_when_it_changes(engine: Engine) -> None:
    text = 'Thing("a", Options(replacement_trigger="{0}"))'
    engine.program(text.format("one"))
    engine.run("up")
    assert engine.run("up").changes == {"same": 2}
    engine.program(text.format("two"))
    assert engine.run("up").changes == {"replace": 1, "same": 1}


def test_what_exists_can_be_imported(engine: Engine) -> None:
    engine.cloud.things["outside"] = {"size": 1, "arn": "arn:outside"}
    engine.program('Thing("a", Options(import_="outside"), size=1)')
    result = engine.run("up")
    assert result.ok, result.text
    assert engine.cloud.did("create") == []
    assert resources(engine)["a"]["id"] == "outside"
    engine.program('Thing("a", size=2)')
    assert engine.run("up").changes == {"update": 1, "same": 1}
    assert engine.cloud.things == {"outside": {"size": 2, "arn": "arn:outside"}}


def test_what_does_not_exist_cannot_be_imported(engine: Engine) -> None:
    engine.program('Thing("a", Options(import_="outside"))')
    result = engine.run("up")
    assert not result.ok
    assert "does not exist" in result.text


def test_what_is_read_is_not_ours_to_delete(engine: Engine) -> None:
    engine.cloud.things["outside"] = {"size": 1, "arn": "arn:outside"}
    engine.program('a = Thing("a", Options(id="outside")); Thing("b", of=a.arn); pulumi.export("arn", a.arn)')
    result = engine.run("up")
    assert result.ok, result.text
    assert result.outputs == {"arn": "arn:outside"}
    assert resources(engine)["a"]["external"] is True
    engine.run("destroy")
    assert list(engine.cloud.things) == ["outside"]


def test_duplicate_names_are_refused(engine: Engine) -> None:
    engine.program('Thing("a"); Thing("a")')
    result = engine.run("up")
    assert not result.ok
    assert "uplicate resource URN" in result.text


def test_an_input_that_the_provider_refuses_names_the_property(engine: Engine) -> None:
    engine.program('Thing("a", invalid="it is too blue")')
    for operation in ("preview", "up"):
        result = engine.run(operation)
        assert not result.ok
        assert "it is too blue" in result.text
    assert engine.cloud.things == {}
