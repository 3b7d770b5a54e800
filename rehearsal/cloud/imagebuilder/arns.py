"""ARNs of Image Builder: how names, versions and builds stand in them, and which ones a wildcard means.

Source: "Semantic versioning in Image Builder", and the patterns in botocore's model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rehearsal.cloud.imagebuilder import exceptions

#: CreateComponent, `semanticVersion`: the upper limit of each node.
LARGEST_NODE = 2**30 - 1

Version = tuple[int, int, int]


def make(region: str, account: str, kind: str, name: str, version: str = "") -> str:
    """`version` is empty, MAJOR.MINOR.PATCH, or that with /BUILD."""
    arn = f"arn:aws:imagebuilder:{region}:{account}:{kind}/{normalized(name)}"
    return f"{arn}/{version}" if version else arn


def normalized(name: str) -> str:
    """Names that differ only in case, spaces, or underscores are one name to AWS."""
    return re.sub(r"[ _]", "-", name).lower()


def version(text: str) -> Version:
    """Raises InvalidVersionNumber for a node above the limit."""
    nodes = tuple(int(node) for node in text.split("."))
    if max(nodes) > LARGEST_NODE:
        raise exceptions.InvalidVersionNumber(
            f"The version number {text} is not valid: each node is at most {LARGEST_NODE}."
        )
    return nodes[0], nodes[1], nodes[2]


def tail(arn: str) -> str:
    """What follows the name: `1.0.0/1` of a build version ARN, `1.0.0` or `x.x.x` of a version ARN."""
    return arn.split("/", 2)[2]


def is_build(arn: str) -> bool:
    return arn.count("/") == 3


def without_build(arn: str) -> str:
    return arn.rsplit("/", 1)[0] if is_build(arn) else arn


def order(build_arn: str) -> tuple[Version, int]:
    """Later builds come after earlier ones."""
    text, build = tail(build_arn).split("/")
    return version(text), int(build)


def latest(arn: str, build_arns: Iterable[str]) -> str | None:
    """The build version that an ARN means: itself, or the latest that fits its version or its wildcards."""
    if is_build(arn):
        return arn if arn in set(build_arns) else None
    start, wanted = arn.split("/", 2)[:2], tail(arn).split(".")
    fitting = [
        build
        for build in build_arns
        if build.split("/", 2)[:2] == start
        and all(
            w in ("x", node) for w, node in zip(wanted, tail(build).split("/")[0].split("."), strict=True)
        )
    ]
    return max(fitting, key=order, default=None)


def check_wildcards(name: str, text: str) -> None:
    """Raises InvalidParameterValue where a number stands right of a wildcard."""
    nodes = text.split("/")[0].split(".")
    if "x" in nodes and any(node != "x" for node in nodes[nodes.index("x") :]):
        raise exceptions.InvalidParameterValue(
            name=name, why="All nodes to the right of the first wildcard must also be wildcards."
        )


def references(kind: str, build_arn: str) -> dict[str, str]:
    """Wildcard ARNs that go on meaning the latest version, as answers of Create and Get name them."""
    start, (text, *_) = build_arn.split("/", 2)[:2], tail(build_arn).split("/")
    major, minor, patch = text.split(".")
    made = {"latestVersionArn": "x.x.x", "latestMajorVersionArn": f"{major}.x.x"}
    made |= {"latestMinorVersionArn": f"{major}.{minor}.x"}
    if kind == "component":
        made["latestPatchVersionArn"] = f"{major}.{minor}.{patch}"
    return {name: "/".join([*start, tail]) for name, tail in made.items()}
