"""What is told of an object that does not get ready."""

from __future__ import annotations

import pytest

from rehearsal.plugin import PartialFailureError
from tests.rehearsal.provider.kubernetes.stack import IMAGE, Stack, job, urn

JOB = "batch/v1:Job"


def test_what_was_said_of_pods_that_are_gone_is_told(stack: Stack) -> None:
    """A volume that is not there leaves no trace in the state of a pod, and a Job takes its pods along."""
    inputs = job("migrate", IMAGE)
    volume = {"name": "settings", "configMap": {"name": "missing"}}
    inputs["spec"]["template"]["spec"]["volumes"] = [volume]
    inputs["spec"]["activeDeadlineSeconds"] = 60
    container = inputs["spec"]["template"]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "settings", "mountPath": "/settings"}]
    with pytest.raises(PartialFailureError, match=r'\[FailedMount\] .*configmap "missing" not found'):
        stack.create(JOB, "migrate", inputs)
    state = stack.provider.read(urn(JOB, "migrate"), "default/migrate", {}, {})
    assert state is not None
    stack.known[JOB, "migrate"] = (inputs, state)
