"""A stack's objects of Kubernetes are rendered as declared, one file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import manifests
from rehearsal.engine.state import ResourceState
from rehearsal.engine.values import make_secret
from rehearsal.errors import UsageError


def state(kind: str, name: str, **inputs: Any) -> ResourceState:
    urn = f"urn:pulumi:test::project::immutable:kubernetes:Workload$kubernetes:{kind}::{name}"
    return ResourceState(urn=urn, type=f"kubernetes:{kind}", custom=True, inputs=inputs)


def test_each_object_is_a_file_named_as_pulumis_provider_names_it() -> None:
    metadata = {"name": "shop", "namespace": "workloads"}
    deployment = state("apps/v1:Deployment", "shop", spec={"replicas": 2}, metadata=metadata)
    definition = state("apiextensions.k8s.io/v1:CustomResourceDefinition", "own", metadata={"name": "own"})
    rendered = manifests.render([deployment, definition])
    assert [str(path) for path in rendered] == [
        "0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-own.yaml",
        "1-manifest/apps_v1-deployment-workloads-shop.yaml",
    ]
    text = rendered[Path("1-manifest/apps_v1-deployment-workloads-shop.yaml")]
    assert list(yaml.safe_load(text)) == ["apiVersion", "kind", "metadata", "spec"]
    assert yaml.safe_load(text)["spec"] == {"replicas": 2}


def test_what_is_no_object_or_on_its_way_out_is_left_out() -> None:
    going = state("core/v1:ConfigMap", "old", metadata={"name": "old"})
    going.delete = True
    other = ResourceState(
        urn="urn:pulumi:test::project::aws:ec2/vpc:Vpc::a", type="aws:ec2/vpc:Vpc", custom=True
    )
    assert manifests.render([going, other]) == {}


def test_a_secret_value_is_not_told() -> None:
    secret = state("core/v1:Secret", "s", metadata={"name": "s"}, stringData={"A": make_secret("hidden")})
    (text,) = manifests.render([secret]).values()
    assert yaml.safe_load(text)["stringData"] == {"A": "[secret]"}


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    (tmp_path / "Pulumi.yaml").write_text("name: project\nruntime: python\n")
    (tmp_path / "state").mkdir()
    return tmp_path, {"PULUMI_BACKEND_URL": (tmp_path / "state").as_uri()}


def test_a_stack_that_was_not_brought_up_has_none(project: tuple[Path, dict[str, str]]) -> None:
    folder, environ = project
    with pytest.raises(UsageError, match="staging was not brought up yet"):
        manifests.write(folder, "staging", environ, folder / "out")
