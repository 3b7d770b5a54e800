"""What a cluster is asked, and how its refusals read. It only ever reads.

The one way there is the kubeconfig in the stack's outputs, which names the cluster and how to get a token.
That of EKS is made here with boto3 and the credentials that AWS is asked with, so that no `aws` command is
needed; any other way of a kubeconfig is the official client's own business. The client is imported with the
first question: it takes longer than all other imports together.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from scripts.releases import aws
from scripts.releases.aws import Account, AwsError
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.state import ClusterState

CONNECT_SECONDS, READ_SECONDS = 5, 30
#: EKS takes a token for 15 minutes after it was signed.
TOKEN_SECONDS = 600.0
#: How long the signature in it is good for, as `aws eks get-token` has it.
SIGNED_SECONDS = 60
#: Objects a page.
PAGE = 500
Document = dict[str, Any]


class ClusterError(AwsError):
    """A cluster refused a question or did not answer. `code` is the HTTP status, "" without an answer."""

    @property
    def passes(self) -> bool:
        """Whether the same question may well be answered a little later."""
        return not self.code or self.code == "429" or self.code.startswith("5")


class Api:
    """One cluster, with the credentials of the process."""

    def __init__(self, cluster: ClusterState, environment: str) -> None:
        """Reads the way there from the stack's outputs; nothing is asked yet.

        Raises:
            RefusedError: the outputs hold no kubeconfig that is one.
        """
        self.name = cluster.name or environment
        self._config = _read(cluster, environment)
        self._client: Any = None
        self._made_at = 0.0
        self._ahead = timedelta()

    def get(self, path: str, **query: str) -> Document | None:
        """One object; None when there is none.

        Raises:
            ClusterError: the cluster refused, or did not answer.
            RefusedError: there are no credentials to ask with.
        """
        try:
            return self._ask(path, query)
        except ClusterError as error:
            if error.code == "404":
                return None
            raise

    def every(self, path: str, **query: str) -> list[Document]:
        """Every object of a collection, none of one that the cluster does not know. Raises as `get`."""
        found: list[Document] = []
        more: Mapping[str, str] = {}
        while (page := self.get(path, **query, limit=str(PAGE), **more)) is not None:
            found += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue")
            if not following:
                break
            more = {"continue": following}
        return found

    def now(self) -> datetime:
        """The present by the cluster's clock, as its last answer had it."""
        return datetime.now(UTC) + self._ahead

    def _ask(self, path: str, query: Mapping[str, str]) -> Document:
        with self._errors():
            answer, _, headers = self._connected().call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": "application/json"},
                response_type="object",
                auth_settings=["BearerToken"],
                _request_timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
        if said := headers.get("Date"):
            with suppress(ValueError):
                self._ahead = parsedate_to_datetime(said) - datetime.now(UTC)
        if not isinstance(answer, dict):
            raise ClusterError(f"the cluster {self.name} answered {path} with no object: is this Kubernetes?")
        return answer

    def _connected(self) -> Any:
        """The client; made anew before its token is too old."""
        if self._client is None or time.monotonic() - self._made_at > TOKEN_SECONDS:
            from kubernetes import config

            self._client = config.new_client_from_config_dict(_with_token(self._config))
            self._made_at = time.monotonic()
        return self._client

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException
        from kubernetes.config import ConfigException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            raise self._refused(error) from error
        except ConfigException as error:
            raise RefusedError(f"the kubeconfig of {self.name} leads nowhere: {one_line(error)}") from error
        except (HTTPError, OSError, ValueError) as error:
            server = self._config["clusters"][0]["cluster"].get("server")
            raise ClusterError(
                f"the cluster {self.name} does not answer at {server}: {one_line(error)}; a private endpoint "
                f"answers within its own network alone"
            ) from error

    def _refused(self, error: Any) -> ClusterError:
        code, message = str(error.status), _message(error.body) or one_line(error.reason)
        if code == "401":
            text = (
                f"the cluster {self.name} does not know these credentials (401 {message}); give their role "
                f"an access entry: immutable:cluster / viewers"
            )
        else:
            text = f"the cluster {self.name} refused: {code} {message}"
        return ClusterError(text, code, message)


def _read(cluster: ClusterState, environment: str) -> Document:
    text = cluster.kubeconfig
    try:
        found = json.loads(text or "")
        server = found["clusters"][0]["cluster"]["server"]
        usable = isinstance(server, str) and isinstance(found["users"][0]["user"], dict)
    except (ValueError, KeyError, IndexError, TypeError):
        usable = False
    if not usable:
        what = "no cluster.kubeconfig" if text is None else "a cluster.kubeconfig that is none"
        raise RefusedError(
            f"the outputs of {environment} have {what}, so that its workloads cannot be looked at; run "
            f"`pulumi up -s {environment}`"
        )
    return dict(found)


def _with_token(config: Document) -> Document:
    """The kubeconfig with a token in the place of `aws eks get-token`, if it asks for one by that."""
    user = config["users"][0]["user"]
    command = user.get("exec") or {}
    arguments = [str(each) for each in command.get("args") or ()]
    if command.get("command") != "aws" or arguments[:2] != ["eks", "get-token"]:
        return config
    given = dict(zip(arguments[2::2], arguments[3::2], strict=False))
    made = {"token": token(Account(given.get("--region", "")), given.get("--cluster-name", ""))}
    return {**config, "users": [{**config["users"][0], "user": made}]}


def token(account: Account, cluster: str) -> str:
    """A token of EKS: the URL of a GetCallerIdentity, signed for this one cluster by its header.

    Raises:
        RefusedError: there are no credentials.
        AwsError: boto3 could not sign.
    """

    def name_cluster(request: Any, **_: Any) -> None:
        request.headers["x-k8s-aws-id"] = cluster

    client = account.client("sts")
    client.meta.events.register("before-sign.sts.GetCallerIdentity", name_cluster)
    with aws.errors():
        url = client.generate_presigned_url("get_caller_identity", ExpiresIn=SIGNED_SECONDS, HttpMethod="GET")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _message(body: object) -> str:
    """What the `Status` object in a refusal says."""
    try:
        return one_line(json.loads(body)["message"])  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError):
        return ""


def moment(text: str | None) -> datetime | None:
    """A time as Kubernetes writes it."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
