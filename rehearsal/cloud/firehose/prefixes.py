"""Where in a bucket Firehose writes an object: prefixes with expressions, and the object's name.

Source: "Understand custom prefixes for Amazon S3 objects" and "Configure Amazon S3 object name format".
"""

from __future__ import annotations

import re
import secrets
import string
from datetime import datetime
from uuid import uuid4

from moto.firehose.exceptions import InvalidArgumentException

#: What follows a prefix that says nothing of time.
DATE = "!{timestamp:yyyy/MM/dd/HH/}"
ERROR_TYPE = "!{firehose:error-output-type}"

_EXPRESSION = re.compile(r"!\{([^:{}]*):([^{}]*)\}")
#: Java's letters for parts of a date; text stands in single quotes, and what is no letter for itself.
_PART = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']")
_FIELDS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "DDD": "%j"}
_RANDOM_CHARACTERS = 11


def check(prefix: str, error_prefix: str) -> None:
    """Raises InvalidArgumentException for prefixes that Firehose refuses, or that are not emulated."""
    for text, is_error in ((prefix, False), (error_prefix, True)):
        for namespace, value in _EXPRESSION.findall(text):
            if namespace == "timestamp":
                _format(value)
            elif (namespace, value) == ("firehose", "error-output-type") and not is_error:
                raise InvalidArgumentException("error-output-type is for ErrorOutputPrefix alone")
            elif namespace != "firehose" or value not in ("error-output-type", "random-string"):
                raise InvalidArgumentException(f"!{{{namespace}:{value}}} is not emulated in a prefix")
        if "!{" in _EXPRESSION.sub("", text):
            raise InvalidArgumentException(f"the prefix {text!r} cannot be read")
    if _EXPRESSION.search(prefix) and ERROR_TYPE not in error_prefix:
        raise InvalidArgumentException(
            f"ErrorOutputPrefix must contain {ERROR_TYPE} when Prefix contains expressions"
        )


def evaluated(prefix: str, oldest: datetime, error_type: str = "") -> str:
    """The prefix of an object whose oldest record arrived at that time, in UTC.

    `error_type`: why these records could not be processed; a prefix for errors that has no expression is
    followed by it.
    """
    if error_type and not _EXPRESSION.search(prefix):
        prefix += f"{ERROR_TYPE}/"
    if "!{timestamp:" not in prefix:
        prefix += DATE

    def value(found: re.Match[str]) -> str:
        namespace, text = found.groups()
        if namespace == "timestamp":
            return oldest.strftime(_format(text))
        if text == "error-output-type":
            return error_type
        return "".join(secrets.choice(string.ascii_letters) for _ in range(_RANDOM_CHARACTERS))

    return _EXPRESSION.sub(value, prefix)


def object_name(stream: str, version: str, oldest: datetime, extension: str) -> str:
    """What comes after the prefix; another one each time that it is asked for."""
    return f"{stream}-{version}-{oldest:%Y-%m-%d-%H-%M-%S}-{uuid4()}{extension}"


def _format(java: str) -> str:
    """Java's pattern as Python's. Raises InvalidArgumentException for letters that are not emulated."""
    parts, end = [], 0
    for found in _PART.finditer(java):
        text, letter = found[1], found[2]
        if found.start() != end or (letter and found[0] not in _FIELDS):
            raise InvalidArgumentException(f"!{{timestamp:{java}}} is not emulated in a prefix")
        parts.append(_FIELDS[found[0]] if letter else (found[0] if text is None else text).replace("%", "%%"))
        end = found.end()
    if end != len(java) or not java:
        raise InvalidArgumentException(f"!{{timestamp:{java}}} is not emulated in a prefix")
    return "".join(parts)
