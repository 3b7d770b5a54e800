"""What an environment's fleet runs, as the outputs of its stack say after the last finished `up`."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from scripts.releases.backend import SECRET, Backend
from scripts.releases.errors import NotDeployedError, RefusedError

# Pulumi's whole numbers may come as 3 or 3.0, and AWS's versions as text.
Number = Annotated[int | None, BeforeValidator(lambda value: None if value == SECRET else value)]
Word = Annotated[str | None, BeforeValidator(lambda value: None if value == SECRET else value)]
# How the next refresh is started; a stack from before this output has none.
Preferences = Annotated[
    Mapping[str, Any], BeforeValidator(lambda value: value if isinstance(value, dict) else {})
]


class _Outputs(BaseModel):
    """What a stack exports. Unknown outputs are no concern of a release; a secret one counts as not there."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Refresh(_Outputs):
    """The outcome of a service's last instance refresh, in AWS's words, and why it ended so."""

    id: Word = None
    status: Word = None
    reason: Word = None


# Names of alarms by what they watch; a stack from before this output has none.
Alarms = Annotated[
    Mapping[str, str],
    BeforeValidator(
        lambda value: (
            {key: name for key, name in value.items() if isinstance(name, str) and name != SECRET}
            if isinstance(value, dict)
            else {}
        )
    ),
]


class Run(_Outputs):
    """What is told of a job's runs."""

    alarms: Alarms = {}


class ServiceState(_Outputs):
    """A service's fleet: the image of its last successful refresh, the one before, and the last refresh."""

    # web, worker or job; a stack from before this output has none but the first.
    kind: Word = None
    image: Word = None
    # The program exports an empty one when there was none.
    previous_image: Annotated[Word, BeforeValidator(lambda value: value or None)] = None
    launch_template_version: Number = None
    group: Word = None
    refresh: Refresh = Refresh()
    refresh_preferences: Preferences = {}
    alarms: Alarms = {}
    # Of a job alone. No refresh watches these alarms: it runs no job.
    run: Run = Run()


class Rollout(_Outputs):
    """The outcome of a workload's last rollout; `revision` is its Deployment's."""

    status: Word = None
    reason: Word = None
    # Empty before the first one.
    revision: Annotated[Number, BeforeValidator(lambda value: value or None)] = None
    finished_at: Word = None


class WorkloadState(_Outputs):
    """A workload: the image of its last successful rollout, the one before, and the last rollout.

    Attributes:
        image_key: where the image stands in the config's `images`.
        min_size: the fewest pods, `max_size` the most that load may bring.
    """

    image: Word = None
    image_key: Word = None
    # The program exports an empty one when there was none.
    previous_image: Annotated[Word, BeforeValidator(lambda value: value or None)] = None
    namespace: Word = None
    deployment: Word = None
    min_size: Number = None
    max_size: Number = None
    rollout: Rollout = Rollout()
    alarms: Alarms = {}


class ClusterState(_Outputs):
    """The cluster that workloads run in. Its kubeconfig is no secret: whoever has it still has to log in."""

    name: Word = None
    endpoint: Word = None
    version: Word = None
    kubeconfig: Word = None
    namespace: Word = None
    # Of a cluster that is the environment's own.
    node_group: Word = None
    node_image: Word = None


class EnvironmentState(_Outputs):
    """An environment that is up. `image` is the shared image of its last finished `up`."""

    url: Word = None
    image: Word = None
    cluster: ClusterState | None = None
    workloads: dict[str, WorkloadState] = {}
    services: dict[str, ServiceState]

    @field_validator("services")
    @classmethod
    def _runs_something(
        cls, services: dict[str, ServiceState], info: ValidationInfo
    ) -> dict[str, ServiceState]:
        if not services and not info.data.get("workloads"):
            raise ValueError("neither these nor workloads are there")
        return services


def parse(environment: str, outputs: Mapping[str, Any]) -> EnvironmentState:
    """The state in a stack's outputs.

    Raises:
        NotDeployedError: there are no outputs, so no `up` ever finished.
        RefusedError: the outputs are not those of this program.
    """
    if not outputs:
        raise NotDeployedError(
            f"the stack of {environment} has no outputs: no `pulumi up -s {environment}` ended well yet"
        )
    try:
        return EnvironmentState.model_validate(outputs)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RefusedError(
            f"the outputs of {environment} are not this program's: {where}: {first['msg'].lower()}; "
            f"run `pulumi up -s {environment}`"
        ) from error


def read(backend: Backend, environment: str) -> EnvironmentState:
    """The state of an environment.

    Raises:
        NotDeployedError: it has no stack, or one without outputs.
        RefusedError: its state is damaged, or not this program's.
        ReleaseError: the backend cannot be asked.
    """
    outputs = backend.outputs(environment)
    if outputs is None:
        raise NotDeployedError(
            f"{environment} has no stack in {backend}; run `pulumi up -s {environment}` first"
        )
    return parse(environment, outputs)
