"""Whatever is applied and patched by whom: the object and the owners of its fields are the same on both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.cloud.kubernetes.fields import from_v1
from tests.kubernetes.sides import Side, without
from tests.kubernetes.writers import writes

SEEDS = range(40)
#: Written by controllers, each in its own time.
CONTROLLED = {"status", "deployment.kubernetes.io/revision"}
#: Filled in where it is left out: whose it is when nothing is in it any more decides nothing.
LEFT_EMPTY = ("f:resources",)


def owners(document: Mapping[str, Any]) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    """The fields of each manager of ours; a container of others is told by them."""
    found = {
        (each["manager"], each["operation"]): from_v1(each["fieldsV1"])
        for each in document["metadata"].get("managedFields") or ()
        if each["manager"] in ("one", "two")
    }
    return {
        manager: {
            path
            for path in paths
            if path[-1] not in LEFT_EMPTY and (not path[-1].startswith("f:") or not _inside(path, paths))
        }
        for manager, paths in found.items()
    }


def _inside(path: tuple[str, ...], paths: set[tuple[str, ...]]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in paths)


@pytest.mark.parametrize("seed", SEEDS)
def test_writes_of_several_managers_leave_the_same_object(real: Side, emulated: Side, seed: int) -> None:
    namespace = f"writers-{seed}"
    for side in (real, emulated):
        side.make("/api/v1/namespaces", {"metadata": {"name": namespace}})
    for request in writes(seed, namespace):
        there, here = real.ask(request), emulated.ask(request)
        assert here.refusal[:2] == there.refusal[:2], (there.document, here.document)
        if there.status >= 400:
            assert here.refusal == there.refusal
        else:
            assert without(here.content, CONTROLLED) == without(there.content, CONTROLLED)
            assert owners(here.document) == owners(there.document)
