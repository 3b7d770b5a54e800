"""The gate for workloads: a digest passes that the environment before has run long enough without a crash, as
its cluster says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from images import containers
from scripts.releases import alarms, aws, digests, promotion, workloads
from scripts.releases.config_file import ConfigFile
from scripts.releases.gate_words import CLOSED, RAN, RUNS, SOAKED, WAITS, Passage
from scripts.releases.live import states as alarms_now
from scripts.releases.project import Project
from scripts.releases.state import EnvironmentState
from scripts.releases.workloads import ABSENT, FAILED, PAUSED, SUCCESSFUL, Cluster, Live


@dataclass(frozen=True)
class Looked:
    """What the gate found, by the clock of the cluster before it."""

    passages: tuple[Passage, ...]
    at: datetime | None


@dataclass(frozen=True)
class _Rule:
    """The environment before: what its cluster runs, and how long that is to be."""

    cluster: Cluster
    live: dict[str, Live]
    soak_seconds: float
    now: datetime

    @property
    def name(self) -> str:
        return self.cluster.environment

    def counterparts(self, beyond: ConfigFile, workload: str) -> list[Live]:
        """What proves an image for a workload: the same workload; else all whose image has the same key."""
        if workload in self.live:
            return [self.live[workload]]
        key = beyond.workloads[workload]
        return [self.live[name] for name in self.cluster.config.having(key) if name in self.live]


def look(
    where: Project, source: str, beyond: ConfigFile, state: EnvironmentState | None, soak_seconds: float
) -> Looked:
    """A passage for each workload of the environment behind the gate. The cluster of the one before is asked
    where the outputs do not open the gate: those say what `up` saw last, which is enough to leave a workload
    as it is.

    Raises:
        RefusedError: a workload has no image by digest, or the environment before is not up.
        ReleaseError: its cluster could not be asked: the gate stays closed.
    """
    wanted = {name: beyond.container(name) for name in beyond.workloads}
    found = {name: _kept(beyond, state, name, image) for name, image in wanted.items()}
    if all(found.values()):
        return Looked(tuple(each for each in found.values() if each), None)
    cluster = workloads.reach(where, source)
    live = {each.name: each for each in workloads.look(cluster)}
    rule = _Rule(cluster, live, soak_seconds, cluster.api.now())
    passages = (found[name] or _passage(rule, beyond, state, name, wanted[name]) for name in wanted)
    return Looked(tuple(passages), rule.now)


def _kept(beyond: ConfigFile, state: EnvironmentState | None, name: str, image: str) -> Passage | None:
    """What the workload runs already."""
    known = state.workloads.get(name) if state else None
    if known is None or not digests.same(known.image, image) or not promotion.is_proven(known.rollout):
        return None
    text = f"{name} of {beyond.environment} runs {containers.short(image)} already"
    return Passage(name, image, RUNS, text)


def _passage(
    rule: _Rule, beyond: ConfigFile, state: EnvironmentState | None, name: str, image: str
) -> Passage:
    found = [_judged(rule, each, image) for each in rule.counterparts(beyond, name)]
    if found and all(its == SOAKED for its, _ in found):
        return Passage(name, image, SOAKED, "; ".join(text for _, text in found))
    known = state.workloads.get(name) if state else None
    if known and digests.same(known.previous_image, image):
        text = f"{name} of {beyond.environment} ran {containers.short(image)} before"
        return Passage(name, image, RAN, text)
    if not found:
        text = f"{rule.name} has no workload {name}, nor one with its image"
        return Passage(name, image, CLOSED, text)
    its = CLOSED if any(state == CLOSED for state, _ in found) else WAITS
    return Passage(name, image, its, "; ".join(text for each, text in found if each == its))


def _judged(rule: _Rule, live: Live, image: str) -> tuple[str, str]:
    """Whether this workload lets the image through, and why."""
    who, wanted = f"{live.name} of {rule.name}", containers.short(image)
    if live.status == ABSENT:
        return CLOSED, f"{who}: {live.reason}"
    if not digests.same(live.image, image):
        return CLOSED, f"{who} runs {containers.short(live.image or 'no known image')}, not {wanted}"
    if live.status in (FAILED, PAUSED):
        return CLOSED, f"{who}: its rollout is {live.step}"
    strangers = [pod.name for pod in live.pods if not pod.leaves and not digests.same(pod.image, image)]
    if live.status != SUCCESSFUL or strangers or live.since is None:
        return WAITS, f"{who}: its rollout is {live.step}"
    if not live.desired:
        return CLOSED, f"{who} runs no pod now"
    if live.serving < live.desired:
        return WAITS, f"{who}: {live.serving} of {live.desired} pods serve"
    return _soaked(rule, live, who, wanted)


def _soaked(rule: _Rule, live: Live, who: str, wanted: str) -> tuple[str, str]:
    """Whether it has run long enough since the last thing that went wrong."""
    start = live.since or rule.now
    names = tuple(rule.cluster.state.workloads[live.name].alarms.values())
    account = aws.account(rule.cluster.config) if names else None
    known = {} if account is None else alarms_now(account, names)
    for name, alarm in known.items():
        if alarm is None:
            return CLOSED, f"{who}: its alarm {name} does not exist, so nothing watches it"
        if alarm.state == alarms.ALARM:
            return WAITS, f"{who}: its alarm {name} rings"
    troubles = [(pod.crashed_at, "a container of it crashed") for pod in live.pods if pod.crashed_at]
    if account is not None:
        rang = ((alarms.rang(account, name, start), name) for name in known)
        troubles += [(at, f"its alarm {name} rang") for at, name in rang if at]
    last = max(troubles, default=None)
    since, after = start, ""
    if last is not None and last[0] > start:
        since, after = last[0], f", since {last[1]}"
    seconds = max(0.0, (rule.now - since).total_seconds())
    if seconds < rule.soak_seconds:
        minutes = f"{seconds // 60:.0f} of {rule.soak_seconds / 60:.0f} minutes"
        return WAITS, f"not yet: {who} runs {wanted} for {minutes}{after}"
    calm = "without a crash or an alarm" if names else "without a crash"
    return SOAKED, f"{who} runs {wanted} for {seconds // 60:.0f} minutes {calm}{after}"
