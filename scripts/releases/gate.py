"""Whether an environment may take the image that its config names: by what fleets run, never by an exit code.

A job that ended well says that a command did. It can be run again until it does, after the fleet went back to
the image before, or days later. So the gate asks AWS, each time anew: which image the servers of the
environment before run, since when, and which of its alarms rang meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.releases import aws, copies, gate_workloads, groups, promotion, refreshes, soak
from scripts.releases.aws import Account
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import NotDeployedError, RefusedError
from scripts.releases.gate_words import CLOSED, RAN, RUNS, SOAKED, WAITS, Passage
from scripts.releases.groups import Group
from scripts.releases.options import fleet
from scripts.releases.project import Project
from scripts.releases.reach import Reached, reach
from scripts.releases.soak import Soak
from scripts.releases.state import EnvironmentState


@dataclass(frozen=True)
class Verdict:
    """The gate's answer, at a time of AWS's clock. `passages` are of services, `workloads` of these."""

    source: str
    target: str
    image: str | None
    at: datetime
    passages: tuple[Passage, ...]
    workloads: tuple[Passage, ...] = ()

    @property
    def every(self) -> tuple[Passage, ...]:
        return (*self.passages, *self.workloads)

    @property
    def open(self) -> bool:
        return all(each.state in (RUNS, RAN, SOAKED) for each in self.every)

    @property
    def hopeful(self) -> bool:
        """Whether time alone may open it."""
        return all(each.state != CLOSED for each in self.every)

    @property
    def why(self) -> str:
        """In one line: what keeps it closed, or what opened it."""
        against = [each for each in self.every if each.state == CLOSED]
        against += [each for each in self.every if each.state == WAITS]
        if against:
            return "; ".join(each.text for each in against)
        return "; ".join(dict.fromkeys(each.text for each in self.every))

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.open,
            "open": self.open,
            "from": self.source,
            "to": self.target,
            "image": self.image,
            "at": self.at.isoformat(),
            "why": self.why,
            "services": {each.name: each.as_json() for each in self.passages},
            "workloads": {each.name: each.as_json() for each in self.workloads},
        }


@dataclass(frozen=True)
class _Target:
    """The environment behind the gate: `groups` by service, empty before its first `up`."""

    config: ConfigFile
    account: Account
    state: EnvironmentState | None
    groups: dict[str, Group]

    def runs(self, service: str) -> str | None:
        """The image that the service launches now: by AWS; by the stack's outputs where these credentials do
        not see its group, as those of another account do not.
        """
        if group := self.groups.get(service):
            return refreshes.image_of(self.account, group, group.version)
        known = self.state.services.get(service) if self.state else None
        return known.image if known and promotion.is_proven(known.refresh) else None

    def ran(self, service: str, image: str) -> bool:
        """Whether the service ran the image once: its stack's outputs name it as the one before, or a
        refresh to it succeeded, as far back as AWS keeps them.
        """
        known = self.state.services.get(service) if self.state else None
        if known and known.previous_image == image:
            return True
        group = self.groups.get(service)
        return group is not None and soak.succeeded(self.account, group, image)


def look(where: Project, source: str, target: str, soak_seconds: float) -> Verdict:
    """Looks once.

    Raises:
        RefusedError: there is no such environment, `source` is not up, or which groups are its is not clear.
        ReleaseError: AWS or the state could not be asked: the gate stays closed.
    """
    if source == target:
        raise RefusedError(f"{source} is no gate for itself; name the environment before it")
    beyond = _target(where, target)
    config, at = beyond.config, None
    found: tuple[Passage, ...] = ()
    if config.services:
        found, at = _services(where, source, beyond, soak_seconds)
    looked = gate_workloads.look(where, source, config, beyond.state, soak_seconds)
    now = at or looked.at or beyond.account.now()
    return Verdict(source, target, config.shared, now, found, looked.passages)


def _services(
    where: Project, source: str, beyond: _Target, soak_seconds: float
) -> tuple[tuple[Passage, ...], datetime]:
    """A passage for each service, and AWS's time."""
    origin = reach(where, source, witnessed=True)
    if origin.state is None:
        raise RefusedError(f"the gate to {beyond.config.environment} stays closed: {origin.unread}")
    origin.groups.certain()
    soaks = {group.service: soak.of(origin, group) for group in origin.groups.all}
    rule = _Rule(origin, soaks, soak_seconds, origin.account.now())
    return tuple(_passage(rule, beyond, service) for service in beyond.config.services), rule.now


