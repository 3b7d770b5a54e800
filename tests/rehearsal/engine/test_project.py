from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.engine.project import Project, StackConfig, environments, load_config, load_project
from rehearsal.errors import UsageError
from tests.rehearsal.engine.samples import ENVIRONMENT, HUNTER2, SALT

PROJECT = "name: immutable\nruntime: python\n"


def project(directory: Path, text: str = PROJECT) -> Project:
    (directory / "Pulumi.yaml").write_text(text)
    return load_project(directory)


def config(directory: Path, text: str, schema: str = "") -> StackConfig:
    """The configuration of `staging`; `schema` is the `config` block of Pulumi.yaml."""
    (directory / "Pulumi.staging.yaml").write_text(text)
    return load_config(project(directory, PROJECT + schema), "staging", ENVIRONMENT)


def test_a_project_is_found_from_a_directory_below(tmp_path: Path) -> None:
    project(
        tmp_path, "name: immutable\nruntime: {name: python, options: {virtualenv: .venv}}\nmain: program\n"
    )
    (tmp_path / "a" / "b").mkdir(parents=True)
    found = load_project(tmp_path / "a" / "b")
    assert (found.name, found.directory, found.main) == ("immutable", tmp_path, tmp_path / "program")
    assert found.options == {"virtualenv": ".venv"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("runtime: python", "project is missing a 'name' attribute"),
        ("name: a b\nruntime: python", "name 'a b'"),
        ("name: a\nruntime: nodejs", "runtime: 'nodejs' is not supported"),
        ("name: a", "runtime: None is not supported"),
        ("[]", "a project file is a map"),
        ("name: a\nname: b", ":2:1: not valid YAML: the key 'name' is there twice"),
        ("name: 'a\nruntime: python", "not valid YAML: found unexpected end of stream"),
        ("a: b: c", ":1:5: not valid YAML: mapping values are not allowed"),
        ("a: &x [*x]", "an alias refers to what it is in"),
        ("a: !!python/name:os.system x", "is not supported"),
        ("a: \x07", "not valid YAML"),
        (PROJECT + "config: {a: {type: text}}", "config.a.type: 'text' is not one of"),
        (
            PROJECT + "config: {a: {type: array}}",
            "does not specify the underlying type via the 'items' attribute",
        ),
        (PROJECT + "config: {a: {type: integer, default: x}}", "not of the expected type 'integer'"),
        (
            PROJECT + "config: {a: {default: x, value: y}}",
            "cannot have both a 'default' and 'value' attribute",
        ),
        (PROJECT + "config: {'aws:region': {type: string}}", "should not define a type"),
        (PROJECT + "config: {'aws:region': {default: x}}", "Did you mean to use the 'value' attribute"),
        (PROJECT + "config: {'aws:region': {}}", "must provide an attribute 'value'"),
        (PROJECT + "config: [a]", "config: expected a map of keys"),
    ],
)
def test_a_bad_project_file_is_one_line_with_the_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        project(tmp_path, text)
    assert words in str(refused.value)
    assert str(tmp_path / "Pulumi.yaml") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_project_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no Pulumi.yaml project file found"):
        load_project(tmp_path)


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot read"):
        load_project(tmp_path)


def test_values_are_what_the_real_engine_hands_to_the_program(tmp_path: Path) -> None:
    """Each pair is what `pulumi config --json` showed for that line."""
    pairs = {
        "yes": "yes",
        "on": "on",
        "True": "true",
        "012": "10",
        "0o14": "12",
        "0x10": "16",
        "-5": "-5",
        "1_000": "1000",
        "1.0": "1",
        "1e3": "1000",
        ".5": "0.5",
        "1.50": "1.5",
        "12345678901234567890": "12345678901234567890",
        "012345678901": "12345678901",
        "null": "",
        "~": "",
        "": "",
        "2001-01-01": "2001-01-01 00:00:00 +0000 UTC",
        "2001-01-01T10:00:00Z": "2001-01-01 10:00:00 +0000 UTC",
        "2:30": "2:30",
        '"007"': "007",
        "'true'": "true",
        "10.20.0.0/16": "10.20.0.0/16",
        "[1, two, 3.0, yes, 012, null]": '[1,"two",3,"yes",10,null]',
        "{b: {c: é}, 1: x}": '{"1":"x","b":{"c":"é"}}',
    }
    lines = [f"  immutable:k{index}: {text}" for index, text in enumerate(pairs)]
    values = config(tmp_path, "config:\n" + "\n".join(lines)).values
    assert dict(zip(pairs, values.values(), strict=True)) == pairs


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    values = config(tmp_path, "config:\n  a: &a {x: 1, y: 2}\n  b: {<<: *a, y: 3}\n").values
    assert values == {"immutable:a": '{"x":1,"y":2}', "immutable:b": '{"x":1,"y":3}'}


