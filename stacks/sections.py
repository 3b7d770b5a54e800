"""The sections of a stack file: network, load balancer, services. Limits are AWS's unless said otherwise.

Every field has a production-safe default, except what only the owner can know. A description completes the
sentence "is missing; set it to ...", and tells a reader what the key is.
"""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from components.args import RetentionDays
from components.group_scaling import WORKDAYS, Day
from components.subnets import parse_cidr
from images.preflight import SEVERITIES, Limits
from stacks.problems import Place, SectionError, shown


class Section(BaseModel):
    """A part of a stack file: camelCase keys in YAML, snake_case in Python, no other keys, no conversions."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
    )


def _region(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(?:-[a-z]+)+-\d", value):
        raise ValueError(f"{shown(value)} is not a region; write one such as eu-central-1")
    return value


Region = Annotated[str, AfterValidator(_region)]


def _policy_arn(value: str) -> str:
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:policy/[\w+=,.@/-]{1,512}", value):
        text = "is not a policy's ARN; take the one that the stack of deliveries prints under boundaries"
        raise ValueError(f"{shown(value)} {text}")
    return value


PolicyArn = Annotated[str, AfterValidator(_policy_arn)]


def _image_id(value: str) -> str:
    if re.fullmatch(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})", value):
        return value
    form = "'ami-' with 8 or 17 lower-case hexadecimal digits"
    if value.startswith("resolve:ssm:"):
        raise ValueError(
            f"{shown(value)} is looked up at launch: servers change with no diff; write the ID itself, {form}"
        )
    if value.startswith("ami-"):
        raise ValueError(f"{shown(value)} is not an image ID; one is {form}")
    raise ValueError(f"{shown(value)} is a name or an alias; write the ID of the image it stands for, {form}")


ImageId = Annotated[str, AfterValidator(_image_id)]

# RFC 1918 and the shared space of RFC 6598. Anything else routes to somebody on the internet.
_PRIVATE = tuple(
    ipaddress.IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def _block(value: str) -> str:
    try:
        if "/" not in value:
            raise ValueError("one address")
        return str(ipaddress.IPv4Network(value, strict=False))
    except ValueError:
        raise ValueError(f"{shown(value)} is not an IPv4 block; write one such as 10.20.0.0/16") from None


def _network_block(value: str) -> str:
    _block(value)
    return str(parse_cidr(value))


Block = Annotated[str, AfterValidator(_block)]


class NetworkConfig(Section):
    """The VPC of the environment. Changing `cidr` or lowering `zones` replaces it, servers and all."""

    cidr: Annotated[str, AfterValidator(_network_block)] = Field(
        description="the environment's own IPv4 block, /16 to /22, such as 10.20.0.0/16"
    )
    zones: int = Field(default=3, ge=2, le=6, description="the number of availability zones, 2 or more")
    egress: Literal["nat-per-zone", "single-nat", "endpoints"] = Field(
        default="nat-per-zone",
        description="the servers' way out: a NAT gateway a zone, one for all, or AWS endpoints alone",
    )
    reserved_cidrs: tuple[Block, ...] = Field(
        default=(),
        description="blocks that this network must keep clear of: other environments, offices, peers",
    )

    @model_validator(mode="after")
    def _fits(self) -> NetworkConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        block = ipaddress.IPv4Network(self.cidr)
        if not any(block.subnet_of(private) for private in _PRIVATE):
            yield (
                ("cidr",),
                f"{self.cidr} is not private; take one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
            )
        for other in self.reserved_cidrs:
            if block.overlaps(ipaddress.IPv4Network(other)):
                yield ("cidr",), f"{self.cidr} overlaps the reserved {other}; take a block outside of it"


class LogsConfig(Section):
    """What is kept of servers that are gone: flow logs and the services' own logs."""

    retention_days: RetentionDays = Field(
        default=365, description="days kept; CloudWatch takes certain numbers"
    )
    retain_on_destroy: bool = Field(
        default=True,
        description="true to leave logs behind, the load balancer's too, when a stack is destroyed",
    )


def _time(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f'{shown(value)} is not a time of day; write one such as "20:00"')
    return value


def _time_zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError(f"{shown(value)} is not a time zone; write one such as Europe/Berlin")
    return value


TimeZone = Annotated[str, AfterValidator(_time_zone)]


