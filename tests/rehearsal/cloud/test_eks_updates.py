"""A new version of the launch template on its way to the nodes of the emulated EKS."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.clusters import BAD, BETTER, GOOD, NAME, NODES, Clusters


@pytest.fixture
def clusters(cloud: Local) -> Clusters:
    return Clusters(cloud)


def _ready(clusters: Clusters) -> Counter[str]:
    """How many nodes of each image take pods."""
    return Counter(node.image_id for node in clusters.nodes() if node.ready and not node.unschedulable)


def _over(clusters: Clusters, update_id: str) -> bool:
    return bool(clusters.update(update_id)["status"] != "InProgress")


def test_new_nodes_come_before_old_ones_go_and_as_many_are_left_as_before(clusters: Clusters) -> None:
    clusters.with_nodes()
    update_id = clusters.roll("2")
    assert clusters.found_nodes()["status"] == "UPDATING"
    seen: list[int] = []
    sizes: list[int] = []
    open_ones: list[str] = []

    def look() -> bool:
        seen.append(sum(node.ready for node in clusters.nodes()))
        old = [node for node in clusters.nodes() if node.image_id == GOOD]
        if any(node.draining for node in old):
            open_ones.extend(node.name for node in old if not node.unschedulable)
        sizes.append(clusters.group()["MaxSize"])
        return _over(clusters, update_id)

    clusters.until(look)
    update = clusters.update(update_id)
    assert (update["status"], update["type"], update["errors"]) == ("Successful", "VersionUpdate", [])
    assert (min(seen), max(seen)) == (2, 4)
    # What is evicted from one old node does not come to rest on another.
    assert open_ones == []
    assert len(clusters.group()["Instances"]) == 2
    assert (max(sizes), clusters.group()["MaxSize"], clusters.group()["DesiredCapacity"]) == (6, 4, 2)
    found = clusters.found_nodes()
    assert (found["status"], found["releaseVersion"]) == ("ACTIVE", BETTER)
    assert found["launchTemplate"]["version"] == "2"
    clusters.cloud.step(60)
    assert _ready(clusters) == {BETTER: 2}


@pytest.mark.parametrize(
    ("config", "most"),
    [({"maxUnavailable": 1}, 1), ({"maxUnavailable": 3}, 3), ({"maxUnavailablePercentage": 50}, 2)],
)
def test_so_many_nodes_go_at_a_time_as_may_be_unavailable(
    clusters: Clusters, config: dict[str, int], most: int
) -> None:
    sizes = {"minSize": 1, "maxSize": 6, "desiredSize": 4}
    clusters.with_nodes(updateConfig=config, scalingConfig=sizes)
    update_id, seen = clusters.roll("2"), [0]

    def look() -> bool:
        old = [node for node in clusters.nodes() if node.image_id == GOOD]
        seen.append(sum(node.draining for node in old))
        return _over(clusters, update_id)

    clusters.until(look, step=5)
    assert (clusters.update(update_id)["status"], max(seen)) == ("Successful", most)


def test_with_the_strategy_minimal_no_node_comes_before_one_goes(clusters: Clusters) -> None:
    clusters.with_nodes(updateConfig={"maxUnavailable": 1, "updateStrategy": "MINIMAL"})
    update_id, seen = clusters.roll("2"), [0]

    def look() -> bool:
        states = [each["LifecycleState"] for each in clusters.group()["Instances"]]
        seen.append(sum(not state.startswith("Terminating") for state in states))
        return _over(clusters, update_id)

    clusters.until(look)
    assert (clusters.update(update_id)["status"], max(seen)) == ("Successful", 2)
    assert _ready(clusters) == {BETTER: 2}


def test_nodes_that_do_not_come_end_it_with_the_old_ones_serving(clusters: Clusters) -> None:
    clusters.with_nodes()
    before = {node.instance_id for node in clusters.nodes()}
    update_id = clusters.roll("3")
    clusters.until(lambda: _over(clusters, update_id))
    update = clusters.update(update_id)
    assert update["status"] == "Failed"
    [error] = update["errors"]
    assert error["errorCode"] == "NodeCreationFailure"
    assert "new nodes are not joining node group workers" in error["errorMessage"]
    clusters.cloud.step(200)
    assert {node.instance_id for node in clusters.nodes()} == before
    assert not any(node.unschedulable for node in clusters.nodes())
    found, group = clusters.found_nodes(), clusters.group()
    assert (found["status"], found["releaseVersion"], found["launchTemplate"]["version"]) == (
        "ACTIVE", GOOD, "1",
    )  # fmt: skip
    assert (group["MaxSize"], group["DesiredCapacity"], len(group["Instances"])) == (4, 2, 2)
    clusters.ec2.terminate_instances(InstanceIds=sorted(before)[:1])
    clusters.cloud.step(200)
    assert _ready(clusters) == {GOOD: 2}


def test_after_a_failed_update_the_next_one_goes_its_way(clusters: Clusters) -> None:
    clusters.with_nodes()
    for version in ("3", "2"):
        update_id = clusters.roll(version)
        clusters.until(lambda update_id=update_id: _over(clusters, update_id))  # type: ignore[misc]
    assert clusters.update(update_id)["status"] == "Successful"
    clusters.cloud.step(60)
    assert _ready(clusters) == {BETTER: 2}


def test_a_node_that_goes_in_the_middle_of_it_is_replaced_by_a_new_one(clusters: Clusters) -> None:
    clusters.with_nodes()
    update_id = clusters.roll("2")
    clusters.ec2.terminate_instances(InstanceIds=[clusters.nodes()[0].instance_id])
    clusters.until(lambda: _over(clusters, update_id))
    assert clusters.update(update_id)["status"] == "Successful"
    clusters.cloud.step(100)
    assert _ready(clusters) == {BETTER: 2}


def test_an_auto_scaling_group_that_goes_in_the_middle_of_it_fails_it(clusters: Clusters) -> None:
    clusters.with_nodes()
    update_id = clusters.roll("2")
    name = clusters.group()["AutoScalingGroupName"]
    clusters.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    clusters.until(lambda: _over(clusters, update_id))
    assert clusters.update(update_id)["errors"][0]["errorMessage"].endswith("could not be found")


def test_one_update_at_a_time(clusters: Clusters) -> None:
    clusters.with_nodes()
    clusters.roll("2")
    for again in (lambda: clusters.roll("3"), lambda: _smaller(clusters)):
        with pytest.raises(ClientError, match=r"ResourceInUseException.*not in Active State"):
            again()
    with pytest.raises(ClientError, match=r"ResourceInUseException.*has an update in progress"):
        clusters.eks.delete_nodegroup(clusterName=NAME, nodegroupName=NODES)


def _smaller(clusters: Clusters) -> Any:
    sizes = {"minSize": 1, "maxSize": 1, "desiredSize": 1}
    return clusters.eks.update_nodegroup_config(clusterName=NAME, nodegroupName=NODES, scalingConfig=sizes)


def test_a_node_group_stays_with_its_launch_template(clusters: Clusters) -> None:
    clusters.with_nodes()
    other = clusters.ec2.create_launch_template(
        LaunchTemplateName="other", LaunchTemplateData={"ImageId": GOOD}
    )["LaunchTemplate"]["LaunchTemplateId"]
    with pytest.raises(ClientError, match="Launch template id or name cannot be changed"):
        clusters.eks.update_nodegroup_version(
            clusterName=NAME, nodegroupName=NODES, launchTemplate={"id": other, "version": "1"}
        )
    assert clusters.found_nodes()["status"] == "ACTIVE"


def test_an_image_that_is_gone_starts_nothing(clusters: Clusters) -> None:
    clusters.with_nodes()
    clusters.ec2.deregister_image(ImageId=BAD)
    with pytest.raises(ClientError, match=f"InvalidRequestException.*{BAD}"):
        clusters.roll("3")
    assert clusters.found_nodes()["status"] == "ACTIVE"


def test_nodes_are_of_the_cluster_s_version_when_they_were_last_replaced(clusters: Clusters) -> None:
    clusters.with_nodes()
    clusters.eks.update_cluster_version(name=NAME, version="1.36")
    clusters.cloud.step(700)
    assert clusters.found_nodes()["version"] == "1.35"
    update_id = clusters.roll("2")
    clusters.until(lambda: _over(clusters, update_id))
    assert clusters.found_nodes()["version"] == "1.36"


def test_a_cluster_does_not_leave_its_nodes_more_than_three_versions_behind(clusters: Clusters) -> None:
    clusters.created(version="1.31")
    clusters.create_nodes()
    clusters.cloud.step(120)
    for version in ("1.32", "1.33", "1.34"):
        clusters.eks.update_cluster_version(name=NAME, version=version)
        clusters.cloud.step(700)
    with pytest.raises(ClientError, match="Nodegroups workers must be updated to match"):
        clusters.eks.update_cluster_version(name=NAME, version="1.35")
