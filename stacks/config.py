"""A stack as its file describes it: an environment or the image factory. The only reader of `pulumi.Config`.

`load` returns a checked value or raises `pulumi.RunError` with one line a problem:

    Pulumi.staging.yaml: immutable:services.web.min: 5 is more than max 3; lower min or raise max
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import pulumi
from pulumi.runtime import get_config_env
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from components import lifecycle_hooks
from components.server_access import SECRETS
from components.user_data import LOG_GROUP, server_config
from stacks import costs, databases, kinds, names, routes, sessions, workload_rules
from stacks import tags as tag_rules
from stacks.cluster_sections import ClusterConfig
from stacks.container_images import ImageKey, ImageReference
from stacks.costs import BudgetConfig
from stacks.database_sections import DatabaseConfig, DatabaseKey
from stacks.exceptions import Exceptions
from stacks.factory import FactoryConfig
from stacks.log_sections import EnvironmentLogsConfig
from stacks.names import NamesConfig
from stacks.problems import Place, SectionError, found_in, key_path
from stacks.references import owner_of
from stacks.sections import (
    AlertsConfig,
    ImageId,
    LoadBalancerConfig,
    NetworkConfig,
    PolicyArn,
    PreflightConfig,
    Region,
    Section,
    SleepConfig,
)
from stacks.services import ServiceConfig, variables
from stacks.sessions import SessionsConfig
from stacks.shared_keys import KEEP_SECRETS
from stacks.workload_sections import WorkloadConfig

if TYPE_CHECKING:
    from stacks.delivery_sections import DeliveryConfig


def _service_name(value: str) -> str:
    if not re.fullmatch(r"[a-z](?:-?[a-z0-9]){0,23}", value):
        raise ValueError(
            "is not a service's name; take up to 24 lower-case letters, digits, hyphens, a letter first"
        )
    return value


class EnvironmentConfig(Section):
    """All that makes one environment differ from another."""

    composition: ClassVar[str] = "stacks.environment"

    region: Region = Field(alias="aws:region", description="the AWS region, such as eu-central-1")
    image_id: ImageId | None = Field(
        default=None, description="the ID of the image that servers start from, ami-..."
    )
    network: NetworkConfig = Field(description="a map with at least cidr")
    load_balancer: LoadBalancerConfig = Field(
        default=LoadBalancerConfig(), description="a map with certificateArn, scheme and more"
    )
    names: NamesConfig | None = Field(
        default=None, description="a map with zoneId and domain, below which the environment has its names"
    )
    services: dict[Annotated[str, AfterValidator(_service_name)], ServiceConfig] = Field(
        default={}, description="a map of services by name"
    )
    cluster: ClusterConfig | None = Field(
        default=None, description="a map with version, nodes, addOns and admins: where workloads run"
    )
    images: dict[ImageKey, ImageReference] = Field(
        default={}, description="a map of container images by key, each by its digest"
    )
    workloads: dict[Annotated[str, AfterValidator(workload_rules.name_of)], WorkloadConfig] = Field(
        default={}, description="a map of workloads by name, each with cpu and memory"
    )
    logs: EnvironmentLogsConfig = Field(
        default=EnvironmentLogsConfig(), description="how long logs are kept, and who else gets them"
    )
    sleep: SleepConfig | None = Field(
        default=None, description="a map with timeZone, from and until: when there are no servers"
    )
    databases: dict[DatabaseKey, DatabaseConfig] = Field(
        default={}, description="a map of databases by name, each with engine, version and instanceClass"
    )
    sessions: SessionsConfig = Field(
        default=SessionsConfig(), description="how often the keys of sessions are renewed"
    )
    alerts: AlertsConfig = Field(default=AlertsConfig(), description="who hears of alarms")
    budget: BudgetConfig | None = Field(default=None, description="a map with monthlyUsd: who hears of costs")
    preflight: PreflightConfig = Field(
        default=PreflightConfig(), description="what an image must have shown before servers start from it"
    )
    exceptions: Exceptions = Field(
        default=(), description="a list of what is excepted from a rule of the guardrails, until a day"
    )
    tags: dict[str, str] = Field(default={}, description="tags for every resource")
    permissions_boundary: PolicyArn | None = Field(
        default=None, description="the ARN of the policy that is the most that roles of the stack may do"
    )

    @model_validator(mode="after")
    def _agrees(self) -> EnvironmentConfig:
        SectionError.raise_any(self._problems())
        return self

    def image_of(self, service: str) -> str:
        """The image that a service's servers start from: its own, or the environment's."""
        image = self.services[service].image_id or self.image_id
        assert image is not None  # noqa: S101 - services without an image are refused
        return image

    def section_of(self, name: str) -> str:
        """Where a service or workload stands."""
        return "services" if name in self.services else "workloads"

    def _problems(self) -> Iterator[tuple[Place, str]]:
        yield from names.problems(self)
        yield from workload_rules.problems(self)
        routed = {name: each.route for name, each in names.answering(self).items() if each.route}
        for name, key, text in routes.conflicts(routed):
            yield (self.section_of(name), name, "route", key), text
        for name in self.services:
            yield from _user_data_problems(name, self.services[name])
        yield from self._access_problems()
        yield from sessions.problems(self)
        yield from databases.problems(self)
        yield from costs.problems(self)
        yield from self.logs.problems(self.region, self.load_balancer.access_log_retention_days)
        yield from tag_rules.problems(self.tags)
        if any(kinds.lifecycle_of(service).any for service in self.services.values()):
            yield from tag_rules.server_problems(self.tags)

    def _access_problems(self) -> Iterator[tuple[Place, str]]:
        """Of what services and workloads name: it is there, and in this region and account."""
        certificate = self.load_balancer.certificate_arn
        account = certificate and owner_of(certificate).account
        for name, each in names.answering(self).items():
            for secret, reference in each.secrets.items():
                owner = owner_of(reference.arn)
                place = (self.section_of(name), name, "secrets", secret)
                if owner.region != self.region:
                    text = f"is of {owner.region}, the stack of {self.region}; name one in {self.region}"
                    yield place, text
                elif account and owner.account != account:
                    text = (
                        f"is of account {owner.account}, the certificate of {account}; name one in {account}"
                    )
                    yield place, text


def _user_data_problems(name: str, service: ServiceConfig) -> Iterator[tuple[Place, str]]:
    # The launch template adds the log group, whose name is known only later: the service's and seven digits.
    added = {LOG_GROUP: f"{name}-0123456"}
    run_seconds = None if service.schedule is None else service.timeout_minutes * 60
    added |= lifecycle_hooks.variables(
        service.port, service.health_path, kinds.lifecycle_of(service), run_seconds
    )
    # Of what is known later, its length: a host's or an ARN's, as a rule.
    added |= dict.fromkeys(variables(service), "x" * 100)
    references = [f"{variable}={secret.arn}" for variable, secret in service.secrets.items()]
    added |= {SECRETS: " ".join(references)} if references else {}
    try:
        server_config(name, added | service.environment)
    except ValueError as error:
        yield ("services", name, "environment"), str(error)


def load(stack: str) -> EnvironmentConfig | FactoryConfig | DeliveryConfig:
    """Read and check the configuration of the running program's stack.

    A stack with recipes is the factory of images, one with an image an environment that runs it, and one with
    `delivery` holds the roles of those who deploy both.

    Raises pulumi.RunError that names the stack's file, each wrong key, its value and what to do.
    """
    namespace = pulumi.Config().name
    given = _given(namespace)
    if not given:
        raise pulumi.RunError(
            f"Pulumi.{stack}.yaml: {namespace}:imageId: is missing, and so is every other key; "
            f"is {stack} an environment of this project? Start one as a copy of another's file"
        )
    found = _secret_keys(namespace, given)
    if "recipes" in given and "imageId" in given:
        text = "stands beside imageId: a stack makes images or runs one; remove one of the two"
        raise refusal(stack, [*found, (("recipes",), text)])
    model = _model(given)
    region = pulumi.Config("aws").get("region")
    config = None
    try:
        payload = given | ({"aws:region": region} if region else {})
        config = model.model_validate_json(json.dumps(payload), by_name=False)
    except ValidationError as error:
        found += found_in(error, model)
    if config is None or found:
        raise refusal(stack, found)
    return config


def _model(given: dict[str, Any]) -> type[EnvironmentConfig | FactoryConfig | DeliveryConfig]:
    if given.keys() & {"recipes", "distribution"}:
        return FactoryConfig
    if "delivery" in given and "imageId" not in given:
        from stacks.delivery_sections import DeliveryConfig

        return DeliveryConfig
    return EnvironmentConfig


def refusal(stack: str, found: list[tuple[Place, str]]) -> pulumi.RunError:
    """The error that says what is wrong with a stack's file, one line a problem."""
    namespace = pulumi.Config().name
    said = [f"Pulumi.{stack}.yaml: {key_path(namespace, place)}: {text}" for place, text in found]
    return pulumi.RunError("\n".join(said))


