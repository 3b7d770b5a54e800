"""Finds what looks like a secret among environment variables, which user data and state show in the clear.

Two strengths. *Unmistakable*: a private key, an AWS key, a token in a vendor's own format. *Likely*: a name
such as `DB_PASSWORD` with a plain value, a URL with a password, a long random string; a service can vouch for
such a name in `notSecret`. What only refers to a secret (an ARN, a path, `${NAME}`) is none.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_UNMISTAKABLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")),
    ("an AWS access key ID", re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])")),
    ("a JSON web token", re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*")),
    ("a GitHub token", re.compile(r"(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9]{36}|github_pat_\w{22,})")),
    ("a GitLab token", re.compile(r"(?<![A-Za-z0-9])glpat-[\w-]{20,}")),
    (
        "a Slack token",
        re.compile(r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T"),
    ),
    ("a payment key", re.compile(r"(?<![A-Za-z0-9])(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}")),
    (
        "an API key",
        re.compile(r"(?<![A-Za-z0-9])(?:sk-(?:ant|proj)-[\w-]{20,}|AIza[\w-]{35}|SG\.[\w-]{16,}\.)"),
    ),
    ("a package registry token", re.compile(r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{16,})")),
    ("a vault token", re.compile(r"(?<![A-Za-z0-9])hv[bs]\.[\w-]{20,}")),
)

_SECRET_WORDS = {
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "apikey",
    "secretkey",
}
_KEY_KINDS = {
    "api",
    "private",
    "secret",
    "access",
    "encryption",
    "signing",
    "master",
    "auth",
    "session",
    "account",
}
_PUBLIC_WORDS = {"public", "digest", "checksum", "hash", "fingerprint", "sha", "sha256", "sha512", "commit"}

_REFERENCE = re.compile(
    r"arn:aws[a-z-]*:|\$[A-Za-z_{(]|\{\{|<[^<>]*>$|/[\w.-]+(?:/[\w.-]+)+/?$|[a-z][a-z0-9+.-]*://"
)
_SWITCH = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|enabled|disabled|required|optional)?", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"://[^/\s:@?#]*:([^/\s@]+)@")
_PUBLIC_VALUE = re.compile(
    r"ssh-|ecdsa-|-----BEGIN (?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY)|sha(?:256|384|512)[-:]"
)
_RUN = re.compile(r"[A-Za-z0-9+/_-]{32,}")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_LEAST_BITS_A_CHARACTER = 3.7
_MOST_IN_WORDS = 0.62


def unmistakable(value: str) -> str | None:
    """What secret `value` holds in a format that nothing else has; None when there is none."""
    return next((what for what, pattern in _UNMISTAKABLE if pattern.search(value)), None)


def likely(name: str, value: str) -> str | None:
    """Why `value` under `name` is likely a secret; None when it is not. Vouching overrules it."""
    password = _URL_PASSWORD.search(value)
    if password and not _REFERENCE.match(password[1]):
        return "a URL with a password"
    words = _words(name)
    if _names_a_secret(words) and not _refers(words, value):
        return "a plain value under the name of a secret"
    if _PUBLIC_WORDS.isdisjoint(words) and not _PUBLIC_VALUE.match(value) and any(map(_random, _runs(value))):
        return "a long random string"
    return None


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in spaced.lower().split("_") if word]


def _names_a_secret(words: list[str]) -> bool:
    """By its last word: `DB_PASSWORD` does, `PASSWORD_MIN_LENGTH` and `DB_PASSWORD_ARN` do not."""
    if not words:
        return False
    if words[-1] == "key":
        return len(words) > 1 and words[-2] in _KEY_KINDS
    return words[-1] in _SECRET_WORDS


def _refers(words: list[str], value: str) -> bool:
    """Whether the value only names or switches something; a count such as `MAX_TOKEN=4096` is no secret."""
    if _SWITCH.fullmatch(value) or (words[-1] == "token" and value.isdigit() and len(value) <= 6):
        return True
    return bool(_REFERENCE.match(value))


def _runs(value: str) -> list[str]:
    """The runs of 32 characters or more. In a path or an address `/` divides words; in base64 it does not."""
    divided = re.match(r"/|\./|~/|arn:|[a-z][a-z0-9+.-]*://", value) is not None
    return [run for part in (value.split("/") if divided else [value]) for run in _RUN.findall(part)]


def _random(run: str) -> bool:
    """Whether characters come as from a generator: of every class, many different ones, hardly ever a word.

    Hexadecimal digests and UUIDs have one letter case and pass; so do words in camel case.
    """
    counts = [sum(map(kind, run)) for kind in (str.isupper, str.islower, str.isdigit)]
    in_words = sum(map(len, _WORD.findall(run))) / len(run)
    bits = -sum(n / len(run) * math.log2(n / len(run)) for n in Counter(run).values())
    return min(counts) >= 2 and in_words <= _MOST_IN_WORDS and bits >= _LEAST_BITS_A_CHARACTER