class SleepConfig(Section):
    """The hours at which an environment has no servers; nights and weekends, as a rule."""

    time_zone: TimeZone = Field(description="an IANA time zone, such as Europe/Berlin")
    from_time: Annotated[str, AfterValidator(_time)] = Field(
        alias="from", description='a time of day, such as "20:00"'
    )
    until_time: Annotated[str, AfterValidator(_time)] = Field(
        alias="until", description='a time of day, such as "07:00"'
    )
    days: tuple[Day, ...] = Field(
        default=WORKDAYS, min_length=1, description="the days that it falls asleep and wakes on"
    )

    @model_validator(mode="after")
    def _is_one(self) -> SleepConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        if self.from_time == self.until_time:
            yield ("until",), f"{shown(self.until_time)} is when it falls asleep; write another time"
        for index, day in enumerate(self.days):
            if day in self.days[:index]:
                yield ("days", index), f"{shown(day)} stands there twice; remove one"


def _email(value: str) -> str:
    if len(value) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise ValueError(f"{shown(value)} is not an e-mail address; write one such as ops@example.com")
    return value


Email = Annotated[str, AfterValidator(_email)]


class AlertsConfig(Section):
    """Who hears of alarms that ring and servers that fail."""

    emails: tuple[Email, ...] = Field(
        default=(), description="e-mail addresses; each one confirms itself by the link that AWS sends it"
    )

    @model_validator(mode="after")
    def _once_each(self) -> AlertsConfig:
        SectionError.raise_any(
            (("emails", index), f"{shown(email)} stands there twice; remove one")
            for index, email in enumerate(self.emails)
            if email in self.emails[:index]
        )
        return self


Severity = Literal["critical", "high", "medium"]


class PreflightConfig(Section):
    """What an image must have shown before servers start from it; read before anything is created."""

    require_tests: bool = Field(
        default=True, description="false to take an image whose tests are not known to pass"
    )
    max_findings: dict[Severity, Annotated[int, Field(ge=0)]] = Field(
        default={"critical": 0},
        description="the most findings of a scan by severity; {} asks for no scan",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> PreflightConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        # With a limit of `high` alone, an image with critical findings would pass.
        limited = [severity in self.max_findings for severity in SEVERITIES]
        for index, severity in enumerate(SEVERITIES):
            if not limited[index] and any(limited[index + 1 :]):
                text = f"has no {severity}, which is graver than what it has; add {severity}: 0"
                yield ("maxFindings",), text

    @property
    def limits(self) -> Limits:
        """The same, as the rules take it."""
        most: dict[str, int] = {str(severity): count for severity, count in self.max_findings.items()}
        return Limits(require_tests=self.require_tests, max_findings=most)


def _certificate_arn(value: str) -> str:
    if not re.fullmatch(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+", value):
        raise ValueError(
            f"{shown(value)} is not a certificate's ARN; one is arn:aws:acm:REGION:ACCOUNT:certificate/ID"
        )
    return value


def _web_acl_arn(value: str) -> str:
    if not re.fullmatch(r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional/webacl/[\w-]+/[\w-]+", value):
        form = "arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID"
        raise ValueError(f"{shown(value)} is not a web ACL's ARN; one is {form}")
    return value


class LoadBalancerConfig(Section):
    """The environment's stable entry point; it stays while servers come and go."""

    scheme: Literal["internet-facing", "internal"] = Field(
        default="internal", description="who reaches it: internet-facing, or internal to the network"
    )
    certificate_arn: Annotated[str, AfterValidator(_certificate_arn)] | None = Field(
        default=None, description="the ARN of the ACM certificate, in the stack's region"
    )
    web_acl_arn: Annotated[str, AfterValidator(_web_acl_arn)] | None = Field(
        default=None, description="the ARN of a WAF web ACL that sees requests first, in the stack's region"
    )
    allowed_cidrs: tuple[Block, ...] = Field(
        default=(),
        description="blocks that may call it; without any, all when internet-facing, else the network",
    )
    access_log_retention_days: int = Field(
        default=90, ge=1, le=3650, description="days that access logs are kept"
    )
    idle_timeout_seconds: int = Field(
        default=60, ge=1, le=4000, description="seconds that a connection may stay silent"
    )
    deletion_protection: bool = Field(default=True, description="true to refuse the load balancer's deletion")
