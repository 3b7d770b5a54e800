"""What is recorded: secrets, dependencies, providers; and that either engine takes over from the other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.engine.engines import Embedded, Engine, Real, resources, urn
from tests.rehearsal.engine.fake import FakeCloud
from tests.rehearsal.engine.serving import served

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}

EVERYTHING = """
hush = pulumi.Output.secret("hush")
provider = pulumi.ProviderResource("fake", "mine", {"region": "here"})
box = Box("box", props={"colour": "red", "word": hush})
a = Thing("a", Options(parent=box), size=1, ratio=0.5, on=True, none=None, many=[1, {"x": "y"}])
b = Thing("b", Options(parent=box, depends_on=[a], ignore_changes=["many"]), of=a.arn, word=hush)
c = Thing("c", Options(provider=provider, additional_secret_outputs=["said"]), echo="loud", text="ünï <&>")
options = Options(deleted_with=c, delete_before_replace=True, retain_on_delete=True)
d = Thing("d", options, of=b.arn, deep={"s": b.word})
box.register_outputs({"arn": b.arn, "word": hush})
pulumi.export("number", 5)
pulumi.export("ratio", 2.5)
pulumi.export("secret", pulumi.Output.secret({"password": "hush"}))
pulumi.export("list", [a.arn, b.id])
pulumi.export("component", box)
"""


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(next(iter(SECRET))) == SECRET[next(iter(SECRET))]


def test_a_secret_input_is_secret_wherever_it_comes_out(engine: Engine) -> None:
    engine.program(
        """
        a = Thing("a", word=pulumi.Output.secret("hush"), deep={"word": pulumi.Output.secret("hush")})
        b = Thing("b", of=a.word)
        pulumi.export("word", b.of)
        """
    )
    result = engine.run("up")
    assert result.ok, result.text
    assert engine.cloud.things["b-2"]["of"] == "hush"
    recorded = resources(engine)
    for value in (
        recorded["a"]["inputs"]["word"],
        recorded["a"]["outputs"]["word"],
        recorded["a"]["inputs"]["deep"]["word"],
        recorded["a"]["outputs"]["deep"]["word"],
        recorded["b"]["inputs"]["of"],
        recorded["b"]["outputs"]["of"],
        recorded["demo-dev"]["outputs"]["word"],
    ):
        assert _is_secret(value), value
    assert "hush" not in json.dumps(engine.exported())
    assert "hush" not in result.text
    assert result.outputs == {"word": "[secret]"}
    assert engine.run("up").changes == {"same": 3}


def test_the_program_can_make_outputs_secret(engine: Engine) -> None:
    engine.program('Thing("a", Options(additional_secret_outputs=["said"]), echo="hush")')
    engine.run("up")
    assert _is_secret(resources(engine)["a"]["outputs"]["said"])
    assert resources(engine)["a"]["inputs"]["echo"] == "hush"


def test_the_default_provider_is_recorded_with_the_packages_configuration(engine: Engine) -> None:
    engine.configure({"fake:region": "there", "demo:other": "x"})
    engine.program('Thing("a", Options(version="7.51.1"))')
    assert engine.run("up").ok
    assert engine.cloud.config == {"region": "there", "version": "7.51.1"}
    provider = next(
        item for item in engine.exported()["deployment"]["resources"] if "providers:fake" in item["type"]
    )
    assert provider["urn"] == urn("default_7_51_1", "pulumi:providers:fake")
    assert provider["inputs"] == {"__internal": {}, "region": "there", "version": "7.51.1"}
    assert provider["outputs"] == {"region": "there", "version": "7.51.1"}
    assert resources(engine)["a"]["provider"] == f"{provider['urn']}::{provider['id']}"


def test_a_component_hands_its_providers_to_its_children(engine: Engine) -> None:
    engine.program(
        """
        mine = pulumi.ProviderResource("fake", "mine", {"region": "here"})
        box = Box("box", Options(providers={"fake": mine}))
        inner = Box("inner", Options(parent=box))
        a = Thing("a", Options(parent=inner))
        Thing("b", Options(parent=a))
        Thing("c")
        """
    )
    result = engine.run("up")
    assert result.ok, result.text
    recorded = resources(engine)
    assert "::mine::" in recorded["a"]["provider"]
    assert "::mine::" in recorded["b"]["provider"]
    assert "::default::" in recorded["c"]["provider"]
    assert engine.run("preview").changes == {"same": 7}


def test_a_changed_provider_is_updated_and_its_resources_stay(engine: Engine) -> None:
    text = """
    mine = pulumi.ProviderResource("fake", "mine", {{"region": "{0}"}})
    Thing("a", Options(provider=mine))
    """
    engine.program(text.format("here"))
    engine.run("up")
    engine.program(text.format("there"))
    assert engine.run("up").changes == {"update": 1, "same": 2}
    assert engine.cloud.config == {"region": "there"}


def test_dependencies_are_recorded_by_property(engine: Engine) -> None:
    engine.program('a = Thing("a"); b = Thing("b"); Thing("c", Options(depends_on=[b]), of=a.arn, size=1)')
    engine.run("up")
    recorded = resources(engine)["c"]
    assert sorted(recorded["dependencies"]) == [urn("a"), urn("b")]
    assert recorded["propertyDependencies"] == {"of": [urn("a")], "size": []}


def test_a_failed_up_keeps_the_outputs_of_before(engine: Engine) -> None:
    engine.program('pulumi.export("old", 1); pulumi.export("both", 1)')
    engine.run("up")
    engine.cloud.fail["create", "a"] = "no"
    engine.program('a = Thing("a"); pulumi.export("both", 2); pulumi.export("arn", a.arn)')
    assert not engine.run("up").ok
    assert resources(engine)["demo-dev"]["outputs"]["old"] == 1


def _normal(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """A deployment without what differs from run to run: times, random IDs, ciphertexts, source positions."""
    ids = {
        item["id"]: item["urn"]
        for item in deployment["deployment"]["resources"]
        if item["type"].startswith("pulumi:providers:")
    }

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: "…" if key == "ciphertext" else clean(item)
                for key, item in value.items()
                if key not in ("created", "modified", "sourcePosition", "stackTrace")
            }
        if isinstance(value, list):
            return [clean(item) for item in value]
        if isinstance(value, str):
            for random, name in ids.items():
                value = value.replace(random, f"id of {name}")
        return value

    cleaned = [clean(item) for item in deployment["deployment"]["resources"]]
    for item in cleaned:
        item.get("dependencies", []).sort()
        for urns in item.get("propertyDependencies", {}).values():
            urns.sort()
    return sorted(cleaned, key=lambda item: str(item["urn"]))


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the pulumi command on the PATH")
def test_both_engines_record_the_same_and_take_over_from_each_other(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    embedded, cloud = Embedded(ours, FakeCloud()), FakeCloud()
    with served(cloud) as port:
        real = Real(theirs, cloud, port)
        for engine in (embedded, real):
            engine.program(EVERYTHING)
            # One after another: the cloud counts its IDs.
            result = engine.run("up", parallel=1)
            assert result.ok, result.text
        assert _normal(embedded.exported()) == _normal(real.exported())
        from_us, from_them = embedded.exported(), real.exported()
        real.imported(from_us)
        assert real.run("preview").changes == {"same": 7}
        assert real.run("up").changes == {"same": 7}
        embedded.imported(from_them)
        assert embedded.run("preview").changes == {"same": 7}
        assert embedded.run("up").changes == {"same": 7}
        assert embedded.run("destroy").ok
        assert real.run("destroy").ok
