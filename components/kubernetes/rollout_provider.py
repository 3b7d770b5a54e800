"""The rollout of a Deployment as a dynamic resource: what is an input, what triggers it, what is remembered.

As `refresh_provider.py`: the class has no attributes and is importable, so that its pickle in the state is
just its name. Neither the cluster's client nor boto3 is imported before a rollout runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from ..provider_values import differs, say
from ..refresh_errors import RolloutError, show_rollout_errors_as_one_line

if TYPE_CHECKING:
    from .rollout_waiter import Outcome

DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")

IDENTITY = ("namespace", "deployment")
"""A change of these, and of the cluster, is another resource: there is nothing to go on from."""
INPUTS = (
    "kubeconfig", *IDENTITY, "deployment_uid", "metadata", "spec", "image", "min_size", "timeout_seconds",
)  # fmt: skip

Properties = dict[str, Any]


class RolloutProvider(ResourceProvider):
    """Creates and updates a `DeploymentRollout`. It deletes nothing: the Deployment is a resource itself."""

    # Holds no secret. As a secret the pickle would be encrypted anew in every state, and shown as a change.
    serialize_as_secret_always = False

    def configure(self, _req: ConfigureRequest) -> None:
        show_rollout_errors_as_one_line()

    def check(self, _olds: Properties, news: Properties) -> CheckResult:
        image = news.get("image")
        if isinstance(image, Unknown) or DIGEST.fullmatch(str(image)):
            return CheckResult(news, [])
        why = (
            f"{image!r} is not a digest such as registry/shop@sha256:…; what a tag names changes without a "
            "diff and cannot be rolled back"
        )
        return CheckResult(news, [CheckFailure("image", why)])

    def diff(self, _id: str, olds: Properties, news: Properties) -> DiffResult:
        """An unknown new value, as in a preview of a Deployment that is not there yet, counts as changed."""
        changed = [name for name in INPUTS if differs(olds.get(name), news.get(name))]
        replaces = [name for name in IDENTITY if name in changed]
        before, after = server(olds.get("kubeconfig")), server(news.get("kubeconfig"))
        if before and after and before != after:
            replaces.append("kubeconfig")
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=False)

    def create(self, props: Properties) -> CreateResult:
        outcome = _carry_out(props, "")
        return CreateResult(
            f"{props['namespace']}/{props['deployment']}/rollout", _outputs(props, outcome, "")
        )

    def update(self, _id: str, olds: Properties, news: Properties) -> UpdateResult:
        """Raises RolloutError when the rollout fails: the state then keeps `olds`, and the next up tries
        again.
        """
        previous = olds.get("previous_image") or ""
        if not is_triggered(olds, news):
            told = ("status", "reason", "revision", "replica_set", "finished_at", "previous_image")
            return UpdateResult(_inputs(news) | {name: olds.get(name) for name in told})
        outcome = _carry_out(news, olds.get("replica_set") or "")
        if olds.get("image") != news["image"]:
            previous = olds.get("image") or ""
        return UpdateResult(_outputs(news, outcome, previous))


def is_triggered(olds: Properties, news: Properties) -> bool:
    """Whether other pods are wanted, or those of another Deployment."""
    templates = [(props.get("spec") or {}).get("template") for props in (olds, news)]
    return differs(*templates) or differs(olds.get("deployment_uid"), news.get("deployment_uid"))


def server(kubeconfig: Any) -> str:
    """Which cluster a kubeconfig leads to; empty for one that is not known yet."""
    if not isinstance(kubeconfig, str):
        return ""
    known = json.loads(kubeconfig)
    contexts = {each["name"]: each["context"]["cluster"] for each in known["contexts"]}
    clusters = {each["name"]: each["cluster"]["server"] for each in known["clusters"]}
    return str(clusters[contexts[known["current-context"]]])


def _carry_out(props: Properties, good: str) -> Outcome:
    from .connection import Connection, explained, is_an_answer
    from .rollout_waiter import Rollout, Target

    where = f"deployment {props['deployment']} in {props['namespace']}"
    target = Target(
        namespace=props["namespace"],
        name=props["deployment"],
        metadata=whole(props["metadata"]),
        spec=whole(props["spec"]),
        min_size=int(props["min_size"]),
        good=good,
    )
    try:
        rollout = Rollout(Connection(props["kubeconfig"]), target, float(props["timeout_seconds"]), say)
        return rollout.run()
    except Exception as error:
        if not is_an_answer(error):
            raise
        raise RolloutError(f"{where}: {explained(error)}") from error


def whole(value: Any) -> Any:
    """Numbers come from the engine as floats, which Kubernetes takes for no number of anything."""
    if isinstance(value, Mapping):
        return {key: whole(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _inputs(props: Properties) -> Properties:
    return {name: props[name] for name in INPUTS if name in props}


def _outputs(props: Properties, outcome: Outcome, previous_image: str) -> Properties:
    return _inputs(props) | {
        "status": outcome.status,
        "reason": outcome.reason,
        "revision": outcome.revision,
        "replica_set": outcome.replica_set,
        "finished_at": outcome.finished_at,
        "previous_image": previous_image,
    }
