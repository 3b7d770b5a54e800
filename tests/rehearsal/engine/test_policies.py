"""Policy packs look on alike with both engines: a mandatory finding stops, an advisory one warns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import UsageError
from tests.rehearsal.engine import packs
from tests.rehearsal.engine.engines import Embedded, Engine, Result, resources, urn

TWO = 'Thing("a", size=3); Thing("b", size=30)'
THREE = 'Thing("a", size=3); Thing("b", size=3); Thing("c", size=3)'


@pytest.fixture(autouse=True)
def _limit(request: pytest.FixtureRequest) -> None:
    for name in ("engine", "embedded"):
        if name in request.fixturenames:
            request.getfixturevalue(name).configure({"demo:limit": 10})


def found(result: Result) -> list[dict[str, Any]]:
    """The findings of an operation's event log."""
    return [event["policyEvent"] for event in result.events if "policyEvent" in event]


def test_an_advisory_finding_is_told_and_stops_nothing(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack", small="ADVISORY")
    engine.program(TWO)
    result = engine.run("up", policy_packs=(pack,))
    assert result.ok
    assert result.changes == {"create": 3}
    assert found(result) == [
        {
            "resourceUrn": urn("b"),
            "message": "Things are small.\nsize is 30\n",
            "color": "never",
            "policyName": "small",
            "policyPackName": "tiny",
            "policyPackVersion": "1.2.3",
            "policyPackVersionTag": "1.2.3",
            "enforcementLevel": "advisory",
            "severity": "high",
        }
    ]
    summary = next(event["summaryEvent"] for event in result.events if "summaryEvent" in event)
    ((label, version),) = summary["PolicyPacks"].items()
    # Pulumi puts dots in the middle of a long path.
    name, kind, path = label.split("|")
    assert (name, kind, Path(path).name, version) == ("tiny", "local", pack.name, "1.2.3")
    assert "policyLoadEvent" in result.events[0]


def test_a_mandatory_finding_stops_an_update_before_the_resource_is_made(
    engine: Engine, tmp_path: Path
) -> None:
    pack = packs.tiny(tmp_path / "pack")
    engine.program('Thing("c", Options(depends_on=[Thing("b", size=30)]), size=1)')
    result = engine.run("up", policy_packs=(pack,))
    assert not result.ok
    assert [each["enforcementLevel"] for each in found(result)] == ["mandatory"]
    assert engine.cloud.did("create") == []
    assert "size is 30" in result.text


def test_a_preview_tells_every_mandatory_finding_and_fails(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack")
    engine.program('Thing("a", size=20); Thing("b", size=30)')
    result = engine.run("preview", policy_packs=(pack,))
    assert not result.ok
    assert sorted(each["resourceUrn"] for each in found(result)) == [urn("a"), urn("b")]
    assert result.changes == {"create": 3}


def test_a_preview_that_only_warns_succeeds(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack", small="ADVISORY")
    engine.program(TWO)
    result = engine.run("preview", policy_packs=(pack,))
    assert result.ok
    assert len(found(result)) == 1


def test_the_stack_as_a_whole_is_looked_at_in_the_end(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack", few="MANDATORY")
    engine.program(THREE)
    result = engine.run("up", policy_packs=(pack,))
    assert not result.ok
    assert set(resources(engine)) == {"demo-dev", "a", "b", "c"}
    told = {each["resourceUrn"]: each["message"] for each in found(result)}
    assert told.pop(urn("demo-dev", "pulumi:pulumi:Stack")) == "Things are few.\n3 things\n"
    (where,) = told
    assert where in (urn("a"), urn("b"), urn("c"))


def test_what_is_gone_is_not_looked_at(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack", few="MANDATORY")
    engine.program(THREE)
    assert engine.run("up").ok
    engine.program('Thing("a", size=3); Thing("b", size=3)')
    assert engine.run("up", policy_packs=(pack,)).ok


def test_what_does_not_change_is_looked_at_as_well(engine: Engine, tmp_path: Path) -> None:
    engine.program(TWO)
    assert engine.run("up").ok
    pack = packs.tiny(tmp_path / "pack")
    result = engine.run("up", policy_packs=(pack,))
    assert not result.ok
    assert [each["resourceUrn"] for each in found(result)] == [urn("b")]


PROBE = """
import json, os
from pulumi_policy import *

def see(args, report):
    if args.resource_type != "fake:index:Thing": return
    opts = args.opts
    report(json.dumps({
        "props": sorted(args.props), "size": args.props["size"], "name": args.name, "urn": args.urn,
        "protect": opts.protect, "ignore": list(opts.ignore_changes), "parent": opts.parent,
        "first": opts.delete_before_replace, "create": opts.custom_timeouts.create_seconds,
        "hidden": list(opts.additional_secret_outputs), "provider": args.provider.resource_type,
        "project": os.environ["PULUMI_PROJECT"], "stack": os.environ["PULUMI_STACK"],
        "dry": os.environ["PULUMI_DRY_RUN"], "config": json.loads(os.environ["PULUMI_CONFIG"]),
        "folder": os.path.basename(os.getcwd()),
    }, sort_keys=True))

def see_all(args, report):
    a = next(each for each in args.resources if each.name == "a")
    b = next(each for each in args.resources if each.name == "b")
    report(json.dumps({
        "arn": a.props.get("arn"), "parent": a.parent and a.parent.name,
        "needs": sorted(each.name for each in b.dependencies),
        "by": {key: [each.name for each in value] for key, value in b.property_dependencies.items()},
    }, sort_keys=True))

PolicyPack("tiny", [ResourceValidationPolicy("see", "I see.", see),
                    StackValidationPolicy("both", "All.", see_all)],
           EnforcementLevel.ADVISORY)
"""


def test_a_pack_is_told_the_same_whichever_engine_asks(engine: Engine, tmp_path: Path) -> None:
    pack = packs.write(tmp_path / "pack", PROBE)
    engine.program(
        'box = Box("box")\n'
        'a = Thing("a", Options(parent=box, protect=True, ignore_changes=["x"],\n'
        '    delete_before_replace=True, additional_secret_outputs=["said"],\n'
        '    custom_timeouts=pulumi.CustomTimeouts(create="2m")),\n'
        '    size=3, key=pulumi.Output.secret("hush"))\n'
        'Thing("b", size=4, needs=a.arn)\n'
    )
    told = found(engine.run("up", policy_packs=(pack,)))
    said = {each["resourceUrn"]: json.loads(each["message"].split("\n", 1)[1]) for each in told}
    a_urn = urn("a", parent="demo:index:Box")
    a = engine.cloud.did("create").index("a") + 1
    assert said[a_urn] == {
        "props": ["key", "size"],
        "size": 3,
        "name": "a",
        "urn": a_urn,
        "protect": True,
        "ignore": ["x"],
        "parent": urn("box", "demo:index:Box"),
        "first": True,
        "create": 120,
        "hidden": ["said"],
        "provider": "pulumi:providers:fake",
        "project": "demo",
        "stack": "dev",
        "dry": "false",
        "config": {"demo:limit": "10"},
        "folder": "pack",
    }
    assert said[urn("b")]["first"] is None
    assert said[urn("demo-dev", "pulumi:pulumi:Stack")] == {
        "arn": f"arn:a-{a}",
        "parent": "box",
        "needs": ["a"],
        "by": {"needs": ["a"]},
    }


def test_what_a_preview_does_not_know_yet_is_no_finding(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack")
    engine.program('a = Thing("a", size=1); Thing("b", size=a.arn)')
    result = engine.run("preview", policy_packs=(pack,))
    assert result.ok
    assert [each["enforcementLevel"] for each in found(result)] == ["advisory"]
    assert "during preview" in found(result)[0]["message"]


def test_a_pack_that_does_not_start_is_one_line_and_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    pack = packs.write(tmp_path / "pack", "raise Exception('no rules today')")
    engine.program(TWO)
    result = engine.run("up", policy_packs=(pack,))
    assert not result.ok
    assert "no rules today" in result.text
    assert engine.cloud.did("create") == []


def test_a_pack_that_does_not_start_is_one_line_with_the_reason(embedded: Embedded, tmp_path: Path) -> None:
    pack = packs.write(tmp_path / "pack", "raise Exception('no rules today')")
    embedded.program(TWO)
    result = embedded.run("up", policy_packs=(pack,))
    assert result.error == f"the policy pack {pack} did not start: Exception: no rules today"
    assert "Traceback" not in result.text


def test_a_policy_that_breaks_is_one_line_with_the_reason(embedded: Embedded, tmp_path: Path) -> None:
    program = packs.SMALL.replace('report(f"size is', "raise Exception('broken'); report(f\"size is")
    pack = packs.write(tmp_path / "pack", program, SMALL="MANDATORY", FEW="ADVISORY")
    embedded.program(TWO)
    result = embedded.run("up", policy_packs=(pack,))
    assert not result.ok
    assert result.error is not None
    assert result.error.startswith("policy pack tiny: Analyze failed: ")
    assert "broken" in result.error
    assert "b" not in embedded.cloud.did("create")


def test_a_folder_without_a_pack_is_refused_before_anything_starts(
    embedded: Embedded, tmp_path: Path
) -> None:
    embedded.program("raise Exception('not to be run')")
    with pytest.raises(UsageError, match=r"there is no PulumiPolicy.yaml in it"):
        embedded.run("up", policy_packs=(tmp_path / "nowhere",))
    assert list(embedded.state.iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("runtime: nodejs", "runtime: 'nodejs' is not supported"),
        ("runtime: {name: python, options: {virtualenv: nowhere}}", "virtualenv: 'nowhere' has no Python"),
    ],
)
def test_a_pack_that_cannot_run_here_is_refused(
    embedded: Embedded, tmp_path: Path, manifest: str, said: str
) -> None:
    pack = packs.tiny(tmp_path / "pack")
    (pack / "PulumiPolicy.yaml").write_text(manifest)
    embedded.program("raise Exception('not to be run')")
    with pytest.raises(UsageError, match=said):
        embedded.run("up", policy_packs=(pack,))


def test_a_policy_that_would_change_resources_is_refused(embedded: Embedded, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack", small="REMEDIATE")
    embedded.program(TWO)
    result = embedded.run("up", policy_packs=(pack,))
    assert result.code == 2
    assert result.error is not None
    assert result.error.startswith("the policy small of the pack tiny changes resources (remediates)")
    assert embedded.cloud.did("create") == []


def test_a_disabled_policy_finds_nothing(engine: Engine, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack", small="DISABLED")
    engine.program(TWO)
    result = engine.run("up", policy_packs=(pack,))
    assert result.ok
    assert found(result) == []


CONFIGURED = """
from pulumi_policy import *

def limit(args, report):
    report(str(dict(args.get_config())))

PolicyPack("tiny", [
    StackValidationPolicy("limit", "Limits.", limit, EnforcementLevel.DISABLED,
        PolicyConfigSchema({"most": {"type": "number", "default": 5}, "least": {"type": "number"}})),
], initial_config={"limit": {"enforcementLevel": EnforcementLevel.MANDATORY, "least": 2}})
"""


def test_a_packs_own_configuration_counts(engine: Engine, tmp_path: Path) -> None:
    pack = packs.write(tmp_path / "pack", CONFIGURED)
    engine.program("")
    (finding,) = found(engine.run("preview", policy_packs=(pack,)))
    assert finding["enforcementLevel"] == "mandatory"
    assert finding["message"] in (
        "Limits.\n{'most': 5.0, 'least': 2.0}\n",
        "Limits.\n{'least': 2.0, 'most': 5.0}\n",
    )


def test_no_process_of_a_pack_is_left_behind(embedded: Embedded, tmp_path: Path) -> None:
    pack = packs.tiny(tmp_path / "pack")
    embedded.program(TWO)
    embedded.run("up", policy_packs=(pack,))
    embedded.program("raise Exception('boom')")
    embedded.run("preview", policy_packs=(pack,))
    left = [
        entry
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if entry.exists() and str(pack).encode() in entry.read_bytes()
    ]
    assert left == []
