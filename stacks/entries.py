"""What an environment's names lead to: the entry point by its domain, and called services by a name each.

Components are imported where they are used: an environment without names starts without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_aws as aws

from components.args import Late
from components.load_balancer import LoadBalancer
from components.network import Network
from stacks import calls
from stacks.config import EnvironmentConfig, refusal
from stacks.names import answering, certificate_names, entry_hosts

if TYPE_CHECKING:
    from components.internal_entry import InternalEntry


def check(stack: str, config: EnvironmentConfig) -> None:
    """Look at the hosted zone before anything is made in it.

    Raises pulumi.RunError when there is none of the ID, or it is private or does not hold the domain.
    """
    names = config.names
    if names is None:
        return
    try:
        zone = aws.route53.get_zone(zone_id=names.zone_id)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        reason = " ".join(str(error).split())
        text = f"{names.zone_id} cannot be read ({reason}); name a hosted zone of this account"
        raise refusal(stack, [(("names", "zoneId"), text)]) from None
    held = zone.name.rstrip(".")
    if zone.private_zone:
        text = f"{names.zone_id} is private, and certificates are proven in public; name the public zone"
        raise refusal(stack, [(("names", "zoneId"), text)])
    if names.domain != held and not names.domain.endswith(f".{held}"):
        text = f"{names.domain} is not in the zone {names.zone_id}, which holds {held}; take a name in that"
        raise refusal(stack, [(("names", "domain"), text)])


def certificate(config: EnvironmentConfig, tags: dict[str, str]) -> Late:
    """The certificate of the entry point: the one that the stack's file names, or one of its own."""
    given, names = config.load_balancer.certificate_arn, config.names
    if given is not None:
        return given
    assert names is not None  # noqa: S101 - the configuration refuses an environment without both
    from components.certificate import Certificate, CertificateArgs

    covered = certificate_names(answering(config), names)
    return Certificate("entry", CertificateArgs(names=covered, zone_id=names.zone_id, tags=tags)).arn


def lead_to(load_balancer: LoadBalancer, config: EnvironmentConfig) -> Late:
    """Let the domain and the routed hosts lead to the entry point; gives its URL."""
    names = config.names
    if names is None:
        return load_balancer.url
    from components.alias_records import AliasRecords, AliasRecordsArgs

    hosts = entry_hosts(answering(config), names)
    args = AliasRecordsArgs(zone_id=names.zone_id, hosts=hosts, target=load_balancer.alias_target)
    AliasRecords("entry", args)
    return f"https://{names.domain}"


def internal(
    config: EnvironmentConfig, network: Network, load_balancer: LoadBalancer, tags: dict[str, str]
) -> dict[str, InternalEntry]:
    """An internal entry for each service that others call, by the service's name."""
    names, called = config.names, calls.called(config.services)
    if names is None or not called:
        return {}
    from components.internal_entry import InternalEntry, InternalEntryArgs
    from components.internal_names import InternalNames, InternalNamesArgs

    zone = InternalNames(
        "internal",
        InternalNamesArgs(domain=names.internal, vpc_id=network.vpc_id, zone_id=names.zone_id, tags=tags),
    )
    return {
        name: InternalEntry(
            f"{name}-internal",
            InternalEntryArgs(
                host=f"{name}.{zone.domain}",
                zone_id=zone.zone_id,
                certificate_arn=zone.certificate_arn,
                vpc_id=network.vpc_id,
                subnet_ids=tuple(network.private_subnet_ids),
                access_logs=load_balancer.access_logs,
                deletion_protection=config.load_balancer.deletion_protection,
                idle_timeout_seconds=config.load_balancer.idle_timeout_seconds,
                tags={**tags, "service": name},
            ),
        )
        for name in called
    }
