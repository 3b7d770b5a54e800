"""The components in another repository: as an installed package, and as a plugin for any Pulumi language."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from rehearsal.cloud import certificates
from rehearsal.cloud.local import CREDENTIALS, running

ROOT = Path(__file__).parents[1]
SOURCES = ("components", "functions", "plugin", "pyproject.toml", "README.md")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")

IMAGE = "ami-0a1b2c3d4e5f60718"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/second"

PROGRAM = """
import sys
import pulumi
from immutable_infrastructure.alert_topic import AlertTopic, AlertTopicArgs
from immutable_infrastructure.load_balancer import LoadBalancer, LoadBalancerArgs
from immutable_infrastructure.network import Network, NetworkArgs
from immutable_infrastructure.service import Service, ServiceArgs
from immutable_infrastructure.session_keys import SessionKeys, SessionKeysArgs

certificate = pulumi.Config().require("certificate")
zones = ("eu-central-1a", "eu-central-1b")
network = Network("net", NetworkArgs(cidr="10.9.0.0/16", zones=zones, region="eu-central-1"))
alerts = AlertTopic("alerts", AlertTopicArgs(owner_arn=network.vpc_arn))
entry = LoadBalancer("entry", LoadBalancerArgs(
    vpc_id=network.vpc_id, vpc_cidr=network.cidr, subnet_ids=tuple(network.private_subnet_ids),
    certificate_arn=certificate,
))
keys = SessionKeys("sessions", SessionKeysArgs(owner_arn=network.vpc_arn, alert_topic_arn=alerts.arn))
web = Service("web", ServiceArgs(
    image_id="ami-0a1b2c3d4e5f60718", region="eu-central-1", placement=network.placement,
    entry_point=entry.entry_point, alert_topic_arn=alerts.arn, port=8080, health_path="/healthz",
    instance_types=("t4g.small",), min_size=2, max_size=4, priority=1, paths=("/*",),
))
pulumi.export("image", web.refresh.image_id)
pulumi.export("ours", sorted(name for name in sys.modules if name.split(".")[0] in ("components", "stacks")))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a copy of the package's sources, and `site`, where it is installed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in SOURCES:
        source, target = ROOT / name, folder / "source" / name
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    install = ["install", "--no-deps", "--no-build-isolation", "--target", str(folder / "site")]
    subprocess.run([*PIP, *install, str(folder / "source")], check=True, capture_output=True, text=True)
    return folder


def variables(elsewhere: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{elsewhere / 'site'}:{ROOT}", **more}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for each in (folder, tmp_path / "state"):
        each.mkdir()
    config = {"aws:region": "eu-central-1", "second:certificate": CERTIFICATE}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "second", "runtime": {"name": "python"}}))
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    (folder / "__main__.py").write_text(PROGRAM)
    return folder


def test_a_second_project_composes_the_installed_package(elsewhere: Path, project: Path) -> None:
    with running(speed=1000) as cloud:
        cloud.image(IMAGE)
        certificates.issue(CERTIFICATE, "example.com")
        told = variables(
            elsewhere,
            **CREDENTIALS,
            AWS_ENDPOINT_URL=cloud.url,
            PULUMI_BACKEND_URL=f"file://{project.parent / 'state'}",
            PULUMI_CONFIG_PASSPHRASE="correct horse",
        )
        command = [sys.executable, "-m", "rehearsal.engine", "up", "--stack", "dev", "--json", "done.json"]
        done = subprocess.run(command, cwd=project, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        outputs = json.loads((project / "done.json").read_text())["outputs"]
        assert outputs["image"] == IMAGE, "the rollout's provider is found in the package"
        assert outputs["ours"] == [], "nothing of this repository's other folders is needed"
        (function,) = cloud.client("lambda").list_functions()["Functions"]
        assert function["Handler"] == "session_keys.handler", "its code came with the package"


def test_the_installed_package_has_the_components_of_clusters(elsewhere: Path) -> None:
    """Who makes none needs nothing of Kubernetes: a service imports no part of it."""
    program = (
        "import sys, immutable_infrastructure.service; print('pulumi_kubernetes' in sys.modules);"
        "import immutable_infrastructure.kubernetes.cluster as found; print(found.Cluster.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=elsewhere, env={**os.environ, "PYTHONPATH": str(elsewhere / "site")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["False", "Cluster"], done.stderr


@pytest.fixture
def plugin(elsewhere: Path) -> Iterator[Any]:
    """The plugin as the engine starts it: it says its port, and answers there."""
    process = subprocess.Popen(
        [sys.executable, str(elsewhere / "source" / "plugin" / "__main__.py"), "127.0.0.1:1"],
        env=variables(elsewhere), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        port = process.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_the_plugin_tells_the_engine_of_every_component(plugin: Any) -> None:
    schema = json.loads(plugin.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert (schema["name"], schema["version"]) == ("immutable", project_version())
    assert {"immutable:index:Network", "immutable:index:Service"} <= set(schema["resources"])


def project_version() -> str:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    return next(line for line in lines if line.startswith("version = ")).split('"')[1]


def test_the_changelog_has_a_part_for_the_version() -> None:
    assert f"## {project_version()}\n" in (ROOT / "CHANGELOG.md").read_text()
