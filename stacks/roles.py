"""Where the roles of a stack are, and the most that they can do.

Every role that a stack makes is below `/PROJECT/STACK/` and carries the boundary, whichever component makes
it: a deploy role may make no others.
"""

from __future__ import annotations

import pulumi
from pulumi import ResourceTransformationArgs, ResourceTransformationResult

_ROLE, _PROFILE = "aws:iam/role:Role", "aws:iam/instanceProfile:InstanceProfile"


def bind(stack: str, boundary_arn: str | None) -> None:
    """Put the boundary on every role that is declared from here on. Without one, roles stay where they were.

    A transformation, not an argument of every component: one that forgot it would be refused by IAM, in the
    middle of an update.
    """
    if boundary_arn is None:
        return
    path = f"/{pulumi.get_project()}/{stack}/"

    def bound(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        more = {_ROLE: {"path": path, "permissions_boundary": boundary_arn}, _PROFILE: {"path": path}}
        if args.type_ not in more:
            return None
        return ResourceTransformationResult({**args.props, **more[args.type_]}, args.opts)

    pulumi.runtime.register_stack_transformation(bound)
