"""The release of workloads in a preview: from which image to which, and what goes with it.

What runs is what the last good rollout brought, as the rollout's own resource remembers it: of a rollout that
failed, Pulumi's Deployment has the new version already, while the cluster has the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from images import containers
from scripts.releases import differences
from scripts.releases.engine_events import CREATE, DELETE, REPLACE, SAME, UPDATE, Events, Side, Step

ROLLOUT = ":DeploymentRollout"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_JOB, _SETTINGS = "kubernetes:batch/v1:Job", "kubernetes:core/v1:ConfigMap"
_SECRETS = ":SecretProviderClass"
_TEMPLATE = "spec.template."
#: Where a template names what a release makes anew beside the image.
_NAMED = ("configMapRef", "secretProviderClass")


@dataclass(frozen=True)
class WorkloadMove:
    """What becomes of a workload's pods.

    Attributes:
        before: the image that they run, by the last rollout that ended well; None of a new workload.
        after: the image that they will run; None of a workload that goes.
        component: the URN of what holds the workload's resources.
        migration: the Job that runs once before, None without one.
        settings: the variables that change, by name.
        secrets: whether where its secrets lie changes.
        template: what else of its pods changes, by path.
    """

    workload: str
    before: str | None
    after: str | None
    component: str
    migration: str | None = None
    settings: tuple[str, ...] = ()
    secrets: bool = False
    template: tuple[str, ...] = ()

    @property
    def renewed(self) -> bool:
        """Whether pods are replaced by others of the same image."""
        return self.before is not None and self.before == self.after

    @property
    def images(self) -> tuple[str, str]:
        """Both for people: whole where nothing but the registry differs."""
        before, after = self.before or "", self.after or ""
        if before != after and containers.short(before) == containers.short(after):
            return before, after
        return containers.short(before), containers.short(after)

    @property
    def text(self) -> str:
        """What becomes of the image, without whose it is."""
        before, after = self.images
        if self.before is None:
            return f"new on {after}"
        if self.after is None:
            return "taken away"
        return f"renewed on {after}" if self.renewed else f"from {before} to {after}"


def moves(events: Events) -> tuple[WorkloadMove, ...]:
    """Every workload whose pods are made, replaced or taken away, by name."""
    found = (_move(events, step) for step in events.changed if step.type.endswith(ROLLOUT))
    return tuple(sorted((move for move in found if move), key=lambda move: move.workload))


def _move(events: Events, step: Step) -> WorkloadMove | None:
    before, after = _image(step.old), _image(step.new)
    if before == after and _template(step.old) == _template(step.new):
        return None
    beside = [each for each in events.changed if each.side.parent == step.side.parent]
    plain = before is None or after is None
    return WorkloadMove(
        workload=step.name,
        before=before,
        after=after,
        component=step.side.parent,
        migration=next((each.name for each in beside if each.type == _JOB and each.op != DELETE), None),
        settings=() if plain else tuple(_settings(beside)),
        secrets=not plain and any(each.type.endswith(_SECRETS) for each in beside),
        template=() if plain else tuple(_more(step)),
    )


def _image(side: Side | None) -> str | None:
    return None if side is None else str(side.inputs.get("image") or "") or None


def _template(side: Side | None) -> Any:
    spec = side.inputs.get("spec") if side else None
    return spec.get("template") if isinstance(spec, Mapping) else None


def _settings(beside: Sequence[Step]) -> Iterator[str]:
    """The variables that differ between what goes and what comes."""
    was: dict[str, Any] = {}
    then: dict[str, Any] = {}
    for step in (each for each in beside if each.type == _SETTINGS):
        was |= _data(step.old) if step.op != CREATE else {}
        then |= _data(step.new)
    yield from (name for name in sorted({*was, *then}) if was.get(name) != then.get(name))


def _data(side: Side | None) -> dict[str, Any]:
    data = side.inputs.get("data") if side else None
    return dict(data) if isinstance(data, Mapping) else {}


def _more(step: Step) -> Iterator[str]:
    """What of the template changes beside the image and the names of what a release makes anew."""
    for each in differences.of(step):
        path = each.path.removeprefix(_TEMPLATE)
        if path != each.path and not path.endswith(".image") and not any(part in path for part in _NAMED):
            yield path.removeprefix("spec.")


def is_release(step: Step, moved: Sequence[WorkloadMove]) -> bool:
    """Whether the words about a workload's release tell all of a step."""
    move = next((each for each in moved if each.component and each.component == step.side.parent), None)
    if move is None or move.before is None or move.after is None:
        return False
    if step.type.endswith(ROLLOUT):
        return step.op == UPDATE
    if step.type == DEPLOYMENT:
        return all(each.path.startswith(_TEMPLATE) for each in differences.of(step))
    if step.type in (_JOB, _SETTINGS) or step.type.endswith(_SECRETS):
        return step.op in (REPLACE, CREATE, UPDATE) or (step.op == DELETE and _kept(step))
    return False


def _kept(step: Step) -> bool:
    """Settings of before stay for the way back; a Job that is over has nothing to lose."""
    return step.type == _JOB or (step.old is not None and step.old.retain)


def repeats(step: Step, events: Events) -> bool:
    """Whether a rollout's difference is that of its Deployment, which is told already."""
    if not step.type.endswith(ROLLOUT) or step.op != UPDATE:
        return False
    every = events.steps.values()
    return any(
        each.type == DEPLOYMENT and each.side.parent == step.side.parent and each.op != SAME for each in every
    )


def beside(move: WorkloadMove) -> Iterator[str]:
    """What goes with the image, a line each."""
    if move.migration is not None:
        yield f"the migration {move.migration} runs once before, with the new image"
    if move.settings:
        yield f"variables change: {', '.join(move.settings)} (a new ConfigMap; pods of before keep theirs)"
    if move.secrets:
        yield "where its secrets lie changes (a new SecretProviderClass; pods of before keep theirs)"
    if move.template:
        yield f"of its pods changes too: {', '.join(move.template)}"


def as_json(move: WorkloadMove) -> dict[str, Any]:
    return {
        "workload": move.workload,
        "from": move.before,
        "to": move.after,
        "renewed": move.renewed,
        "migration": move.migration,
        "variables": list(move.settings),
        "secrets": move.secrets,
        "template": list(move.template),
    }
