"""What a program does besides making things: invokes, transforms, hooks, stack references, configuration."""

from __future__ import annotations

from tests.rehearsal.engine.engines import Embedded, Engine, resources


def test_a_function_of_a_provider_can_be_called(engine: Engine) -> None:
    engine.program(
        """
        pulumi.export("plain", pulumi.runtime.invoke("fake:index:double", {"number": 2}).value["number"])
        made = Thing("a", size=3)
        later = pulumi.runtime.invoke_output("fake:index:double", {"number": made.size})
        pulumi.export("later", later["number"])
        """
    )
    assert engine.run("preview").ok
    result = engine.run("up")
    assert result.outputs == {"plain": 4, "later": 6}, result.text


def test_a_function_that_refuses_its_arguments_fails_the_program(engine: Engine) -> None:
    engine.program('pulumi.runtime.invoke("fake:index:double", {"invalid": "not blue"})')
    result = engine.run("preview")
    assert not result.ok
    assert "not blue" in result.text


def test_configuration_reaches_the_program(engine: Engine) -> None:
    engine.configure({"demo:size": 3, "demo:deep": {"a": [1, 2]}, "other:key": "x"})
    engine.program(
        """
        config = pulumi.Config()
        pulumi.export("size", config.require_int("size"))
        pulumi.export("deep", config.require_object("deep"))
        pulumi.export("other", pulumi.Config("other").require("key"))
        pulumi.export("names", [pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization()])
        """
    )
    names = ["demo", "dev", "organization"]
    assert engine.run("up").outputs == {"size": 3, "deep": {"a": [1, 2]}, "other": "x", "names": names}


def test_modules_beside_the_program_are_found(engine: Engine) -> None:
    (engine.directory / "beside_the_program.py").write_text("WORD = 'hello'")  # type: ignore[attr-defined]
    engine.program("import beside_the_program\npulumi.export('word', beside_the_program.WORD)")
    assert engine.run("up").outputs == {"word": "hello"}


def test_transforms_change_inputs_and_options_of_the_whole_stack(engine: Engine) -> None:
    engine.program(
        """
        def tag(args):
            if args.type_ == "fake:index:Thing":
                opts = pulumi.ResourceOptions.merge(args.opts, Options(ignore_changes=["noise"]))
                return pulumi.ResourceTransformResult({**args.props, "tag": "t"}, opts)

        pulumi.runtime.register_resource_transform(tag)
        a = Thing("a", size=1)
        Thing("b", of=a.arn, word=pulumi.Output.secret("hush"))
        """
    )
    preview = engine.run("preview")
    assert preview.ok, preview.text
    result = engine.run("up")
    assert result.ok, result.text
    assert engine.cloud.things["b-2"] == {"of": "arn:a-1", "word": "hush", "tag": "t", "arn": "arn:b-2"}
    assert resources(engine)["b"]["ignoreChanges"] == ["noise"]
    assert resources(engine)["b"]["dependencies"] == [resources(engine)["a"]["urn"]]
    assert "hush" not in str(resources(engine)["b"])
    assert engine.run("up").changes == {"same": 3}


def test_transforms_of_a_component_reach_its_children(engine: Engine) -> None:
    engine.program(
        """
        def grow(args):
            return pulumi.ResourceTransformResult({**args.props, "size": 9}, args.opts)

        box = Box("box", Options(transforms=[lambda args: grow(args) if "Thing" in args.type_ else None]))
        Thing("a", Options(parent=box), size=1)
        Thing("b", size=1)
        """
    )
    result = engine.run("up")
    assert result.ok, result.text
    assert {key[0]: thing["size"] for key, thing in engine.cloud.things.items()} == {"a": 9, "b": 1}


def test_invoke_transforms_change_arguments(engine: Engine) -> None:
    engine.program(
        """
        def more(args):
            return pulumi.InvokeTransformResult({"number": args.args["number"] + 1}, args.opts)

        pulumi.runtime.register_invoke_transform(more)
        out = pulumi.runtime.invoke_output("fake:index:double", {"number": 1})
        pulumi.export("number", out["number"])
        """
    )
    result = engine.run("up")
    assert result.outputs == {"number": 4}, result.text


HOOKED = """
from pathlib import Path

def note(args):
    new = (args.new_outputs or {{}}).get("arn")
    with Path("hooks.txt").open("a") as file:
        file.write(f"{{kind}} {{args.name}} {{new}}\\n")

def hook(kind):
    def run(args):
        new = (args.new_outputs or {{}}).get("arn")
        with Path("hooks.txt").open("a") as file:
            file.write(f"{{kind}} {{args.name}} {{new}}\\n")
    return pulumi.ResourceHook(kind, run)

kinds = ["before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"]
binding = pulumi.ResourceHookBinding(**{{kind: [hook(kind)] for kind in kinds}})
if {keep}:
    Thing("a", Options(hooks=binding), size={size})
"""


