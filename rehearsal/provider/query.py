"""Two questions put to the cloud without an SDK: the zones of a region and who the caller is.

Every preview asks for the availability zones. Loading botocore with its description of EC2 for that would
cost more CPU than the whole rest of a small preview (about 150 ms against 2 ms), so these go out as the plain
HTTP that AWS's query protocol is. The emulated cloud checks no signatures; it only reads region and service
from them.
"""

from __future__ import annotations

import os
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring

from rehearsal.plugin import ProviderError
from rehearsal.provider.cloud import endpoint

TIMEOUT_SECONDS = 30
_VERSIONS = {"ec2": "2016-11-15", "sts": "2011-06-15"}


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


def _ask(service: str, region: str, action: str, arguments: dict[str, str]) -> Element:
    """Send one query and parse its answer. Raises ProviderError in one line."""
    address = urlsplit(endpoint())
    key = os.environ.get("AWS_ACCESS_KEY_ID") or "test"
    scope = f"Credential={key}/20000101/{region}/{service}/aws4_request"
    body = urlencode({"Action": action, "Version": _VERSIONS[service], **arguments})
    headers = {
        "Host": f"{service}.{region}.amazonaws.com",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    connection = HTTPConnection(address.hostname or "", address.port or 80, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        answer: Any = response.read()
    except OSError as error:
        raise ProviderError(
            f"{action}: no answer from the emulated cloud at {address.geturl()}; is it running? ({error})"
        ) from error
    finally:
        connection.close()
    try:
        tree = fromstring(answer)  # noqa: S314 - the answer is our own cloud's
    except ParseError:
        text = " ".join(answer.decode(errors="replace").split())[:200]
        raise ProviderError(f"{action}: the emulated cloud answered {response.status}: {text}") from None
    if response.status >= 400:
        said = {_local(part): part.text or "" for part in tree.iter()}
        raise ProviderError(f"{action}: {said.get('Code', response.status)}: {said.get('Message', '')}")
    return tree


def _local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]
