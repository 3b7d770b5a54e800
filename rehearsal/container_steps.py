"""The step with containers: the same story once more, on Kubernetes.

Both environments get a cluster and workloads beside their servers, a digest that is bad stops with the pods
before it serving, and one is promoted and goes back, each time by one changed line.
"""

from __future__ import annotations

from typing import Any

from rehearsal import aws_client, container_files
from rehearsal.cloud_client import TESTED
from rehearsal.container_files import IMAGES_KEY, sections
from rehearsal.engines import Changed, Outcome
from rehearsal.rollouts import release
from rehearsal.stage import Stage, StepFailedError, StepRecord, shown, unexpected

STAGING, PROD = "staging", "prod"
WORKLOAD = "shop"
BAD = "never-ready"
#: What changes between two digests of a workload that migrates its database before.
RELEASE = {
    ("kubernetes:apps/v1:Deployment", "update"),
    ("kubernetes:batch/v1:Job", "replace"),
    ("pulumi-python:dynamic/kubernetes:DeploymentRollout", "update"),
}


def containers(stage: Stage, step: StepRecord) -> None:
    """Clusters and workloads come up, a bad digest stops, another one is promoted, and prod goes back."""
    images = _prepare(stage, step)
    stage.run("up", STAGING, step)
    before = _serving(stage, step, STAGING, images[STAGING])
    _bad_digest(stage, step, images[STAGING], before)
    stage.run("up", PROD, step)
    _serving(stage, step, PROD, images[PROD])
    release(stage, step, PROD, "promote", STAGING, PROD, "--workload", WORKLOAD, key=f"{WORKLOAD}:")
    _roll_out(stage, step, images[STAGING])
    release(stage, step, PROD, "rollback", PROD, "--workload", WORKLOAD, key=f"{WORKLOAD}:")
    _roll_out(stage, step, images[PROD])


def _prepare(stage: Stage, step: StepRecord) -> dict[str, str]:
    """What is there before a cluster is: images in the registry, nodes' images, and roles of those who may
    enter. Returns the workload's image of each environment.
    """
    released, shared = {}, {}
    for version, environment in (("1.1", PROD), ("1.2", STAGING)):
        given = sections(environment)
        ecr = stage.aws(environment, "ecr")
        for name, image in given[IMAGES_KEY].items():
            if name != WORKLOAD and name not in shared:
                shared[name] = container_files.push(ecr, image, "1.0")
        pushed = {**shared, WORKLOAD: container_files.push(ecr, given[IMAGES_KEY][WORKLOAD], version)}
        node = given[container_files.CLUSTER_KEY]["nodes"]["imageId"]
        stage.cloud.client.register_image(f"nodes-{environment}", TESTED, node)
        _let_in(stage, environment)
        added = container_files.add(stage.workspace, environment, pushed, _secrets(stage, environment))
        step.notes.append(f"Pulumi.{environment}.yaml: + {', '.join(added)}")
        released[environment] = pushed[WORKLOAD]
    return released


def _secrets(stage: Stage, environment: str) -> dict[str, str]:
    """The secrets that the example names exist, by an owner of their own; returns the ARN of each by that of
    the example.
    """
    client = stage.aws(environment, "secretsmanager")
    named = container_files.secrets(environment)
    return {
        arn: client.create_secret(Name=name, SecretString="rehearsed")["ARN"] for arn, name in named.items()
    }


def _let_in(stage: Stage, environment: str) -> None:
    """The roles that the example names exist, as those of the delivery stack would."""
    iam = stage.aws(environment, "iam")
    there = {each["Arn"] for page in iam.get_paginator("list_roles").paginate() for each in page["Roles"]}
    trust = '{"Version": "2012-10-17", "Statement": []}'
    for arn in container_files.principals(environment):
        if arn not in there:
            iam.create_role(RoleName=arn.rpartition("/")[2], AssumeRolePolicyDocument=trust)


def _bad_digest(stage: Stage, step: StepRecord, good: str, before: set[str]) -> None:
    """A digest whose pods never get ready stops in staging, with the very pods before it serving."""
    bad = container_files.push(stage.aws(STAGING, "ecr"), good, "2.0")
    stage.cloud.client.register_container_image(bad, BAD)
    release(stage, step, STAGING, "set-image", STAGING, bad, "--workload", WORKLOAD, key=f"{WORKLOAD}:")
    stage.run_into_failure("up", STAGING, step)
    if (after := _serving(stage, step, STAGING, good)) != before:
        raise StepFailedError(
            f"the pods before a bad digest should serve on: {shown(sorted(before))}; "
            f"there serve {shown(sorted(after))}"
        )
    release(stage, step, STAGING, "set-image", STAGING, good, "--workload", WORKLOAD, key=f"{WORKLOAD}:")


def _roll_out(stage: Stage, step: StepRecord, image: str) -> None:
    """Prod's workload changes its digest, and nothing else changes."""
    only_the_release(stage.run("up", PROD, step))
    _serving(stage, step, PROD, image)


def only_the_release(outcome: Outcome) -> None:
    """Raises StepFailedError unless one Deployment, its rollout and its Job changed, and nothing else."""
    if odd := unexpected(outcome, _of_the_release):
        raise StepFailedError(f"another digest should change only the workload's pods, not {shown(odd)}")
    found = {(each.type, each.op) for each in outcome.resources}
    if missing := sorted(f"{op} {kind}" for kind, op in RELEASE - found):
        raise StepFailedError(f"another digest should also {shown(missing)}")


def _of_the_release(changed: Changed) -> bool:
    return (changed.type, changed.op) in RELEASE and changed.name.startswith(WORKLOAD)


def _serving(stage: Stage, step: StepRecord, environment: str, image: str) -> set[str]:
    """The names of the workload's pods, all of which serve on this image. Raises StepFailedError."""
    told = stage.ask("status", environment, "--live")["workloads"]
    workload: dict[str, Any] = next(each for each in told if each["workload"] == WORKLOAD)
    serving = {each["name"] for each in workload["pods"] if each["serves"] and each["image"] == image}
    if len(serving) < workload["desired"] or len(serving) != len(workload["pods"]):
        pods = shown([f"{each['name']} {each['state']} {each['image']}" for each in workload["pods"]])
        raise StepFailedError(
            f"{environment}: all pods of {WORKLOAD} should serve on {image}; there are {pods}"
        )
    step.notes.append(f"{environment}: {len(serving)} pods of {WORKLOAD} serve on {_short(image)}")
    return serving


def _short(image: str) -> str:
    repository, _, digest = image.rpartition("/")[2].partition("@sha256:")
    return f"{repository}@{digest[:12]}"


def clear(stage: Stage, step: StepRecord) -> None:
    """What outlives the clusters goes by hand: images in the registry, nodes' images, secrets and roles."""
    iam = aws_client.client("iam", stage.cloud.url, stage.workspace.region(PROD))
    count = container_files.clear(stage.aws(PROD, "ecr"))
    for environment in (STAGING, PROD):
        owner = stage.aws(environment, "secretsmanager")
        for name in container_files.secrets(environment).values():
            owner.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        for arn in container_files.principals(environment):
            iam.delete_role(RoleName=arn.rpartition("/")[2])
        node = sections(environment)[container_files.CLUSTER_KEY]["nodes"]["imageId"]
        for region in stage.factory.regions:
            ec2 = stage.client(region, "ec2")
            ec2.deregister_image(ImageId=node, DeleteAssociatedSnapshots=True)
    step.notes.append(
        f"{count} repositories of container images outlive both environments; a hand deletes them"
    )
