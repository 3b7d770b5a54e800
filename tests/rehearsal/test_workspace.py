from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.errors import UsageError
from rehearsal.workspace import REPOSITORY, Workspace, environments_of, factories_of, read_config

OLD, NEW, OTHER = "ami-0123456789abcdef0", "ami-0fedcba9876543210", "ami-11111111"
ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/2b8e9f10"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A project as small as one can be: a program, two environments, and a stack that is none."""
    folder = tmp_path / "source"
    (folder / "components").mkdir(parents=True)
    (folder / "components" / "network.py").write_text("SIZE = 1\n")
    (folder / "functions").mkdir()
    (folder / "functions" / "rotate.py").write_text("")
    (folder / "images").mkdir()
    (folder / "images" / "preflight.py").write_text("")
    (folder / "__main__.py").write_text("import components.network\n")
    (folder / "Pulumi.yaml").write_text("name: immutable\n")
    (folder / "Pulumi.images.yaml").write_text(
        "config:\n  aws:region: eu-central-1\n  immutable:recipes: {service: {}}\n"
    )
    (folder / "Pulumi.other.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    (folder / "Pulumi.staging.yaml").write_text(
        f"""config:
  aws:region: eu-central-1
  immutable:imageId: {NEW}  # the shared one
  immutable:loadBalancer: {{certificateArn: {ARN}}}
  immutable:services:
    web: {{imageId: {OTHER}}}
"""
    )
    (folder / "Pulumi.prod.yaml").write_text(
        f"config:\n  aws:region: eu-west-1\n  immutable:imageId: {OLD}\n  immutable:tags: {{cert: {ARN}}}\n"
    )
    return folder


@pytest.fixture
def workspace(source: Path, tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "scratch", source)


def test_the_copy_is_the_program_byte_for_byte(workspace: Workspace, source: Path) -> None:
    parts = ("components/network.py", "functions/rotate.py", "images/preflight.py")
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.staging.yaml", *parts):
        assert (workspace.project / name).read_bytes() == (source / name).read_bytes()


def test_a_change_of_the_copy_leaves_the_project_alone(workspace: Workspace, source: Path) -> None:
    workspace.config_file("prod").write_text("config: {}\n")
    (workspace.project / "components" / "network.py").write_text("SIZE = 2\n")
    assert OLD in (source / "Pulumi.prod.yaml").read_text()
    assert (source / "components" / "network.py").read_text() == "SIZE = 1\n"


def test_the_program_is_taken_again_but_not_the_configuration(workspace: Workspace, source: Path) -> None:
    workspace.config_file("prod").write_text("config: {}\n")
    (source / "components" / "network.py").unlink()
    (source / "components" / "subnets.py").write_text("")
    (source / "__main__.py").write_text("import components.subnets\n")
    workspace.take_program()
    assert [path.name for path in (workspace.project / "components").iterdir()] == ["subnets.py"]
    assert "subnets" in (workspace.project / "__main__.py").read_text()
    assert workspace.config_file("prod").read_text() == "config: {}\n"


def test_the_copy_finds_the_packages_of_the_running_python(workspace: Workspace) -> None:
    assert (workspace.project / ".venv" / "bin").is_dir()


def test_environments_are_the_stacks_that_pin_an_image_and_factories_those_with_recipes(
    workspace: Workspace,
) -> None:
    assert workspace.environments() == ["prod", "staging"]
    assert factories_of(workspace.project) == ["images"]


def test_what_keeps_a_stack_from_going_is_let_go_in_its_own_file(workspace: Workspace) -> None:
    assert workspace.loosen("images") == [
        "distribution.retainKeysOnDestroy: false", "logs.retainOnDestroy: false",
    ]  # fmt: skip
    assert workspace.loosen("images") == []
    assert workspace.loosen("prod")[0] == "loadBalancer.deletionProtection: false"


