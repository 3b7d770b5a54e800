"""Which image may go where: decisions over what a config says and what a fleet runs. Nothing is read here."""

from collections.abc import Mapping

from images import containers
from scripts.releases import digests
from scripts.releases.config_file import ConfigFile, Owner, Workload
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.state import EnvironmentState, Refresh, Rollout, ServiceState, WorkloadState

# AWS's word for a refresh that ended well. The program exports it too where none was needed, because every
# server ran the image already and was healthy; and it says the same of a workload's rollout.
SUCCESSFUL = "Successful"


def is_proven(ended: Refresh | Rollout) -> bool:
    """Whether the last refresh, or a workload's last rollout, ended well."""
    return ended.status == SUCCESSFUL


def outcome(ended: Refresh | Rollout) -> str:
    """Its outcome in words: the status, and the reason where it did not end well."""
    if is_proven(ended):
        return SUCCESSFUL
    what = "rollout" if isinstance(ended, Rollout) else "refresh"
    status = ended.status or f"no {what} is on record"
    return one_line(f"{status} ({ended.reason})" if ended.reason else status)


def promotable(config: ConfigFile, state: EnvironmentState, owner: Owner) -> str:
    """The image that the environment's config names, if its fleet proves it.

    The shared image (`owner` None) is proven by every service that uses it, a service's own by that one, a
    workload's by every workload that has the same key.

    Raises:
        RefusedError: one of them runs another image, its refresh or rollout ended badly, it is not up, or
            none uses it.
    """
    if isinstance(owner, Workload):
        image = config.container(owner.name)
        for name in _having(config, owner):
            _check_runs(config.environment, name, state.workloads.get(name), image)
        return image
    service, image = owner, config.image(owner)
    users = config.sharing() if service is None else [service]
    if not users:
        raise RefusedError(
            f"no service of {config.environment} uses the shared image {image}, so none proves it; "
            f"promote one with --service NAME"
        )
    for name in users:
        _check_runs(config.environment, name, state.services.get(name), image)
    return image


def _having(config: ConfigFile, owner: Workload) -> list[str]:
    """The workloads that have the same image. Refused where there is none to prove it, or to go back."""
    users = config.having(config.image_key(owner.name))
    if not users:
        raise RefusedError(
            f"no workload of {config.environment} has the image {owner.name}, so none says what runs; "
            f"name one with set-image"
        )
    return users


def _check_runs(environment: str, name: str, fleet: ServiceState | WorkloadState | None, image: str) -> None:
    deploy = f"run `pulumi up -s {environment}`"
    if fleet is None:
        raise RefusedError(f"{name} of {environment} is in its config, but not up; {deploy} first")
    if fleet.image != image:
        runs, wanted = containers.short(fleet.image or "no known image"), containers.short(image)
        raise RefusedError(
            f"{name} of {environment} runs {runs}, not the configured {wanted}; {deploy} first"
        )
    ended, what = last(fleet)
    if not is_proven(ended):
        raise RefusedError(
            f"the last {what} of {name} of {environment} did not end well: {outcome(ended)}; "
            f"{deploy} until it does"
        )


def last(fleet: ServiceState | WorkloadState) -> tuple[Refresh | Rollout, str]:
    """What brought the image to a fleet last, and what that is called."""
    if isinstance(fleet, WorkloadState):
        return fleet.rollout, "rollout"
    return fleet.refresh, "refresh"


def kept_repository(target: ConfigFile, owner: Workload, image: str) -> str:
    """A proven image as the config of `target` is to name it: by the same digest, in its own repository.

    Two environments may pull from registries of two accounts; the content is the same. Whether it is there
    is for the pre-flight to ask.
    """
    written = target.written(owner)
    if written is None:
        return image
    kept = containers.parse(image).within(containers.repository_of(written))
    return digests.checked(str(kept), target.line(owner))


def rollback_target(config: ConfigFile, state: EnvironmentState, owner: Owner) -> str:
    """The image to go back to.

    After a release that failed, the configured image is not the one that runs: back to the running one. After
    one that succeeded: back to the image before.

    Raises:
        RefusedError: there is none, or the services or workloads that use the image do not agree on one.
    """
    configured = config.written(owner)
    known: Mapping[str, ServiceState | WorkloadState] = state.services
    if isinstance(owner, Workload):
        users, known = _having(config, owner), state.workloads
    else:
        users = config.sharing() if owner is None else [owner]
    fleets = {name: known[name] for name in users if name in known}
    if not fleets:
        raise RefusedError(f"{config.environment} has nothing up that uses {config.line(owner)}")
    running = {name: fleet.image for name, fleet in fleets.items() if fleet.image != configured}
    return _agreed(
        config.environment, running or {name: fleet.previous_image for name, fleet in fleets.items()}
    )


def _agreed(environment: str, images: dict[str, str | None]) -> str:
    """The one image of all services. Unknown ones (a service that is newer than the image) have no say."""
    known = {name: image for name, image in images.items() if image}
    found = set(known.values())
    if not found:
        raise RefusedError(f"{environment} has no known image to go back to; name one with set-image")
    if len(found) > 1:
        listed = ", ".join(f"{name} {containers.short(image)}" for name, image in sorted(known.items()))
        raise RefusedError(
            f"the services of {environment} would go back to different images: {listed}; "
            f"name one with set-image"
        )
    return found.pop()


def check_expected(config: ConfigFile, owner: Owner, expected: str | None) -> None:
    """Compare-and-swap: refuses unless the line holds `expected` now (None: anything)."""
    present = config.written(owner)
    if expected is not None and present != expected:
        raise RefusedError(f"{config.line(owner)} is {present}, not the expected {expected}; look again")
