"""The config of a review environment: another environment's, scaled down, on its own, and easy to take away.

It holds what its source holds, so that what is reviewed is what will be released: services, routes,
databases, secrets by reference. What differs is listed below, value by value.
"""

from __future__ import annotations

import copy
import io
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from scripts.releases import config_file
from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError, one_line
from scripts.releases.project import Project

STACK = re.compile(r"pr-([1-9][0-9]{0,8})")
#: The tags that say of a resource which review environment it is part of, and until when there is one.
REVIEW, EXPIRES = "review", "expires"
TIME = "%Y-%m-%dT%H:%M:%SZ"
#: Where their networks are, unless --cidr says otherwise: 2048 blocks that nothing connects with each other.
POOL, PREFIX = ipaddress.IPv4Network("10.128.0.0/9"), 20
ZONES, MIN_SERVERS, MAX_SERVERS = 2, 1, 2
DAYS = 7
#: A small instance, alone, that leaves nothing behind. Not every engine has Performance Insights on it.
DATABASE = {
    "instanceClass": "db.t4g.micro",
    "multiAz": False,
    "performanceInsights": False,
    "backupRetentionDays": 1,
    "deletionProtection": False,
    "retainOnDestroy": False,
    "finalSnapshot": False,
}
#: With `restoreFrom` it would hold its source's data, and need a snapshot that may be long gone.
NOT_OF_DATABASES = (
    "replicas", "proxy", "blueGreen", "backupCopyRegion", "performanceInsightsDays", "storageGib",
    "maxStorageGib", "restoreFrom",
)  # fmt: skip
#: Waits of a release that is looked at by many; here one looks on.
NOT_OF_REFRESHES = ("checkpointPercentages", "checkpointDelaySeconds", "bakeSeconds")
#: Nobody is woken by a review environment, and no budget is for one alone.
NOT_OF_REVIEWS = ("alerts", "budget")
HEADER = (
    "# Made by `scripts/release review create`, and not committed. Its tags say until when it is there.\n"
)


@dataclass(frozen=True)
class Review:
    """One review environment, as it is asked for.

    Attributes:
        number: of the request that it is for.
        image: None for its source's.
        cidr: None for a block of its own.
    """

    number: int
    expires: datetime
    image: str | None = None
    cidr: str | None = None

    @property
    def stack(self) -> str:
        return stack_of(self.number)


def stack_of(number: int) -> str:
    """The stack of a request's environment. Raises RefusedError for what is no request's number."""
    name = f"pr-{number}"
    if not STACK.fullmatch(name):
        raise RefusedError(f"{number} is no number of a request; take 1 to 999999999")
    return name


def number_of(stack: str) -> int | None:
    """The number of the request that a stack belongs to by its name; None for any other stack."""
    found = STACK.fullmatch(stack)
    return int(found[1]) if found else None


