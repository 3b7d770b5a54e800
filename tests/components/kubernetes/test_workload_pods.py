"""What a workload's pods are, may and get."""

from __future__ import annotations

from tests.components.kubernetes.rendered import IMAGE, container, manifests, named, pod, spec


def test_a_pod_may_as_little_as_it_can_do_with() -> None:
    found = container()
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    about = pod()["spec"]
    assert about["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert (about["automountServiceAccountToken"], about["enableServiceLinks"]) == (False, False)
    assert about["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}]
    assert found["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108
    assert not {"hostNetwork", "hostPID", "hostIPC"} & about.keys()


def test_a_pod_gets_a_token_of_the_cluster_only_where_it_is_asked_for() -> None:
    for wanted in (False, True):
        objects = manifests(service_account_token=wanted)
        assert named(objects, "ServiceAccount")["automountServiceAccountToken"] is wanted
        about = named(objects, "Deployment")["spec"]["template"]["spec"]
        assert about["automountServiceAccountToken"] is wanted
        assert about["serviceAccountName"] == "shop"


def test_a_pod_runs_the_image_by_its_digest_with_what_it_is_promised() -> None:
    found = container(command=("serve", "--all"), user_id=1000)
    assert (found["image"], found["command"]) == (IMAGE, ["serve", "--all"])
    assert found["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "500m", "memory": "128Mi"},
    }
    assert pod(user_id=1000)["spec"]["securityContext"]["runAsUser"] == 1000
    assert "command" not in container()


def test_a_pod_is_asked_by_three_probes_at_its_health_path() -> None:
    found = container(health_path="/up", startup_seconds=61)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert found[probe]["httpGet"] == {"path": "/up", "port": 8080, "scheme": "HTTP"}
    assert found["startupProbe"]["failureThreshold"] * found["startupProbe"]["periodSeconds"] == 65
    out = found["readinessProbe"]["failureThreshold"] * found["readinessProbe"]["periodSeconds"]
    dead = found["livenessProbe"]["failureThreshold"] * found["livenessProbe"]["periodSeconds"]
    assert dead >= 5 * out, "it is out of service long before it is restarted"


def test_another_served_port_may_be_the_one_that_is_asked() -> None:
    found = container(ports={"admin": 9000}, health_port=9000)
    assert found["readinessProbe"]["httpGet"]["port"] == 9000
    assert found["ports"] == [
        {"name": "http", "containerPort": 8080}, {"name": "admin", "containerPort": 9000},
    ]  # fmt: skip


def test_a_worker_has_no_port_no_probe_and_no_service() -> None:
    found = container(port=None)
    assert not {"ports", "startupProbe", "readinessProbe", "livenessProbe"} & found.keys()
    assert "Service" not in [each["kind"] for each in manifests(port=None)]


def test_a_pod_that_is_to_go_serves_on_while_requests_still_come() -> None:
    assert container(drain_seconds=20)["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}}
    assert "lifecycle" not in container(drain_seconds=0)
    assert pod(termination_grace_seconds=90)["spec"]["terminationGracePeriodSeconds"] == 90


def test_pods_of_each_version_are_spread_over_zones_and_nodes() -> None:
    found = pod()["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in found] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    for each in found:
        assert (each["maxSkew"], each["whenUnsatisfiable"]) == (1, "ScheduleAnyway")
        assert each["labelSelector"]["matchLabels"] == spec("Deployment")["selector"]["matchLabels"]
        assert each["matchLabelKeys"] == ["pod-template-hash"]


def test_what_a_container_said_last_is_in_its_status() -> None:
    assert container()["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_the_log_agent_is_told_where_a_pods_lines_go() -> None:
    assert pod(log_group_name="shop-log")["metadata"]["annotations"] == {"immutable/log-group": "shop-log"}
    assert "annotations" not in pod()["metadata"]
