"""Names of an environment's own: where it is entered, and where its services find each other.

`entries.py` makes what they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from stacks import calls
from stacks.problems import Place, shown
from stacks.sections import LoadBalancerConfig, Section
from stacks.services import RouteConfig, ServiceConfig
from stacks.workload_sections import WorkloadConfig

INTERNAL = "internal"
"""The label below the domain under which services have the names that others call them by."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_COMMON_NAME = 64
"""Characters of a certificate's first name (ACM, RequestCertificate)."""
_NAMES_A_CERTIFICATE = 10
"""Unless the account's quota is raised (ACM quotas)."""
_DOMAIN = 253
"""Characters of a name in DNS (RFC 1035, without the dot at its end)."""


def _zone_id(value: str) -> str:
    if not re.fullmatch(r"Z[A-Z0-9]{5,31}", value):
        raise ValueError(f"{shown(value)} is not the ID of a hosted zone; one is such as Z0123456789ABCDEFGH")
    return value


def _domain(value: str) -> str:
    labels = value.split(".")
    if len(value) > _DOMAIN:
        raise ValueError(f"{shown(value)} is too long; a name in DNS takes {_DOMAIN} characters")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(
            f"{shown(value)} is not a domain; write one in lower case such as staging.example.com"
        )
    return value


class NamesConfig(Section):
    """A public hosted zone, and the domain in it that is this environment's alone."""

    zone_id: Annotated[str, AfterValidator(_zone_id)] = Field(
        description="the ID of the public hosted zone that the domain is in, Z..."
    )
    domain: Annotated[str, AfterValidator(_domain)] = Field(
        description="the environment's own domain, such as staging.example.com"
    )

    @property
    def internal(self) -> str:
        """The domain below which services have their names."""
        return f"{INTERNAL}.{self.domain}"


class Routed(Protocol):
    """What may have a route."""

    @property
    def route(self) -> RouteConfig | None: ...


class Named(Protocol):
    """What this module looks at of an environment."""

    @property
    def region(self) -> str: ...
    @property
    def names(self) -> NamesConfig | None: ...
    @property
    def load_balancer(self) -> LoadBalancerConfig: ...
    @property
    def services(self) -> Mapping[str, ServiceConfig]: ...
    @property
    def workloads(self) -> Mapping[str, WorkloadConfig]: ...


def answering(config: Named) -> dict[str, ServiceConfig | WorkloadConfig]:
    """All that may have a route, services and workloads, by name."""
    return {**config.services, **config.workloads}


def problems(config: Named) -> Iterator[tuple[Place, str]]:
    """Of names, certificate and calls, each on the key to change."""
    yield from calls.problems(config.services, others=config.workloads)
    certificate = config.load_balancer.certificate_arn
    for key, arn in (("certificateArn", certificate), ("webAclArn", config.load_balancer.web_acl_arn)):
        if arn is not None and arn.split(":")[3] != config.region:
            text = f"is of {arn.split(':')[3]}, the stack of {config.region}; name one in {config.region}"
            yield ("loadBalancer", key), text
    if config.names is not None:
        yield from _name_problems(config, config.names)
        return
    if certificate is None:
        text = "is missing; set it to the ARN of an ACM certificate in the stack's region"
        yield ("loadBalancer", "certificateArn"), f"{text}, or set names to have one made"
    for name, service in config.services.items():
        if service.calls:
            text = "needs names, by which services find each other"
            yield ("services", name, "calls"), f"{text}; set names to a map with zoneId and domain"


def _name_problems(config: Named, names: NamesConfig) -> Iterator[tuple[Place, str]]:
    """Names that are too long, or that no record or certificate can be made for."""
    own = config.load_balancer.certificate_arn is None
    longest, what = names.domain, "the domain"
    if calls.called(config.services):
        longest, what = f"*.{names.internal}", f"*.{names.internal}"
    if (own or longest != names.domain) and len(longest) > _COMMON_NAME:
        yield (
            ("names", "domain"),
            f"is too long; {what} has {len(longest)} characters, a certificate takes {_COMMON_NAME}",
        )
    for service, index, host in _hosts(answering(config)):
        section = "services" if service in config.services else "workloads"
        place = (section, service, "route", "hosts", index)
        if not _within(host, names.domain):
            if own:
                text = f"{shown(host)} is outside of {names.domain}, whose certificate cannot cover it"
                yield place, f"{text}; take a name in it, or set loadBalancer.certificateArn"
        elif _within(host, names.internal):
            yield place, f"{shown(host)} is a name that services call each other by; take one outside of it"
        elif not all(map(_LABEL.fullmatch, host.removeprefix("*.").split("."))):
            text = f"{shown(host)} has no place in DNS"
            yield place, f"{text}; write a name, or * for its whole first part"
    count = len(certificate_names(answering(config), names))
    if own and count > _NAMES_A_CERTIFICATE:
        text = f"needs {count} names on one certificate, which takes {_NAMES_A_CERTIFICATE}"
        yield ("names", "domain"), f"{text}; route hosts that are one label below it: *.{names.domain} is one"


def _hosts(services: Mapping[str, Routed]) -> Iterator[tuple[str, int, str]]:
    for name, service in services.items():
        for index, host in enumerate(service.route.hosts if service.route else ()):
            yield name, index, host.lower()


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def entry_hosts(services: Mapping[str, Routed], names: NamesConfig) -> tuple[str, ...]:
    """The names that lead to the entry point, each once: the domain, and the hosts in it that are routed."""
    routed = [host for _, _, host in _hosts(services) if _within(host, names.domain)]
    return tuple(dict.fromkeys([names.domain, *routed]))


def certificate_names(services: Mapping[str, Routed], names: NamesConfig) -> tuple[str, ...]:
    """The domain, everything one label below it, and routed hosts that are deeper.

    Most new hosts are covered already, so that they wait for no certificate.
    """
    wildcard = f"*.{names.domain}"
    # A certificate's `*` stands for one label.
    deeper = [host for host in entry_hosts(services, names)[1:] if host.partition(".")[2] != names.domain]
    return (names.domain, wildcard, *deeper)