def moment(text: object) -> datetime | None:
    """A time as the tag `expires` has it; None for anything else."""
    try:
        return datetime.strptime(str(text), TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def text_of(where: Project, source: ConfigFile, review: Review, kept: Mapping[str, Any]) -> str:
    """The file's text. `kept`: keys beside `config` that the stack has already, such as its secrets' key.

    Raises:
        RefusedError: the source's file cannot be taken as one.
    """
    document = load(source.path)
    own = {key: value for key, value in document.items() if key == "secretsprovider"}
    cidr = review.cidr or free_block(review.number, _blocks(where, review.stack))
    config = scaled(document["config"], where.name, review, cidr)
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 10_000
    yaml.dump({**own, **kept, "config": config}, stream)
    return HEADER + stream.getvalue()


def load(path: Path) -> dict[str, Any]:
    """A stack's file as data. Raises RefusedError when it cannot be read."""
    with config_file.problems(path):
        content = path.read_bytes().decode()
    try:
        document = YAML(typ="safe", pure=True).load(content)
    except (YAMLError, ValueError) as error:
        raise RefusedError(f"{path.name}: {one_line(error)}") from error
    return document if isinstance(document, dict) else {}


def scaled(given: Mapping[str, Any], namespace: str, review: Review, cidr: str) -> dict[str, Any]:
    """An environment's config as that of a review environment. What is not a map where one belongs stays, for
    the program to refuse.
    """
    config = copy.deepcopy(dict(given))

    def part(key: str) -> dict[str, Any]:
        found = config.setdefault(f"{namespace}:{key}", {})
        return found if isinstance(found, dict) else {}

    for key in NOT_OF_REVIEWS:
        config.pop(f"{namespace}:{key}", None)
    if review.image is not None:
        config[f"{namespace}:imageId"] = review.image
    network = part("network")
    network.pop("reservedCidrs", None)
    network.update(cidr=cidr, zones=ZONES)
    if network.get("egress") != "endpoints":
        network["egress"] = "single-nat"
    part("loadBalancer").update(deletionProtection=False, accessLogRetentionDays=DAYS)
    _scale_logs(part("logs"))
    part("sessions").update(retainOnDestroy=False, recoveryWindowDays=7)
    for database in _maps(part("databases")):
        _scale_database(database)
    before = str(part("names").get("domain", ""))
    domain = f"{review.stack}.{before}" if before else ""
    for service in _maps(part("services")):
        _scale_service(service, before, domain)
    if f"{namespace}:cluster" in config:
        _scale_cluster(part("cluster"))
        for workload in _maps(part("workloads")):
            _scale_service(workload, before, domain)
    if domain:
        part("names")["domain"] = domain
    else:
        config.pop(f"{namespace}:names")
    part("tags").update({REVIEW: review.stack, EXPIRES: review.expires.strftime(TIME)})
    return config


def _maps(section: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (each for each in section.values() if isinstance(each, dict))


def _scale_logs(logs: dict[str, Any]) -> None:
    logs.update(retentionDays=DAYS, retainOnDestroy=False)
    logs.pop("openSearch", None)
    logs.pop("archive", None)
    # Another account's destination and a bucket of one's own exclude each other.
    if "destinationArn" not in logs:
        logs["archive"] = {"expireAfterDays": DAYS}


def _scale_database(database: dict[str, Any]) -> None:
    if "external" in database:
        return
    for key in NOT_OF_DATABASES:
        database.pop(key, None)
    database.update(DATABASE)


def _scale_cluster(cluster: dict[str, Any]) -> None:
    """A cluster of its own: two nodes of the types that its source has, which hold one or two pods each."""
    cluster["deletionProtection"] = False
    nodes = cluster.get("nodes")
    if isinstance(nodes, dict):
        nodes.update(min=MAX_SERVERS, max=MAX_SERVERS)


def _scale_service(service: dict[str, Any], before: str, domain: str) -> None:
    if "schedule" not in service:
        service.update(min=MIN_SERVERS, max=min(_number(service.get("max"), MAX_SERVERS), MAX_SERVERS))
    refresh, route = service.get("refresh"), service.get("route")
    if isinstance(refresh, dict):
        for key in NOT_OF_REFRESHES:
            refresh.pop(key, None)
    if isinstance(route, dict) and isinstance(route.get("hosts"), list) and domain:
        route["hosts"] = [_moved(host, before, domain) for host in route["hosts"]]


def _number(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _moved(host: Any, before: str, domain: str) -> Any:
    """A host in the source's domain is the same one in the review environment's."""
    text = str(host)
    return text.removesuffix(before) + domain if text == before or text.endswith(f".{before}") else host


def _blocks(where: Project, stack: str) -> Iterator[str]:
    """Every block that another stack's file has or reserves, as far as the files can be read."""
    for name in where.files():
        if name == stack:
            continue
        try:
            config = load(where.files()[name]).get("config")
        except RefusedError:
            continue
        network = config.get(f"{where.name}:network") if isinstance(config, dict) else None
        if isinstance(network, dict):
            reserved = network.get("reservedCidrs")
            yield from (str(each) for each in (network.get("cidr"), *(reserved or ())) if each)


def free_block(number: int, taken: Iterable[str]) -> str:
    """A block for a request: the one that its number leads to, or the next one that is clear of `taken`.

    Two open requests that are 2048 apart have the same one, which nothing connects.

    Raises:
        RefusedError: there is none left.
    """
    others = []
    for block in taken:
        try:
            others.append(ipaddress.IPv4Network(block, strict=False))
        except ValueError:
            continue
    count = 2 ** (PREFIX - POOL.prefixlen)
    size = 2 ** (32 - PREFIX)
    for step in range(count):
        start = POOL.network_address + ((number + step) % count) * size
        free = ipaddress.IPv4Network((start, PREFIX))
        if not any(free.overlaps(other) for other in others):
            return str(free)
    raise RefusedError(f"{POOL} has no free block for pr-{number}; name one with --cidr")
