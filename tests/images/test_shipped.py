"""What the shipped recipes and documents promise, as far as it can be read from them."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from images import documents, recipes
from images.documents import Document
from images.recipes import FOLDER

NAMES = (
    "base", "start", "agents", "lifecycle", "secrets", "rotation", "database", "migrations", "service",
    "seal",
)  # fmt: skip


def shipped(name: str) -> Document:
    return documents.load(FOLDER / "documents" / f"{name}.yaml")


def unit(path: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    assert read.read(FOLDER / path)
    return read


def test_the_shipped_recipes_are_these() -> None:
    read = recipes.load_all()
    everywhere = {
        name: [each.document.name for each in recipe.components if each.on == "anywhere"]
        for name, recipe in read.items()
    }
    assert everywhere == {
        "base": ["base", "start", "lifecycle", "secrets", "rotation", "seal"],
        "service": [
            "base",
            "start",
            "lifecycle",
            "secrets",
            "rotation",
            "database",
            "migrations",
            "service",
            "seal",
        ],
    }
    for recipe in read.values():
        assert [each.document.name for each in recipe.components if each.on == "aws"] == ["agents"]
        # What comes after the seal is not sealed.
        assert recipe.components[-1].document.name == "seal"


@pytest.mark.parametrize("name", NAMES)
def test_every_document_proves_what_it_did_on_a_running_copy(name: str) -> None:
    document = shipped(name)
    assert document.phase("build")
    assert document.phase("test")


@pytest.mark.parametrize(
    ("name", "promises"),
    [
        ("base", {"no-sshd", "no-compilers", "no-passwords", "time", "updates"}),
        ("start", {"address", "user-data"}),
        ("agents", {"ssm-agent", "log-agent"}),
        ("lifecycle", {"ends-without-hooks"}),
        ("database", {"encrypted-or-not-at-all"}),
        ("migrations", {"nothing-to-migrate-without-a-database"}),
        ("secrets", {"a-service-gets-its-secrets", "a-secret-that-it-may-not-read"}),
        ("rotation", {"looks-again-at-its-time", "a-rotated-secret-reaches-the-service"}),
        (
            "service",
            {
                "starts-by-its-environment-file",
                "serves-its-health-path",
                "migrates-once-and-first",
                "does-not-serve-without-its-migrations",
                "ends-when-it-is-asked-to",
                "logs-lines-of-json",
            },
        ),
        (
            "seal",
            {"machine-id", "host-keys", "cloud-init-state", "people", "secrets", "package-caches"},
        ),
    ],
)
def test_every_promise_has_a_test(name: str, promises: set[str]) -> None:
    assert promises <= {step.name for step in shipped(name).phase("test")}


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_built_in_any_root_file_system_of_debian(name: str) -> None:
    """A bake on a machine has no running systemd to ask, and knows these two actions."""
    for step in shipped(name).phase("build") + shipped(name).phase("validate"):
        assert step.action in {"ExecuteBash", "CreateFile"}
        started = [line for line in (step.script or "").splitlines() if "systemctl" in line]
        assert not [line for line in started if any(word in line for word in (" start", " restart", "--now"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_program_in_an_image_is_owned_by_root_and_changed_by_nobody_else(name: str) -> None:
    for step in shipped(name).phase("build"):
        if step.action == "CreateFile":
            for file in step.inputs:
                expected = "0755" if file["content"].startswith("#!") else "0644"
                assert (file["permissions"], file["overwrite"]) == (expected, True), file["path"]
                assert "owner" not in file


def test_a_service_has_one_file_that_configures_it() -> None:
    read = unit("service/service.service")
    file = "\nEnvironmentFile=/etc/immutable/%p.env\n"
    assert (FOLDER / "service" / "service.service").read_text().count(file) == 1
    assert read["Unit"]["ConditionPathExists"] == "/etc/immutable/%p.env"
    assert read["Service"]["DynamicUser"] == "yes"


@pytest.mark.parametrize(
    "path",
    [
        "agents/log-group.conf",
        "lifecycle/immutable-lifecycle@.service",
        "secrets/immutable-secrets@.service",
        "migrations/immutable-migrate@.service",
        "service/service.service",
    ],
)
def test_what_reads_an_environment_file_waits_for_whatever_writes_it(path: str) -> None:
    writers = {"immutable-user-data.service", "cloud-init.service"}
    assert writers <= set(unit(path)["Unit"]["After"].split())


def test_only_start_takes_the_cloud_init_of_a_parent_away() -> None:
    assert [name for name in NAMES if purges_cloud_init(shipped(name))] == ["start"]


def purges_cloud_init(document: Document) -> bool:
    scripts = [step.script or "" for step in document.phase("build")]
    return any("apt-get purge" in script and "cloud-init" in script.split() for script in scripts)


def test_migrations_run_once_at_a_start_and_before_the_service() -> None:
    service, migrate = unit("service/service.service"), unit("migrations/immutable-migrate@.service")
    assert "immutable-migrate@%p.service" in service["Unit"]["Requires"].split()
    assert "immutable-migrate@%p.service" in service["Unit"]["After"].split()
    assert (migrate["Service"]["Type"], migrate["Service"]["RemainAfterExit"]) == ("oneshot", "yes")
    # They may use the secrets of the service.
    assert migrate["Unit"]["Requires"] == "immutable-secrets@%i.service"
    assert "immutable-secrets@%i.service" in migrate["Unit"]["After"].split()


def test_a_service_starts_with_its_secrets_or_not_at_all() -> None:
    service, secrets = unit("service/service.service"), unit("secrets/immutable-secrets@.service")
    assert "immutable-secrets@%p.service" in service["Unit"]["Requires"].split()
    assert "immutable-secrets@%p.service" in service["Unit"]["After"].split()
    # Without a dash: a service whose file is missing does not start.
    assert "\nEnvironmentFile=/run/immutable/%p.env\n" in (FOLDER / "service/service.service").read_text()
    assert (secrets["Service"]["Type"], secrets["Service"]["RemainAfterExit"]) == ("oneshot", "yes")
    assert secrets["Service"]["RuntimeDirectoryPreserve"] == "yes"


def test_a_secret_is_looked_at_again_at_another_time_on_every_server() -> None:
    service, timer = unit("service/service.service"), unit("rotation/immutable-secrets-again@.timer")
    assert service["Unit"]["Wants"] == "immutable-secrets-again@%p.timer"
    assert timer["Timer"]["RandomizedDelaySec"] == timer["Timer"]["OnUnitInactiveSec"] == "15min"
    again = unit("rotation/immutable-secrets-again@.service")
    # Done when it ends: its timer starts it anew.
    assert "RemainAfterExit" not in again["Service"]


def test_the_devices_of_a_start_are_those_that_a_server_needs() -> None:
    """Without them it has no disk, no address, no clock, and does not hear that EC2 stops it."""
    text = (FOLDER / "start" / "udev-trigger.conf").read_text()
    found = {word.split("=")[1] for word in text.split() if word.startswith("--subsystem-match=")}
    assert {"acpi", "block", "input", "net", "nvme", "pci", "platform", "rtc", "virtio"} <= found
    assert not {"tty", "vc", "memory", "cpu"} & found


def test_only_the_server_that_a_service_is_for_runs_its_lifecycle() -> None:
    read = unit("lifecycle/immutable-lifecycle@.service")
    assert read["Unit"]["ConditionPathExists"] == "/etc/immutable/%i.env"


def test_every_unit_of_an_image_is_one_of_its_files() -> None:
    """What a document enables and no package brings is created by a document of the same recipe."""
    created = {
        Path(file["path"]).name
        for name in NAMES
        for step in shipped(name).phase("build")
        if step.action == "CreateFile"
        for file in step.inputs
    }
    services = {"web", "api", "immutable-lifecycle@", "immutable-migrate@", "immutable-user-data"}
    services |= {"immutable-secrets@", "immutable-secrets-again@"}
    assert {f"{name}.service" for name in services} | {"20-dhcp.network"} <= created