def test_hooks_run_around_operations_and_not_in_a_preview(engine: Engine) -> None:
    noted = engine.directory / "hooks.txt"  # type: ignore[attr-defined]
    engine.program(HOOKED.format(keep=True, size=1))
    assert engine.run("preview").ok
    assert not noted.exists()
    result = engine.run("up")
    assert result.ok, result.text
    engine.program(HOOKED.format(keep=True, size=2))
    assert engine.run("up").ok
    engine.program(HOOKED.format(keep=False, size=2))
    result = engine.run("up")
    assert result.ok, result.text
    assert noted.read_text().splitlines() == [
        "before_create a None",
        "after_create a arn:a-1",
        "before_update a None",
        "after_update a arn:a-1",
        "before_delete a None",
        "after_delete a None",
    ]


def test_hooks_of_a_component_run_when_it_is_created_and_when_it_changes(engine: Engine) -> None:
    noted = engine.directory / "hooks.txt"  # type: ignore[attr-defined]
    text = """
    from pathlib import Path

    def hook(kind):
        def run(args):
            with Path("hooks.txt").open("a") as file:
                file.write(f"{{kind}} {{args.name}}\\n")
        return pulumi.ResourceHook(kind, run)

    kinds = ["after_create", "after_update"]
    binding = pulumi.ResourceHookBinding(**{{kind: [hook(kind)] for kind in kinds}})
    Box("box", Options(hooks=binding), {{"size": {size}}}).register_outputs({{}})
    """
    for size in (1, 2, 2):
        engine.program(text.format(size=size))
        result = engine.run("up")
        assert result.ok, result.text
    assert noted.read_text().splitlines() == ["after_create box", "after_update box"]


def test_a_hook_that_fails_before_stops_the_operation(engine: Engine) -> None:
    engine.program(
        """
        def no(args):
            raise Exception("not on a Friday")

        Thing("a", Options(hooks=pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("no", no)])))
        """
    )
    result = engine.run("up")
    assert not result.ok
    assert "not on a Friday" in result.text
    assert engine.cloud.things == {}


def test_a_hook_that_fails_afterwards_fails_the_up_but_the_thing_is_recorded(engine: Engine) -> None:
    engine.program(
        """
        def no(args):
            raise Exception("not on a Friday")

        Thing("a", Options(hooks=pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook("no", no)])))
        """
    )
    assert not engine.run("up").ok
    assert "a" in resources(engine)


def test_an_error_hook_can_ask_for_another_try(engine: Engine) -> None:
    engine.program(
        """
        tries = []

        def again(args):
            tries.append(args.errors)
            return len(tries) < 3

        hook = pulumi.ErrorHook("again", again)
        Thing("a", Options(hooks=pulumi.ResourceHookBinding(on_error=[hook])))
        """
    )
    engine.cloud.fail["create", "a"] = "busy"
    result = engine.run("up")
    assert not result.ok
    assert engine.cloud.did("create") == ["a", "a", "a"]
    assert not isinstance(engine, Embedded) or result.text.count("trying to create again") == 2


def test_a_stack_can_refer_to_another_one(embedded: Embedded) -> None:
    embedded.program('pulumi.export("word", "hello"); pulumi.export("hush", pulumi.Output.secret("s3cret"))')
    embedded.run("up")
    embedded.program(
        """
        other = pulumi.StackReference("organization/demo/dev")
        a = Thing("a", word=other.require_output("word"), hush=other.get_output("hush"))
        pulumi.export("word", other.get_output("word"))
        """
    )
    assert embedded.run("preview").outputs == {"word": "hello"}
    result = embedded.run("up")
    assert result.ok, result.text
    assert embedded.cloud.things["a-1"] == {"word": "hello", "hush": "s3cret", "arn": "arn:a-1"}
    assert "s3cret" not in str(embedded.exported())
    embedded.program('pulumi.StackReference("organization/demo/nowhere")')
    assert "unknown stack 'organization/demo/nowhere'" in embedded.run("preview").text


def test_what_is_only_recorded_is_named_once(embedded: Embedded) -> None:
    embedded.program('Thing("a")')
    assert "Recorded, not emulated: fake:index:Recorded" in embedded.run("up").text
