"""Questions put to the cloud without an SDK: what a preview asks of EC2, of KMS, and who the caller is.

Every preview asks for the availability zones and looks at its images. Loading botocore with its description
of EC2 for that would cost more CPU than the whole rest of a small preview (about 150 ms against 2 ms), so
these go out as the plain HTTP that AWS's query and JSON protocols are. The emulated cloud checks no
signatures; it only reads region and service from them.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring

from rehearsal.plugin import ProviderError
from rehearsal.provider.cloud import endpoint

TIMEOUT_SECONDS = 30
_VERSIONS = {"ec2": "2016-11-15", "rds": "2014-10-31", "sts": "2011-06-15"}
# What the items of a list are called: EC2 has one word for all, RDS one for each list.
_ITEMS = {
    "item", "member", "DBEngineVersion", "DBInstance", "DBParameterGroup", "Tag", "UpgradeTarget",
    "VpcSecurityGroupMembership",
}  # fmt: skip
_JSON_TARGETS = {"ecr": "AmazonEC2ContainerRegistry_V20150921", "kms": "TrentService"}


class QueryError(ProviderError):
    """AWS refused; `code` is its own, such as `InvalidSnapshot.NotFound`."""

    def __init__(self, action: str, code: str, message: str) -> None:
        super().__init__(f"{action}: {code}: {message}" if message else f"{action}: {code}")
        self.code = code


def availability_zones(region: str, everything: bool = False) -> list[dict[str, str]]:
    """The region's zones, each with AWS's own words: zoneName, zoneId, zoneState, groupName, optInStatus.

    Args:
        region: the region's name.
        everything: zones that the account has not opted in to as well.
    """
    answer = _ask(
        "ec2", region, "DescribeAvailabilityZones", {"AllAvailabilityZones": str(everything).lower()}
    )
    zones = []
    for element in answer.iter():
        if _local(element) == "availabilityZoneInfo":
            zones = [{_local(part): part.text or "" for part in item} for item in element]
    return zones


def caller_identity(region: str) -> dict[str, str]:
    """Whom the credentials belong to: accountId, arn, userId."""
    words = {"Account": "accountId", "Arn": "arn", "UserId": "userId"}
    answer = _ask("sts", region, "GetCallerIdentity", {})
    return {words[_local(part)]: part.text or "" for part in answer.iter() if _local(part) in words}


def described(region: str, action: str, arguments: dict[str, str]) -> dict[str, Any]:
    """EC2's answer to a `Describe...` as plain values, spelt as its XML is: `imageOwnerId`, `isPublic`.

    Args:
        region: the region's name.
        action: the operation, such as `DescribeImages`.
        arguments: as EC2's query protocol writes them: `{"Filter.1.Name": "image-id"}`.
    """
    return _as_values(_ask("ec2", region, action, arguments))


def answered(service: str, region: str, action: str, arguments: dict[str, str]) -> dict[str, Any]:
    """What is in the result of a service's answer, as plain values: `{"DBInstances": [...]}`."""
    tree = _ask(service, region, action, arguments)
    result = next((part for part in tree if _local(part) == f"{action}Result"), tree)
    return _as_values(result)


def asked_as_json(service: str, region: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer of a service that speaks AWS's JSON protocol. Raises QueryError for what it refuses."""
    target = f"{_JSON_TARGETS[service]}.{action}"
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    status, answer = _post(service, region, action, json.dumps(arguments), headers)
    try:
        said: dict[str, Any] = json.loads(answer)
    except ValueError:
        raise _nonsense(action, status, answer) from None
    if status >= 400:
        # Some services say where the error's name is defined before the name itself, as in `a.b#Gone`.
        code = str(said.get("__type") or status).rsplit("#", 1)[-1]
        raise QueryError(action, code, str(said.get("message") or said.get("Message") or ""))
    return said


def gotten(service: str, region: str, path: str) -> dict[str, Any]:
    """The answer of a service whose things have paths, as plain values. Raises QueryError likewise."""
    status, answer = _send("GET", path, service, region, path, None, {})
    return _as_values(_parsed(path, status, answer))


def _as_values(tree: Element) -> dict[str, Any]:
    answer = _plain(tree)
    return answer if isinstance(answer, dict) else {}


def _ask(service: str, region: str, action: str, arguments: dict[str, str]) -> Element:
    """Send one query and parse its answer. Raises ProviderError in one line."""
    body = urlencode({"Action": action, "Version": _VERSIONS[service], **arguments})
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return _parsed(action, *_post(service, region, action, body, headers))


def _parsed(action: str, status: int, answer: bytes) -> Element:
    """An answer in XML. Raises ProviderError in one line."""
    try:
        tree = fromstring(answer)  # noqa: S314 - the answer is our own cloud's
    except ParseError:
        raise _nonsense(action, status, answer) from None
    if status >= 400:
        said = {_local(part): part.text or "" for part in tree.iter()}
        raise QueryError(action, said.get("Code", str(status)), said.get("Message", ""))
    return tree


def _post(service: str, region: str, action: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
    return _send("POST", "/", service, region, action, body, headers)


def _send(
    method: str, path: str, service: str, region: str, action: str, body: str | None, headers: dict[str, str]
) -> tuple[int, bytes]:
    """One request; status and answer."""
    address = urlsplit(endpoint())
    key = os.environ.get("AWS_ACCESS_KEY_ID") or "test"
    scope = f"Credential={key}/20000101/{region}/{service}/aws4_request"
    host = f"{service}.{region}.amazonaws.com"
    signature = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"
    connection = HTTPConnection(address.hostname or "", address.port or 80, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, {"Host": host, "Authorization": signature, **headers})
        response = connection.getresponse()
        return response.status, response.read()
    except OSError as error:
        raise ProviderError(
            f"{action}: no answer from the emulated cloud at {address.geturl()}; is it running? ({error})"
        ) from error
    finally:
        connection.close()


def _nonsense(action: str, status: int, answer: bytes) -> ProviderError:
    text = " ".join(answer.decode(errors="replace").split())[:200]
    return ProviderError(f"{action}: the emulated cloud answered {status}: {text}")


def _plain(element: Element) -> Any:
    """An element as text, as a list of its items, or as a mapping of its parts."""
    parts = list(element)
    if not parts:
        return element.text or ""
    if all(_local(part) in _ITEMS for part in parts):
        return [_plain(part) for part in parts]
    return {_local(part): _plain(part) for part in parts}


def _local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]
