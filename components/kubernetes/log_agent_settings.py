"""What a cluster's log agent does: Fluent Bit reads the containers' lines and sends them to their log groups.

The same for every cluster of a region: which group a line goes to, its pod says (`labels.LOG_GROUP`), so a
new workload changes nothing here. An event is the line as it was printed, and a stream is the pod.
"""

from __future__ import annotations

import json
from typing import Any

from .labels import LOG_GROUP

SETTINGS_FOLDER = "/settings"
SETTINGS_FILE = "fluent-bit.yaml"
STATE_FOLDER = "/state"
LOG_FOLDER = "/var/log"
PORT = 2020
"""Where the agent says that it runs."""

TAG = "kube.*"
_GROUP = f"$kubernetes['annotations']['{LOG_GROUP}']"
UNKNOWN = "unknown"
"""The group and stream of a line whose pod is gone before it was asked about: no role may write there."""


def settings(region: str) -> str:
    """The whole file. It is YAML as JSON is, which needs no escaping of its own; the same region gives the
    same text."""
    return json.dumps(document(region), indent=2) + "\n"


def document(region: str) -> dict[str, Any]:
    return {
        "service": {
            "flush": 5,
            # What is read is sent before the agent ends.
            "grace": 25,
            "log_level": "warn",
            "http_server": "on",
            "http_port": PORT,
            # What CloudWatch does not take now waits on the disk, not in memory.
            "storage.path": f"{STATE_FOLDER}/buffer",
            "storage.max_chunks_up": 64,
        },
        "pipeline": {"inputs": [_lines()], "filters": [_pods(), _with_group()], "outputs": [_groups(region)]},
    }


def _lines() -> dict[str, Any]:
    """Each container's lines, put together where containerd split them.

    From the beginning of a file: a pod that ends soon has written before its file is found. So an agent that
    is replaced sends again what its node still has: a line may come twice, but none is missing.
    """
    return {
        "name": "tail",
        "tag": TAG,
        "path": f"{LOG_FOLDER}/containers/*.log",
        "multiline.parser": "cri",
        "read_from_head": "on",
        "refresh_interval": 5,
        "rotate_wait": 30,
        "skip_long_lines": "on",
        "db": f"{STATE_FOLDER}/read.db",
        "storage.type": "filesystem",
    }


def _pods() -> dict[str, Any]:
    """Whose lines they are, with what the pod's annotations say."""
    return {
        "name": "kubernetes",
        "match": TAG,
        "kube_tag_prefix": f"kube{LOG_FOLDER.replace('/', '.')}.containers.",
        "kube_url": "https://kubernetes.default.svc:443",
        "labels": "off",
        "annotations": "on",
        "merge_log": "off",
        "keep_log": "on",
        "k8s-logging.parser": "off",
        "k8s-logging.exclude": "off",
        # A pod's description may be longer than the 32 KB that are read otherwise.
        "buffer_size": 0,
    }


def _with_group() -> dict[str, Any]:
    """Lines of pods that name no group stay on the node."""
    return {"name": "grep", "match": TAG, "regex": f"{_GROUP} ."}


def _groups(region: str) -> dict[str, Any]:
    """Groups are there before their pods; what is to be kept, for how long and with which key, is theirs."""
    return {
        "name": "cloudwatch_logs",
        "match": TAG,
        "region": region,
        "log_group_name": UNKNOWN,
        "log_group_template": _GROUP,
        "log_stream_name": UNKNOWN,
        "log_stream_template": "$kubernetes['pod_name']",
        "log_key": "log",
        "auto_create_group": "off",
        # With the pauses that grow to half an hour, about a day.
        "retry_limit": 60,
        "storage.total_limit_size": "512M",
    }
