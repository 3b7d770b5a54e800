"""The one composition of the roles that pull requests and deployments take, in one account."""

from __future__ import annotations

from typing import Any

import pulumi

from components.delivery_roles import DeliveryEnvironment, DeliveryRoles, DeliveryRolesArgs
from stacks.config import blamed_on
from stacks.delivery_sections import DeliveryConfig


def build(stack: str, config: DeliveryConfig) -> dict[str, Any]:
    """Declare the roles, and return what workflows and the other stacks' files are told.

    Raises pulumi.RunError for what the component refuses.
    """
    given = config.delivery
    # Not tagged as an environment: a deploy role leaves alone what is another's, and all of `/delivery/`.
    tags = {**config.tags, "managed-by": "pulumi", "project": pulumi.get_project()}
    with blamed_on(stack, "delivery"):
        made = DeliveryRoles(
            "delivery",
            DeliveryRolesArgs(
                repository=given.repository,
                branch=given.branch,
                environments={
                    name: DeliveryEnvironment(kind=each.kind, stacks=each.stacks)
                    for name, each in given.environments.items()
                },
                project=pulumi.get_project(),
                regions=config.regions,
                state_bucket=given.state.bucket,
                state_key_arn=given.state.key_arn,
                oidc_provider_arn=given.oidc_provider_arn,
                service_actions=given.service_actions,
                tags=tags,
            ),
        )
    return {
        "provider": made.provider_arn,
        "boundaries": made.boundaries,
        "roles": {
            name: {"preview": roles.preview, "deploy": roles.deploy} for name, roles in made.roles.items()
        },
    }
