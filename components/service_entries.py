"""How requests reach a service: a target group and a rule for each load balancer that leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pulumi import ResourceOptions

from .args import EntryPoint, Placement
from .target_group import Host, Path, TargetGroup, TargetGroupArgs


class EntriesArgs(Protocol):
    """What this module takes from the service's arguments."""

    @property
    def placement(self) -> Placement: ...
    @property
    def entry_point(self) -> EntryPoint | None: ...
    @property
    def internal(self) -> EntryPoint | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def health_path(self) -> str | None: ...
    @property
    def priority(self) -> int | None: ...
    @property
    def hosts(self) -> tuple[Host, ...]: ...
    @property
    def paths(self) -> tuple[Path, ...]: ...
    @property
    def deregistration_delay_seconds(self) -> int: ...
    @property
    def slow_start_seconds(self) -> int: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


def target_groups(name: str, args: EntriesArgs, opts: ResourceOptions) -> tuple[TargetGroup, ...]:
    """One for each way in: a target group belongs to one load balancer. None of a service without a port."""
    if args.port is None or args.health_path is None:
        return ()
    asked, found = (args.port, args.health_path), []
    if args.entry_point is not None and args.priority is not None:
        given = _target_group(args, asked, args.entry_point, args.priority, args.hosts, args.paths)
        found.append(TargetGroup(name, given, opts))
    if args.internal is not None:
        given = _target_group(args, asked, args.internal, 1, (), ("/*",))
        found.append(TargetGroup(f"{name}-internal", given, opts))
    return tuple(found)


def _target_group(
    args: EntriesArgs,
    asked: tuple[int, str],
    entry: EntryPoint,
    priority: int,
    hosts: tuple[Host, ...],
    paths: tuple[Path, ...],
) -> TargetGroupArgs:
    port, health_path = asked
    return TargetGroupArgs(
        vpc_id=args.placement.vpc_id,
        listener_arn=entry.listener_arn,
        port=port,
        health_path=health_path,
        priority=priority,
        hosts=hosts,
        paths=paths,
        deregistration_delay_seconds=args.deregistration_delay_seconds,
        slow_start_seconds=args.slow_start_seconds,
        tags=args.tags,
    )


def judging_entry(args: EntriesArgs) -> EntryPoint | None:
    """The entry by which a service is judged: the public one, where it has one. None of a service without a
    port."""
    return args.entry_point or args.internal
