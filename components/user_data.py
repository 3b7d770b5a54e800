"""The user data of a server: cloud-init that writes what tells it its environment, and nothing else.

No commands, no packages, no secrets: what a server is lies in its image; user data tells it where it is.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Mapping

from .log_agent import LOG_AGENT_FILE, journal_to

MAX_BYTES = 16 * 1024
"""EC2's limit on user data in raw form, before base64 (EC2 User Guide, Instance user data)."""
FOLDER = "/etc/immutable"
"""Where a server finds all that it is told."""

LOG_GROUP = "LOG_GROUP"
"""The variable that tells a server where its logs go."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def cloud_config(service: str, environment: Mapping[str, str], files: Mapping[str, str] | None = None) -> str:
    """The `#cloud-config` that writes `/etc/immutable/<service>.env`, readable by root only.

    `files` are written beside it, by their name in that folder: what programs of the image read that take no
    environment file. Raises ValueError for a variable that systemd would refuse, and for more than 16 KB.
    """
    written = {f"{service}.env": environment_file(environment), **(files or {})}
    document = "#cloud-config\nwrite_files:\n" + "".join(
        f"- path: {FOLDER}/{name}\n"
        '  permissions: "0600"\n'
        "  owner: root:root\n"
        f'  content: "{_yaml_escaped(content)}"\n'
        for name, content in written.items()
    )
    size = len(document.encode())
    if size > MAX_BYTES:
        raise ValueError(
            f"the environment of {service!r} makes {size} bytes of user data and EC2 takes {MAX_BYTES}: "
            "shorten it, or keep the large values in Parameter Store and pass their names"
        )
    return document


def server_config(service: str, environment: Mapping[str, str]) -> str:
    """All that a server is told: its environment, and what its log agent makes of `LOG_GROUP`.

    Raises ValueError as `cloud_config`.
    """
    agent = journal_to(environment[LOG_GROUP]).to_json()
    return cloud_config(service, environment, {LOG_AGENT_FILE: agent})


def encoded(document: str) -> str:
    """Base64, as a launch template takes it."""
    return base64.b64encode(document.encode()).decode()


def environment_file(environment: Mapping[str, str]) -> str:
    """`environment` in the format of systemd's EnvironmentFile=, which a POSIX shell reads the same way.

    Sorted, so that the order in which variables were given makes no new launch template version.
    """
    return "".join(f"{name}={_quoted(name, environment[name])}\n" for name in sorted(environment))


def _quoted(name: str, value: str) -> str:
    """In double quotes, within which systemd and the shell unescape the same four characters."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for an environment variable: use letters, digits and _")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n":
            raise ValueError(
                f"the value of {name} holds the control character {character!r}, "
                "which systemd refuses: remove it"
            )
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def _yaml_escaped(text: str) -> str:
    """The inside of a YAML double-quoted scalar, in ASCII: JSON's escapes, but for surrogate pairs."""
    return "".join(
        json.dumps(character)[1:-1] if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
        for character in text
    )
