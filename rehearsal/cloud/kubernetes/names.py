"""The forms of names, labels and keys, told as k8s.io/apimachinery/pkg/util/validation tells them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SERVICE = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"


def _regex(text: str, examples: tuple[str, ...], pattern: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)[:-2]
    return f"{text} (e.g. {shown}, regex used for validation is '{pattern}')"


_LABEL_TEXT = _regex(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and"
    " end with an alphanumeric character",
    ("my-name", "123-abc"), _LABEL,
)  # fmt: skip
_SUBDOMAIN_TEXT = _regex(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must"
    " start and end with an alphanumeric character",
    ("example.com",), _SUBDOMAIN,
)  # fmt: skip
_QUALIFIED_TEXT = _regex(
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character",
    ("MyName", "my.name", "123-abc"), _QUALIFIED,
)  # fmt: skip
_VALUE_TEXT = _regex(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must"
    " start and end with an alphanumeric character",
    ("MyValue", "my_value", "12345"), _VALUE,
)  # fmt: skip


def label(name: str) -> Iterator[str]:
    """What is wrong with a DNS-1123 label, as containers and namespaces have for a name."""
    if len(name) > 63:
        yield "must be no more than 63 characters"
    if not re.fullmatch(_LABEL, name):
        yield _LABEL_TEXT


def subdomain(name: str) -> Iterator[str]:
    """The names of most objects."""
    if len(name) > 253:
        yield "must be no more than 253 characters"
    if not re.fullmatch(_SUBDOMAIN, name):
        yield _SUBDOMAIN_TEXT


def dotless(name: str) -> Iterator[str]:
    """A label, told apart from a subdomain by its dots: namespaces."""
    if "." in name:
        yield "must not contain dots"
    else:
        yield from label(name)


def qualified(key: str) -> Iterator[str]:
    """Keys of labels and annotations: `prefix/name`."""
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        yield "prefix part must be non-empty"
    for problem in subdomain(prefix) if prefix else ():
        yield f"prefix part {problem}"
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 bytes"
    if not re.fullmatch(_QUALIFIED, name):
        yield _QUALIFIED_TEXT


def label_value(value: str) -> Iterator[str]:
    if len(value) > 63:
        yield "must be no more than 63 bytes"
    if not re.fullmatch(_VALUE, value):
        yield _VALUE_TEXT


def port_name(name: str) -> Iterator[str]:
    if len(name) > 15:
        yield "must be no more than 15 characters"
    if not re.fullmatch(r"[-a-z0-9]*", name):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    elif not re.search(r"[a-z]", name):
        yield "must contain at least one letter (a-z)"
    if "--" in name:
        yield "must not contain consecutive hyphens"
    if name[:1] == "-" or name[-1:] == "-":
        yield "must not begin or end with a hyphen"
