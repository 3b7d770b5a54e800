"""The table of emulated types, gathered from one module per family when the first type is asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from rehearsal.provider.record import ResourceType

MODULES = (
    "vpc",
    "gateways",
    "routing",
    "endpoints",
    "network_acl",
    "security",
    "security_rules",
    "launch_template",
    "autoscaling",
    "lifecycle_hook",
    "notification",
    "scheduled_action",
    "scaling_policy",
    "load_balancer",
    "listener",
    "target_group",
    "iam_roles",
    "iam_policies",
    "iam_providers",
    "s3",
    "s3_settings",
    "logs",
    "log_filters",
    "log_views",
    "firehose",
    "cloudwatch",
    "events",
    "kms",
    "kms_grants",
    "imagebuilder",
    "image_pipeline",
    "acm",
    "route53",
    "sns",
    "sns_settings",
    "rds_instance",
    "rds_groups",
    "rds_backups",
    "rds_proxy",
    "secretsmanager",
    "lambda_",
    "scheduler",
    "budgets",
    "eks_cluster",
    "eks_node_group",
    "eks_parts",
    "eks_identities",
    "attachment",
)


@cache
def table() -> dict[str, ResourceType]:
    """Every emulated type by its token."""
    return {
        record.type_name: record
        for name in MODULES
        for record in import_module(f"rehearsal.provider.types.{name}").TYPES
    }


def find(token: str) -> ResourceType | None:
    """The record of a type, or None when the type is not emulated."""
    return table().get(token)
