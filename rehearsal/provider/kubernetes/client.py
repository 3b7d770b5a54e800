"""The way to a cluster's API: what a kubeconfig says, the kinds that are served, one request at a time.

The `kubernetes` package reads the kubeconfig and knows how to be recognised; objects go over the wire as they
are, because a provider serves every kind and every version, also those that the package has no classes for.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.cloud import is_loopback
from rehearsal.provider.kubernetes import token

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 60.0
MAX_CONNECTIONS = 40
# A token may be used for longer; a new one costs no request.
_TOKEN_SECONDS = 30.0
_JSON = "application/json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"


class ApiError(ProviderError):
    """The API server refused. `reason` is Kubernetes' word, such as `NotFound` or `Invalid`."""

    def __init__(self, status: int, reason: str, message: str, details: Properties) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details = details

    @property
    def is_missing_namespace(self) -> bool:
        """Whether it is the namespace that is not there."""
        return self.status == 404 and self.details.get("kind") == "namespaces"


class UnreachableError(ProviderError):
    """There is no cluster to ask, or it does not answer."""


@dataclass(frozen=True)
class Kind:
    """A kind as the server serves it."""

    path: str
    namespaced: bool


class Cluster:
    """One cluster. May be used from several threads."""

    def __init__(self, kubeconfig: str, context: str | None = None, cluster: str | None = None) -> None:
        """Raises ProviderError for a kubeconfig that is none, or that leads off this machine."""
        config = parsed(kubeconfig)
        self._settings = _settings(config, context, cluster)
        self._identity = token.cluster_and_region(_user(config, context))
        self._api: Any = None
        self._lock = threading.Lock()
        self._token = ("", 0.0)
        self._served: dict[str, dict[str, Kind]] = {}
        self._version = ""

    @property
    def server(self) -> str:
        """The address of the API."""
        return str(self._settings["clusters"][0]["cluster"]["server"])

    def version(self) -> str:
        """The server's version, such as `1.36`; asked for once."""
        if not self._version:
            told = self.request("GET", "/version")
            self._version = f"{told['major']}.{str(told['minor']).rstrip('+')}"
        return self._version

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """How the kind is served, or None when it is not."""
        served = self._served.get(api_version)
        if served is None:
            served = self._served[api_version] = self._discover(api_version)
        return served.get(kind)

    def forget_kinds(self) -> None:
        """Ask again which kinds there are: a new one was defined."""
        self._served.clear()

    def _discover(self, api_version: str) -> dict[str, Kind]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            resources = self.request("GET", path)["resources"]
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return {
            each["kind"]: Kind(f"{path}{{namespace}}/{each['name']}", each["namespaced"])
            for each in resources
            if "/" not in each["name"]
        }

    def objects(self, api_version: str, kind: str, namespace: str) -> str:
        """The path of the kind's objects in a namespace. Raises ApiError when the kind is not served."""
        served = self.kind(api_version, kind)
        if served is None:
            message = f'no matches for kind "{kind}" in version "{api_version}"'
            raise ApiError(404, "NoMatch", message, {})
        within = f"/namespaces/{quote(namespace or 'default')}" if served.namespaced else ""
        return served.path.format(namespace=within)

    def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = _JSON,
    ) -> Properties:
        """One request. Raises ApiError when it is refused, UnreachableError when nobody answers."""
        from urllib3.exceptions import HTTPError

        api = self._client()
        headers = {"Accept": _JSON, "Content-Type": content_type}
        queries: list[Any] = []
        api.update_params_for_auth(headers, queries, ["BearerToken"])
        if self._identity:
            headers["authorization"] = f"Bearer {self._fresh_token(*self._identity)}"
        url = api.configuration.host.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        try:
            answer = api.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=_timeout(),
                retries=False,
            )
        except HTTPError as error:
            why = " ".join(str(error).split())
            raise UnreachableError(
                f"the Kubernetes API server at {self.server} is unreachable: {why}"
            ) from error
        return _told(answer.status, answer.data)

    def _client(self) -> Any:
        with self._lock:
            if self._api is None:
                self._api = _api_client(self._settings)
            return self._api

    def _fresh_token(self, cluster: str, region: str) -> str:
        with self._lock:
            text, made = self._token
            if not text or time.monotonic() - made > _TOKEN_SECONDS:
                text = token.make(cluster, region)
                self._token = (text, time.monotonic())
            return text


def parsed(kubeconfig: str) -> Properties:
    """A kubeconfig's text (YAML or JSON) as a mapping. Raises ProviderError."""
    try:
        config = yaml.safe_load(kubeconfig)
    except yaml.YAMLError as error:
        raise ProviderError(f"failed to parse kubeconfig: {' '.join(str(error).split())}") from error
    if not isinstance(config, dict) or not config.get("clusters"):
        raise ProviderError("failed to parse kubeconfig: it names no clusters")
    return config


def active(config: Properties, context: str | None = None, cluster: str | None = None) -> Properties:
    """The settings of the cluster that is in use: what tells one cluster from another."""
    chosen = _named(config, "contexts", context or config.get("current-context")).get("context") or {}
    return _named(config, "clusters", cluster or chosen.get("cluster")).get("cluster") or {}


def _named(config: Properties, section: str, name: str | None) -> Properties:
    return next((each for each in config.get(section) or () if each.get("name") == name), {})


def _user(config: Properties, context: str | None) -> Properties:
    chosen = _named(config, "contexts", context or config.get("current-context")).get("context") or {}
    return _named(config, "users", chosen.get("user")).get("user") or {}


def _settings(config: Properties, context: str | None, cluster: str | None) -> Properties:
    """A kubeconfig with the one cluster and user in use. Raises ProviderError when it is not on this
    machine: the rehearsal never talks to a real one.
    """
    settings, user = active(config, context, cluster), _user(config, context)
    server = str(settings.get("server") or "")
    if not is_loopback(urlsplit(server).hostname or ""):
        raise ProviderError(
            f"the kubeconfig leads to {server or 'no server'}: this provider works with clusters on this "
            "machine only; use an address such as https://127.0.0.1:6443"
        )
    if token.cluster_and_region(user):
        user = {}
    return {
        "clusters": [{"name": "cluster", "cluster": settings}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": "context", "context": {"cluster": "cluster", "user": "user"}}],
        "current-context": "context",
    }


def _api_client(settings: Properties) -> Any:
    from kubernetes import client, config

    configuration = client.Configuration()
    configuration.connection_pool_maxsize = MAX_CONNECTIONS
    try:
        config.load_kube_config_from_dict(settings, client_configuration=configuration, persist_config=False)
    except (config.ConfigException, ValueError) as error:
        raise ProviderError(f"failed to parse kubeconfig: {' '.join(str(error).split())}") from error
    return client.ApiClient(configuration)


def _timeout() -> Any:
    from urllib3 import Timeout

    return Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=READ_TIMEOUT_SECONDS)


def _told(status: int, data: bytes) -> Properties:
    """The answer. Raises ApiError with the server's own words."""
    try:
        answer = json.loads(data) if data else {}
    except ValueError:
        answer = {"message": data.decode(errors="replace")}
    if status < 400:
        return answer if isinstance(answer, dict) else {}
    found: Properties = answer if isinstance(answer, dict) else {}
    message = " ".join(str(found.get("message") or f"HTTP {status}").split())
    raise ApiError(status, str(found.get("reason") or ""), message, found.get("details") or {})
