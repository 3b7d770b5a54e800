"""Overrides of moto's IAM: a policy that AWS manages is there in every account.

moto either loads all 1,500 of them when an account is first used, or knows none. Here one appears when it is
first attached.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.responses import IamResponse as MotoIamResponse

_OF_AWS = re.compile(r"arn:[^:]+:iam::aws:policy(?P<path>/(?:.*/)?)(?P<name>[^/]+)")


class IamResponse(MotoIamResponse):
    def attach_role_policy(self) -> Any:
        _appear(self.backend, self._get_param("PolicyArn"))
        return super().attach_role_policy()


def _appear(iam: IAMBackend, arn: str) -> None:
    """Let the account know a policy of AWS's; one that AWS does not have stays unknown."""
    wanted = _OF_AWS.fullmatch(arn)
    if wanted is None or arn in iam.managed_policies:
        return
    found = _policies().get(wanted["name"])
    if found is not None and found["Path"] == wanted["path"]:
        policy = AWSManagedPolicy.from_data(wanted["name"], iam.account_id, iam.region_name, found)
        iam.managed_policies[policy.arn] = policy


@cache
def _policies() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
