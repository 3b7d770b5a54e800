"""The rules as policies of Pulumi, one each: its events, its output and its configuration name them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import exceptions, families
from policies.exceptions import Exemption
from policies.rules import Resource, Rule
from policies.values import plain

NAME = "immutable"
NOTICE = "immutable-exception-ends"
_STACK = "pulumi:pulumi:Stack"
_FRAMEWORK = "AWS Foundational Security Best Practices"
_CONTROLS = "https://docs.aws.amazon.com/securityhub/latest/userguide"


def serve() -> None:
    """Answer the engine until it is done. Raises SystemExit with one line for rules in conflict."""
    try:
        rules = families.rules()
    except ValueError as error:
        raise SystemExit(f"policy pack {NAME}: {error}") from None
    PolicyPack(NAME, policies_of(rules, _configured, _today))


def policies_of(
    rules: Sequence[Rule], exemptions: Callable[[], tuple[Exemption, ...]], today: Callable[[], date]
) -> list[Policy]:
    """The rules as policies, and one that tells of exceptions. What is excepted is asked when it matters."""
    return [*(_Guard(rule, exemptions, today).policy() for rule in rules), _notice(exemptions, today)]


def _configured() -> tuple[Exemption, ...]:
    return exceptions.read(pulumi.Config().get_object("exceptions"))


def _today() -> date:
    return datetime.now(UTC).date()


def _notice(exemptions: Callable[[], tuple[Exemption, ...]], today: Callable[[], date]) -> Policy:
    """Says which exceptions end soon. Asked of the stack's own resource, which every update begins with."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type == _STACK:
            for text in exceptions.ending(exemptions(), today()):
                report(text, None)

    reason = "An exception that has ended stops every update, that of a rollback at night too."
    return ResourceValidationPolicy(
        NOTICE, reason, validate, EnforcementLevel.ADVISORY, severity=Severity.MEDIUM
    )


@dataclass(frozen=True)
class _Guard:
    """One rule, and what is excepted from it."""

    rule: Rule
    exemptions: Callable[[], tuple[Exemption, ...]]
    today: Callable[[], date]

    def policy(self) -> Policy:
        if self.rule.of_stack:
            return StackValidationPolicy(self.rule.id, validate=self._of_stack, **_told(self.rule))
        return ResourceValidationPolicy(self.rule.id, validate=self._of_resource, **_told(self.rule))

    def _of_resource(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in self.rule.types:
            return
        found = self.rule.of(_resource(args))
        exemption = self._exempting(args.name) if found else None
        if exemption:
            args.not_applicable(str(exemption))
        for text in found:
            report(text, None)

    def _of_stack(self, args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_stack_resource(each) for each in args.resources]
        names = {each.urn: each.name for each in resources}
        for urn, text in self.rule.of_all(resources):
            if not self._exempting(names.get(urn or "", "")):
                report(text, urn)

    def _exempting(self, name: str) -> Exemption | None:
        return exceptions.exempting(self.exemptions(), self.rule.id, name, self.today())


def _told(rule: Rule) -> dict[str, Any]:
    """What Pulumi shows of a rule beside its findings."""
    level = EnforcementLevel.MANDATORY if rule.severity.mandatory else EnforcementLevel.ADVISORY
    told: dict[str, Any] = {
        "description": rule.reason,
        "enforcement_level": level,
        "severity": Severity(rule.severity.value),
        "remediation_steps": rule.fix,
    }
    if rule.control:
        page = rule.control.split(".")[0].lower()
        told["framework"] = PolicyComplianceFramework(name=_FRAMEWORK, reference=rule.control)
        told["url"] = f"{_CONTROLS}/{page}-controls.html#{rule.control.lower().replace('.', '-')}"
    return told


def _resource(args: ResourceValidationArgs) -> Resource:
    return Resource(
        type=args.resource_type,
        name=args.name,
        urn=args.urn,
        inputs=plain(args.props),
        parent=args.opts.parent,
        protect=args.opts.protect,
        ignore_changes=tuple(args.opts.ignore_changes),
    )


def _stack_resource(given: PolicyResource) -> Resource:
    return Resource(
        type=given.resource_type,
        name=given.name,
        urn=given.urn,
        inputs=plain(given.props),
        parent=given.opts.parent,
        protect=given.opts.protect,
        ignore_changes=tuple(given.opts.ignore_changes),
        depends={
            key: tuple(each.urn for each in found) for key, found in given.property_dependencies.items()
        },
    )
