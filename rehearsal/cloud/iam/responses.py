"""Overrides of moto's IAM: a policy that AWS manages is there in every account, and a provider of tokens can
be for other clients than before.

moto either loads all 1,500 policies when an account is first used, or knows none. Here one appears when it is
first attached.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.responses import IamResponse as MotoIamResponse

_OF_AWS = re.compile(r"arn:[^:]+:iam::aws:policy(?P<path>/(?:.*/)?)(?P<name>[^/]+)")


class IamResponse(MotoIamResponse):
    def attach_role_policy(self) -> Any:
        _appear(self.backend, self._get_param("PolicyArn"))
        return super().attach_role_policy()

    def add_client_id_to_open_id_connect_provider(self) -> EmptyResult:
        clients, client = self._clients(), self._get_param("ClientID")
        if client not in clients:
            clients.append(client)
        return EmptyResult()

    def remove_client_id_from_open_id_connect_provider(self) -> EmptyResult:
        """One that is not there is none to AWS either, and no error."""
        clients = self._clients()
        clients[:] = [each for each in clients if each != self._get_param("ClientID")]
        return EmptyResult()

    def _clients(self) -> list[str]:
        provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
        clients: list[str] = provider.client_id_list
        return clients


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