def _target(where: Project, name: str) -> _Target:
    config = where.config(name)
    if not config.services and not config.workloads:
        raise RefusedError(
            f"{config.path.name} has no services and no workloads, so that there is nothing to let through"
        )
    account = aws.account(config)
    try:
        state = fleet(where, name)
    except NotDeployedError:
        state = None
    # Without services nothing of it is in Auto Scaling but nodes.
    here = groups.survey(account, where.name, config, state).certain().all if config.services else ()
    return _Target(config, account, state, {group.service: group for group in here})


@dataclass(frozen=True)
class _Rule:
    """The environment before: its fleets, and how long they are to run an image."""

    origin: Reached
    soaks: dict[str, Soak]
    soak_seconds: float
    now: datetime

    def counterparts(self, service: str) -> list[Soak]:
        """The fleets that prove an image for `service`: the same service's; else all that share an image."""
        if service in self.soaks:
            return [self.soaks[service]]
        shared = self.origin.config.sharing()
        return [soaked for name, soaked in self.soaks.items() if name in shared]


def _passage(rule: _Rule, beyond: _Target, service: str) -> Passage:
    """The reasons for letting it through, the cheapest first; else the first one against."""
    image = beyond.config.services[service] or beyond.config.shared
    name, target = rule.origin.config.environment, beyond.config.environment
    if image is None:
        raise RefusedError(f"{beyond.config.path.name}: {service} has no image; set imageId")
    if beyond.runs(service) == image:
        return Passage(service, image, RUNS, f"{service} of {target} runs {image} already")
    found = [_judged(rule, beyond, each, image) for each in rule.counterparts(service)]
    if found and all(state == SOAKED for state, _ in found):
        return Passage(service, image, SOAKED, "; ".join(text for _, text in found))
    if beyond.ran(service, image):
        return Passage(service, image, RAN, f"{service} of {target} ran {image} before")
    if not found:
        return Passage(
            service, image, CLOSED, f"{name} has no service {service}, nor one that shares its image"
        )
    state = CLOSED if any(state == CLOSED for state, _ in found) else WAITS
    return Passage(service, image, state, "; ".join(text for its, text in found if its == state))


def _judged(rule: _Rule, beyond: _Target, soaked: Soak, image: str) -> tuple[str, str]:
    """Whether this fleet lets `image` through, and why."""
    who = f"{soaked.service} of {rule.origin.config.environment}"
    runs = soaked.image
    if (runs or not soaked.trouble) and (runs is None or _there(rule, beyond, runs, image) != image):
        return CLOSED, f"{who} runs {runs or 'no known image'}, not {image}"
    if soaked.trouble:
        return (WAITS if soaked.passes else CLOSED), f"{who}: {soaked.trouble}"
    silent = soaked.silent_since
    seconds = (rule.now - silent).total_seconds() if silent else 0.0
    # Whole minutes that are over: "30 of 30" would be enough.
    minutes = f"{seconds // 60:.0f} of {rule.soak_seconds / 60:.0f} minutes"
    after = f", since its alarm {soaked.rang[0]} rang" if soaked.rang and silent == soaked.rang[1] else ""
    if seconds < rule.soak_seconds:
        return WAITS, f"not yet: {who} runs {image} for {minutes}{after}"
    return SOAKED, f"{who} runs {image} for {seconds // 60:.0f} minutes without an alarm{after}"


def _there(rule: _Rule, beyond: _Target, runs: str, wanted: str) -> str:
    """The image that runs, as it is called in the region behind the gate."""
    if runs == wanted:
        return runs
    try:
        return copies.in_region_of(beyond.config, rule.origin.config, runs)
    except RefusedError:
        return runs


def steps(
    look_once: Callable[[], Verdict], pause: Callable[[], None], patience_seconds: float
) -> Iterator[Verdict]:
    """Verdicts, one look after the other, until the gate opens, nothing but a change can open it, or the
    patience is over by AWS's clock. The last one is the answer.
    """
    first = verdict = look_once()
    yield verdict
    while not verdict.open and verdict.hopeful:
        if (verdict.at - first.at).total_seconds() >= patience_seconds:
            return
        pause()
        verdict = look_once()
        yield verdict