def test_databases_of_an_environment_are_let_go_and_those_of_others_left_alone(workspace: Workspace) -> None:
    file = workspace.config_file("prod")
    databases = "  immutable:databases: {main: {retainOnDestroy: false}, shared: {external: {}}}\n"
    file.write_text(file.read_text() + databases)
    assert workspace.loosen("prod")[-2:] == [
        "databases.main.deletionProtection: false", "databases.main.finalSnapshot: false",
    ]  # fmt: skip
    assert read_config(file)["immutable:databases"]["shared"] == {"external": {}}


def test_the_stack_of_roles_is_one_to_run_and_nothing_holds_it(workspace: Workspace) -> None:
    workspace.config_file("roles").write_text("config: {'immutable:delivery': {}}\n")
    assert workspace.require("roles") == "roles"
    assert workspace.environments() == ["prod", "staging"]
    assert workspace.loosen("roles") == []


def test_an_unknown_environment_is_refused_with_a_list(workspace: Workspace) -> None:
    assert workspace.require("prod") == "prod"
    assert workspace.require("images") == "images"
    with pytest.raises(UsageError, match="unknown environment 'qa': choose one of prod, staging, images"):
        workspace.require("qa")


def test_images_and_certificates_are_those_that_the_configuration_names(workspace: Workspace) -> None:
    assert workspace.images() == [OLD, NEW, OTHER]
    assert workspace.images_of("staging") == [NEW, OTHER]
    assert workspace.image("staging") == NEW
    assert workspace.certificates() == [ARN]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "there is no Pulumi.prod.yaml"),
        ("", "Pulumi.prod.yaml: immutable:imageId: is missing"),
        (f"config: {{immutable:imageId: {OLD}}}", "Pulumi.prod.yaml: aws:region: is missing"),
        (
            "config: {immutable:imageId: latest, aws:region: x}",
            "Pulumi.prod.yaml: immutable:imageId: 'latest'",
        ),
        ("config: {immutable:imageId: [a], aws:region: x}", "Pulumi.prod.yaml: immutable:imageId: ['a']"),
    ],
)
def test_what_the_story_cannot_do_without_is_asked_for_by_file_and_key(
    text: str | None, line: str, workspace: Workspace
) -> None:
    workspace.require_ready("staging", "prod")
    file = workspace.config_file("prod")
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(UsageError) as refusal:
        workspace.require_ready("staging", "prod")
    assert str(refusal.value).startswith(line)


def test_a_configuration_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"^Pulumi\.prod\.yaml is not YAML"):
        read_config(file)


def test_configuration_that_is_no_yaml_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config: [")
    with pytest.raises(UsageError, match=r"^Pulumi\.prod\.yaml is not YAML"):
        read_config(file)


@pytest.mark.parametrize("text", ["", "config:\n", "config: 3\n", "[]\n"])
def test_a_stack_without_configuration_has_none(text: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text)
    assert read_config(file) == {}
    assert environments_of(tmp_path) == []


def test_the_variables_point_at_the_emulated_cloud_and_the_scratch_state(workspace: Workspace) -> None:
    variables = workspace.variables("http://127.0.0.1:1")
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert variables["PULUMI_BACKEND_URL"] == f"file://{workspace.root}/state"
    assert variables["PULUMI_HOME"] == f"{workspace.root}/home"
    assert variables["AWS_ACCESS_KEY_ID"] == "test"


def test_a_profile_a_proxy_or_a_token_of_the_user_goes_no_further(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = {"AWS_PROFILE": "a", "HTTPS_PROXY": "b", "PULUMI_ACCESS_TOKEN": "c", "AWS_SESSION_TOKEN": "d"}
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    assert not mine.keys() & workspace.variables("http://127.0.0.1:1").keys()


def test_this_repository_has_the_two_environments_of_the_story() -> None:
    assert {"prod", "staging"} <= set(environments_of(REPOSITORY))


def test_hosted_zones_are_those_that_the_configuration_names_each_with_what_it_holds(
    workspace: Workspace,
) -> None:
    assert workspace.zones() == {}
    for environment, domain in (("staging", "staging.a.test"), ("prod", "a.test")):
        file = workspace.config_file(environment)
        names = f"  immutable:names: {{zoneId: Z1, domain: {domain}}}\n"
        file.write_text(file.read_text() + names)
    assert workspace.zones() == {"Z1": "a.test"}
