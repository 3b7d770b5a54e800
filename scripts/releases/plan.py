"""What a release would do before anything starts: batches, minutes, servers, cost, and how a failure ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from images import preflight as rules
from scripts.releases import alarms, plan_service, preflight
from scripts.releases.alarms import Alarm
from scripts.releases.aws import Account
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError
from scripts.releases.groups import Group
from scripts.releases.plan_service import ServicePlan, Target
from scripts.releases.plan_workload import WorkloadPlan, WorkloadPlans
from scripts.releases.preferences import Preferences
from scripts.releases.prices import Prices
from scripts.releases.reach import Reached


@dataclass(frozen=True)
class Plan:
    """A release of an environment. `alarms` are those that any of its refreshes watches, by name; `passed`
    says of each image that passed its pre-flight what it is; `remarks` are about services that it leaves
    out, and what is in its way.
    """

    environment: str
    services: tuple[ServicePlan, ...]
    alarms: Mapping[str, Alarm]
    passed: tuple[str, ...]
    remarks: tuple[str, ...]
    workloads: tuple[WorkloadPlan, ...] = ()

    def with_workloads(self, found: WorkloadPlans) -> Plan:
        """The same, and what becomes of workloads."""
        return replace(
            self,
            passed=(*self.passed, *found.passed),
            remarks=(*self.remarks, *found.remarks),
            workloads=found.plans,
        )


@dataclass(frozen=True)
class Request:
    """What is asked for: an image other than the configured one, and one service instead of all. Of the
    `renewed` services every server is replaced, also those that run the image: their template changes.
    """

    environment: str
    image: str | None
    service: str | None
    renewed: frozenset[str] = frozenset()


def make(reached: Reached, prices: Prices, request: Request) -> Plan:
    """The plan of an environment's groups. What the config leaves to its defaults is taken from the outputs
    of the last `up`; without them the group's own policy counts, which is better than no plan.

    Raises:
        RefusedError: there is no such service, an image does not pass the pre-flight, or preferences are none
            that AWS takes.
        AwsError: AWS refused.
    """
    config, found = reached.config, reached.groups.of(request.service).all
    images = {name: _image(config, name, request) for name in config.services}
    groups_here = [group for group in found if group.service in images]
    chosen = {group.name: plan_service.preferences_of(reached, group) for group in groups_here}
    passed = tuple(_checked(reached, request, dict.fromkeys(group.service for group in groups_here)))
    watched = _alarms(reached.account, {group.service: chosen[group.name] for group in groups_here})
    plans = tuple(
        plan_service.of(
            reached,
            group,
            chosen[group.name],
            prices,
            Target(images[group.service], group.service in request.renewed),
        )
        for group in groups_here
    )
    remarks = [
        *_unsaid(reached, groups_here),
        *_left_out(config, found, images, request.service),
        *_ringing(plans, watched),
        *(doubt.text for doubt in reached.groups.doubts),
    ]
    return Plan(request.environment, plans, watched, passed, tuple(remarks))


def _alarms(account: Account, chosen: Mapping[str, Preferences]) -> dict[str, Alarm]:
    """The alarms that the services' refreshes watch. Refuses names that no alarm has."""
    found = alarms.read(account, [name for each in chosen.values() for name in each.alarms])
    for service, each in chosen.items():
        for name in each.alarms:
            if name not in found:
                raise RefusedError(
                    f"{service}: there is no alarm {name!r} in {account.region}, so that a release would be "
                    f"refused; correct refresh / alarms, or bring a deleted one back by `pulumi refresh` and "
                    f"`pulumi up`"
                )
    return found


def _unsaid(reached: Reached, found: Sequence[Group]) -> Iterator[str]:
    """Whose preferences the outputs do not say."""
    services = reached.state.services if reached.state else {}
    why = reached.unread or "its stack says no preferences yet"
    for group in found:
        if group.service not in services or not services[group.service].refresh_preferences:
            yield (
                f"{group.service}: {why}; so the group's own policy is counted with, and the next `up` may "
                f"use another"
            )


def _left_out(
    config: ConfigFile, found: Sequence[Group], images: Mapping[str, str], service: str | None
) -> Iterator[str]:
    """Services that are only in the config, or only in AWS."""
    here = {group.service for group in found}
    for name, image in images.items():
        if name not in here and service in (None, name):
            yield f"{name}: has no group yet; its servers start on {image}"
    for name in sorted(here - set(images)):
        yield f"{name}: is up, but no longer in {config.path.name}; `pulumi up` takes it down"


def _ringing(plans: Iterable[ServicePlan], watched: Mapping[str, Alarm]) -> Iterator[str]:
    """Alarms that would keep a release from its start."""
    for each in plans:
        for alarm in (watched[name] for name in each.preferences.alarms):
            # Neither a service that stays nor one without servers has its alarms asked.
            if alarm.state != alarms.OK and each.course.batches:
                yield (
                    f"{each.service}: alarm {alarm.name} is {alarm.state} "
                    f"({alarm.reason.rstrip('.') or 'no reason given'}); `up` waits "
                    f"{alarms.PATIENCE_SECONDS / 60:g} min for it to be OK and then fails; a fix goes out "
                    f"meanwhile with watchAlarms: false"
                )


def _image(config: ConfigFile, service: str, request: Request) -> str:
    """The image that a release would bring: the asked one, for the services whose line it would change."""
    own = config.own(service) is not None
    named = service == request.service if request.service else not own
    return request.image if request.image and named else config.image(service)


def _checked(reached: Reached, request: Request, services: Iterable[str]) -> Iterator[str]:
    """What the images of these services are, each line of the config once. Refuses what `up` would refuse."""
    config = reached.config
    lines = {name if request.service or config.own(name) is not None else None: name for name in services}
    for line, name in lines.items():
        facts = preflight.check(config, line, _image(config, name, request))
        yield rules.summary(facts)
