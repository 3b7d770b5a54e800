"""Which image may go where: decisions over what a config says and what a fleet runs. Nothing is read here."""

from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.state import EnvironmentState, Refresh, ServiceState

# AWS's word for a refresh that ended well. The program exports it too where none was needed, because every
# server ran the image already and was healthy.
SUCCESSFUL = "Successful"


def is_proven(refresh: Refresh) -> bool:
    """Whether the last refresh ended well."""
    return refresh.status == SUCCESSFUL


def outcome(refresh: Refresh) -> str:
    """The last refresh's outcome in words: its status, and the reason where it did not end well."""
    if is_proven(refresh):
        return SUCCESSFUL
    status = refresh.status or "no refresh is on record"
    return one_line(f"{status} ({refresh.reason})" if refresh.reason else status)


def promotable(config: ConfigFile, state: EnvironmentState, service: str | None) -> str:
    """The image that the environment's config names, if its fleet proves it.

    The shared image (`service` None) is proven by every service that uses it, a service's own by that one.

    Raises:
        RefusedError: a service runs another image, its refresh ended badly, it is not up, or none uses it.
    """
    image = config.image(service)
    users = config.sharing() if service is None else [service]
    if not users:
        raise RefusedError(
            f"no service of {config.environment} uses the shared image {image}, so none proves it; "
            f"promote one with --service NAME"
        )
    for name in users:
        _check_runs(config.environment, name, state.services.get(name), image)
    return image


def _check_runs(environment: str, name: str, service: ServiceState | None, image: str) -> None:
    deploy = f"run `pulumi up -s {environment}`"
    if service is None:
        raise RefusedError(f"{name} of {environment} is in its config, but not up; {deploy} first")
    if service.image != image:
        runs = service.image or "no known image"
        raise RefusedError(f"{name} of {environment} runs {runs}, not the configured {image}; {deploy} first")
    if not is_proven(service.refresh):
        raise RefusedError(
            f"the last refresh of {name} of {environment} did not end well: {outcome(service.refresh)}; "
            f"{deploy} until it does"
        )


def rollback_target(config: ConfigFile, state: EnvironmentState, service: str | None) -> str:
    """The image to go back to.

    After a release that failed, the configured image is not the one that runs: back to the running one. After
    one that succeeded: back to the image before.

    Raises:
        RefusedError: there is none, or the services that use the image do not agree on one.
    """
    configured = config.written(service)
    users = config.sharing() if service is None else [service]
    fleets = {name: state.services[name] for name in users if name in state.services}
    if not fleets:
        raise RefusedError(f"{config.environment} has nothing up that uses {config.line(service)}")
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
        listed = ", ".join(f"{name} {image}" for name, image in sorted(known.items()))
        raise RefusedError(
            f"the services of {environment} would go back to different images: {listed}; "
            f"name one with set-image"
        )
    return found.pop()


def check_expected(config: ConfigFile, service: str | None, expected: str | None) -> None:
    """Compare-and-swap: refuses unless the line holds `expected` now (None: anything)."""
    present = config.written(service)
    if expected is not None and present != expected:
        raise RefusedError(f"{config.line(service)} is {present}, not the expected {expected}; look again")