def test_keys_belong_to_the_project_unless_they_say_otherwise(tmp_path: Path) -> None:
    values = config(tmp_path, "config: {own: a, 'aws:region': b, 'aws:config:profile': c}").values
    assert values == {"immutable:own": "a", "aws:region": "b", "aws:profile": "c"}


def test_secrets_are_decrypted_also_inside_objects_and_named(tmp_path: Path) -> None:
    secure = f"{{secure: '{HUNTER2}'}}"
    text = f"encryptionsalt: {SALT}\nconfig: {{p: {secure}, o: {{l: [{secure}], n: 1}}, plain: x}}"
    read = config(tmp_path, text)
    assert read.values["immutable:p"] == "hunter2"
    assert json.loads(read.values["immutable:o"]) == {"l": ["hunter2"], "n": 1}
    assert read.secret_keys == ["immutable:o", "immutable:p"]
    assert read.salt == SALT


def test_a_secret_that_cannot_be_decrypted_is_named_by_file_and_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Pulumi\.staging\.yaml: immutable:p: a secret cannot be decrypted"):
        config(tmp_path, f"encryptionsalt: {SALT}\nconfig: {{p: {{secure: 'v1:AAAA:AAAA'}}}}")


SCHEMA = """
config:
  imageId: {type: string}
  zones: {type: integer, default: 2}
  open: {type: boolean, default: false}
  tags: {type: object, default: {}}
  cidrs: {type: array, items: {type: string}, default: []}
  short: 5
  network.egress: {default: none}
  aws:region: {value: eu-central-1}
"""


def test_defaults_fill_in_what_the_file_does_not_mention(tmp_path: Path) -> None:
    assert config(tmp_path, "config: {imageId: ami, zones: 3, network: {cidr: x}}", SCHEMA).values == {
        "immutable:imageId": "ami",
        "immutable:zones": "3",
        "immutable:open": "false",
        "immutable:tags": "{}",
        "immutable:cidrs": "[]",
        "immutable:short": "5",
        "immutable:network": '{"cidr":"x","egress":"none"}',
        "aws:region": "eu-central-1",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{zones: 2}", "Stack 'staging' is missing configuration value 'imageId'"),
        ("{imageId: [a]}", "Stack 'staging' with configuration key 'imageId' must be of type 'string'"),
        ("{imageId: a, zones: many}", "configuration key 'zones' must be of type 'integer'"),
        ("{imageId: a, zones: 2.5}", "configuration key 'zones' must be of type 'integer'"),
        ("{imageId: a, open: maybe}", "configuration key 'open' must be of type 'boolean'"),
        ("{imageId: a, tags: text}", "configuration key 'tags' must be of type 'object'"),
        ("{imageId: a, cidrs: [{a: b}]}", "configuration key 'cidrs' must be of type 'array<string>'"),
        ("{imageId: a, cidrs: text}", "configuration key 'cidrs' must be of type 'array<string>'"),
        ("{'a:b:c': x}", "could not parse a:b:c as a configuration key"),
        ("{imageId: a, 'immutable:imageId': b}", "immutable:imageId is there twice"),
        ("[imageId]", "is a map with the key config"),
    ],
)
def test_a_bad_value_is_one_line_in_the_real_engines_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        config(tmp_path, f"config: {text}", SCHEMA)
    assert words in str(refused.value)
    assert "Pulumi.staging.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_all_missing_keys_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is missing configuration values 'a', 'b' and 'c'"):
        config(tmp_path, "", "config: {c: {type: string}, a: {type: string}, b: {type: string}}")


def test_what_must_be_secret_may_not_be_plain(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'p' must be encrypted as it's secret"):
        config(tmp_path, "config: {p: x}", "config: {p: {type: string, secret: true}}")


@pytest.mark.parametrize(
    "line", ["secretsprovider: awskms://alias/x", "environment: [prod]", "encryptionsalt: [1]"]
)
def test_sources_of_config_that_are_not_here_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(UsageError, match=line.partition(":")[0]):
        config(tmp_path, line)


def test_an_unknown_environment_is_one_line_with_those_there_are(tmp_path: Path) -> None:
    found = project(tmp_path)
    for stack in ("prod", "staging"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("")
    assert environments(found) == ["prod", "staging"]
    with pytest.raises(
        UsageError, match=r"unknown environment 'stagin'.*environments are: dev, prod, staging$"
    ):
        load_config(found, "stagin", ENVIRONMENT, known=["dev"])


def test_a_stack_with_state_may_lack_a_config_file(tmp_path: Path) -> None:
    assert load_config(project(tmp_path), "dev", ENVIRONMENT, known=["dev"]).values == {}


def test_stack_files_may_be_kept_in_a_directory_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config: {a: b}")
    for line in ("stackConfigDir: stacks", "config: stacks"):
        found = project(tmp_path, f"{PROJECT}{line}\n")
        assert environments(found) == ["dev"]
        assert load_config(found, "dev", ENVIRONMENT).values == {"immutable:a": "b"}
