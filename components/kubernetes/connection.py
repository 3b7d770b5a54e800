"""A cluster's API for a rollout: objects are plain JSON, and every answer tells the cluster's time.

A kubeconfig of EKS names a command that gets a token. The same token is made here with boto3, so that whoever
runs `up` needs no other program; any other kubeconfig is the Kubernetes client's business.
"""

from __future__ import annotations

import base64
import copy
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from ..refresh_polling import is_transient as is_transient_of_aws
from ..refresh_view import one_line

Object = dict[str, Any]

TOKEN_SECONDS = 300.0
"""How long a token is used. EKS takes one for 15 minutes (Amazon EKS: "Access Kubernetes API")."""
_SIGNED_SECONDS = 60
_NAMED = "x-k8s-aws-id"
"""Signed with the request, so that a token for one cluster opens no other."""
_SECONDS = (5, 30)
"""How long to wait for a connection, and for an answer."""
_APPLY = "application/apply-patch+yaml"


class Connection:
    """One cluster. Raises what the Kubernetes client, urllib3 and boto3 raise; see `is_an_answer`."""

    def __init__(self, kubeconfig: str) -> None:
        self._kubeconfig = json.loads(kubeconfig)
        self._made_at = 0.0
        self.now = datetime.now(UTC)
        """By the cluster's clock, at its last answer."""

    def get(self, path: str, **query: str) -> Object:
        return dict(json.loads(self._call("GET", path, query)))

    def text(self, path: str, **query: str) -> str:
        return self._call("GET", path, query).decode(errors="replace")

    def apply(self, path: str, manifest: Object, manager: str) -> Object:
        """Server-side apply, over what others may have set. What does not differ changes nothing."""
        query = {"fieldManager": manager, "force": "true"}
        return dict(json.loads(self._call("PATCH", path, query, manifest, _APPLY)))

    def delete(self, path: str) -> None:
        """Deletes it, if it is there."""
        try:
            self._call("DELETE", path, {})
        except Exception as error:
            if status_of(error) != 404:
                raise

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> bytes:
        response = self._client.call_api(
            path,
            method,
            query_params=list(query.items()),
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _return_http_data_only=True,
            _request_timeout=_SECONDS,
        )
        if "Date" in response.headers:
            self.now = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
        return bytes(response.data)

    @cached_property
    def _client(self) -> Any:
        # Imported here: a preview, which starts this same code, does not pay for it.
        from kubernetes import client, config

        known = copy.deepcopy(self._kubeconfig)
        how = _exec_of_eks(known)
        if how is not None:
            _user(known).clear()
        settings = client.Configuration()
        config.load_kube_config_from_dict(known, client_configuration=settings, persist_config=False)
        # Whoever calls tries again and says so meanwhile.
        settings.retries = False
        if how is not None:
            settings.api_key = {"authorization": ""}
            settings.refresh_api_key_hook = lambda made: self._renew(made, how)
        return client.ApiClient(settings)

    def _renew(self, settings: Any, how: list[str]) -> None:
        if self._made_at and time.monotonic() - self._made_at < TOKEN_SECONDS:
            return
        name, region = (how[how.index(option) + 1] for option in ("--cluster-name", "--region"))
        settings.api_key = {"authorization": f"Bearer {eks_token(name, region)}"}
        self._made_at = time.monotonic()


def eks_token(cluster: str, region: str) -> str:
    """As `aws eks get-token` makes it: a signed question to STS of who asks, which the cluster puts."""
    import boto3
    from botocore.exceptions import NoCredentialsError
    from botocore.signers import RequestSigner

    session = boto3.Session(region_name=region)
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    sts = session.client("sts", region_name=region)
    signer = RequestSigner(
        sts.meta.service_model.service_id, region, "sts", "v4", credentials, session.events
    )
    request = {
        "method": "GET",
        "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {_NAMED: cluster},
        "context": {},
    }
    url = signer.generate_presigned_url(
        request, region_name=region, expires_in=_SIGNED_SECONDS, operation_name=""
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _user(kubeconfig: Object) -> Object:
    """That of the current context, or an empty one."""
    contexts = {each["name"]: each["context"] for each in kubeconfig["contexts"]}
    users = {each["name"]: each["user"] for each in kubeconfig["users"]}
    found: Object = users[contexts[kubeconfig["current-context"]]["user"]]
    return found


def _exec_of_eks(kubeconfig: Object) -> list[str] | None:
    command = _user(kubeconfig).get("exec") or {}
    given = list(command.get("args") or ())
    return given if command.get("command") == "aws" and given[:2] == ["eks", "get-token"] else None


def status_of(error: BaseException) -> int:
    """The HTTP status with which the cluster refused; 0 for what is no answer of it."""
    return int(getattr(error, "status", 0) or 0)


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well be answered a little later: the cluster is busy, starts anew, or is
    not reached. A certificate that is not its own stays so."""
    from kubernetes.client import ApiException
    from urllib3 import exceptions

    if isinstance(error, ApiException):
        return bool(error.status == 429 or error.status >= 500)
    if isinstance(error, exceptions.HTTPError):
        return not isinstance(error, exceptions.SSLError)
    return is_transient_of_aws(error)


def is_an_answer(error: BaseException) -> bool:
    """Whether it tells of the cluster, or of the way to it, rather than of a fault in here."""
    from botocore.exceptions import BotoCoreError, ClientError
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    return isinstance(error, ApiException | ConfigException | HTTPError | BotoCoreError | ClientError)


def explained(error: BaseException) -> str:
    """In one line: what the cluster says, or that it does not answer."""
    from kubernetes.client import ApiException

    if not isinstance(error, ApiException) or not error.status:
        return f"the cluster was not reached: {one_line(error)}; check the way to it, then run up again"
    try:
        told = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        told = error.reason
    return f"the cluster answers {error.status}: {one_line(told)}"