@contextmanager
def blamed_on(stack: str, *place: str) -> Iterator[None]:
    """What a component refuses of its arguments, said of the key that they come from.

    What a component alone knows is wrong is found here, before its first resource.
    """
    try:
        yield
    except ValidationError as error:
        found = found_in(error, EnvironmentConfig)
        raise refusal(
            stack, [((*place, *(to_camel(str(part)) for part in at)), text) for at, text in found]
        ) from None


def _given(namespace: str) -> dict[str, Any]:
    """Every set key of the namespace. The SDK lists no keys, so they are taken from where it looks them up.

    Pulumi.yaml gives each key an empty default, lest the engine refuse a missing one in words that name no
    file; empty is therefore not given. A map or list arrives as JSON, anything else as text.
    """
    prefix = f"{namespace}:"
    everything = get_config_env() | CONFIG.get()
    keys = sorted(key.removeprefix(prefix) for key in everything if key.startswith(prefix))
    config = pulumi.Config(namespace)
    given = {key: _decoded(config.get(key)) for key in keys}
    return {key: value for key, value in given.items() if value not in (None, "", {}, [])}


def _decoded(text: str | None) -> Any:
    if text is None or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _secret_keys(namespace: str, given: dict[str, Any]) -> list[tuple[Place, str]]:
    """Keys set with `--secret`, whole or in part: their text would go on into user data, where all see it."""
    return [
        ((key,), f"is a secret, or holds one, and user data would show it; {KEEP_SECRETS}")
        for key in given
        if is_config_secret(f"{namespace}:{key}")
    ]
