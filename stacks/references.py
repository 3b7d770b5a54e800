"""References to secrets in a stack file: where one lies, never what it is.

A value stands in state and user data, where too many see it; a reference is resolved on the server, with the
server's own role. What is no reference may be the secret itself, so no message quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from stacks import secrets_check
from stacks.problems import Place, SectionError, shown
from stacks.sections import Section

_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>[a-z]+):(?P<region>[a-z0-9-]+):(?P<account>\d{12}):(?P<what>.+)"
)
_SECRET = re.compile(r"secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}")
_PARAMETER = re.compile(r"parameter/[A-Za-z0-9_.-][A-Za-z0-9_./-]*")
_KEY = re.compile(r"key/(?:mrk-[0-9a-f]{32}|[0-9a-f-]{36})")
FORMS = (
    "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf of a secret, "
    "or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME of a parameter"
)


class Owner(NamedTuple):
    """Whose it is."""

    region: str
    account: str


def owner_of(arn: str) -> Owner:
    """Region and account of an ARN that has both."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return Owner(region, account)


class SecretConfig(Section):
    """A reference, as its ARN alone or as a map with the key that the secret is encrypted with."""

    arn: str = Field(description=f"the ARN {FORMS}")
    key_arn: str | None = Field(
        default=None, description="the ARN of its customer key; without one, the account's default key"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_arn(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        # Said here: as a problem of `arn` it would be placed at a key that the file does not have.
        SectionError.raise_any(((), text) for text in _arn_problems(given))
        return {"arn": given}

    @model_validator(mode="after")
    def _agrees(self) -> SecretConfig:
        SectionError.raise_any(self._problems())
        return self

    def _problems(self) -> Iterator[tuple[Place, str]]:
        wrong = list(_arn_problems(self.arn))
        yield from ((("arn",), text) for text in wrong)
        if self.key_arn is None:
            return
        key = _ARN.fullmatch(self.key_arn)
        if key is None or key["service"] != "kms" or not _KEY.fullmatch(key["what"]):
            yield (
                ("keyArn",),
                f"{_quoted(self.key_arn)} no key's ARN; write arn:aws:kms:REGION:ACCOUNT:key/ID",
            )
        elif not wrong and key["region"] != owner_of(self.arn).region:
            region = owner_of(self.arn).region
            yield ("keyArn",), f"is of {key['region']}, the secret of {region}; name the key that encrypts it"


def _arn_problems(value: str) -> Iterator[str]:
    certain = secrets_check.unmistakable(value)
    if certain:
        yield f"holds {certain} itself, which state would show; keep it in Secrets Manager and write its ARN"
        return
    found = _ARN.fullmatch(value)
    if found is not None:
        form = {"secretsmanager": _SECRET, "ssm": _PARAMETER}.get(found["service"])
        if form is not None and form.fullmatch(found["what"]):
            return
        if found["service"] == "secretsmanager":
            yield f"{shown(value)} is not a whole ARN; one ends in six characters of its own, NAME-AbCdEf"
            return
    yield f"{_quoted(value)} no reference to a secret; write the ARN {FORMS}"


def _quoted(value: str) -> str:
    """The value if it is an ARN, else nothing of it: it may be the secret."""
    return f"{shown(value)} is" if _ARN.fullmatch(value) else "is"
