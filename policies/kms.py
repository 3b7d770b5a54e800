"""AWS KMS: keys are used by who is named, for what is named, and are not lost by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from policies import documents
from policies.iam import INLINE, MANAGED
from policies.rules import Resource, Rule, Severity, at, is_true, rule

KEY = "aws:kms/key:Key"

_DECRYPTING = ("kms:Decrypt", "kms:ReEncryptFrom")
"""AWS's parameter blockedActionsPatterns of KMS.1 and KMS.2."""
_ANY_TWO_KEYS = (
    "arn:aws:kms:eu-central-1:111111111111:key/11111111-1111-1111-1111-111111111111",
    "arn:aws:kms:us-west-2:222222222222:key/22222222-2222-2222-2222-222222222222",
)
"""What means both of these means every key. All keys of one account and Region are a limit to AWS."""
_DELETION_DAYS = 30
"""The longest that KMS waits, and what it waits unless it is told otherwise."""


def _decrypts_all(policy: Resource) -> Iterator[str]:
    for each in documents.statements(at(policy, "policy")):
        granted = [action for action in _DECRYPTING if each.grants(action)]
        if granted and each.on_all(*_ANY_TWO_KEYS):
            yield f"{each.label} grants {' and '.join(granted)} on all keys"


@rule(
    id="kms-1",
    types=(MANAGED,),
    severity=Severity.MEDIUM,
    control="KMS.1",
    reason="Who may decrypt with every key may read everything that is encrypted.",
    fix="name the keys in Resource",
)
def kms_1(policy: Resource) -> Iterator[str]:
    yield from _decrypts_all(policy)


@rule(
    id="kms-2",
    types=INLINE,
    severity=Severity.MEDIUM,
    control="KMS.2",
    reason="Who may decrypt with every key may read everything that is encrypted.",
    fix="name the keys in Resource",
)
def kms_2(policy: Resource) -> Iterator[str]:
    yield from _decrypts_all(policy)


@rule(
    id="kms-3",
    types=(KEY,),
    # To AWS it is critical that a key is about to be deleted; a short time to notice it is less.
    severity=Severity.MEDIUM,
    control="KMS.3",
    reason="What a deleted key encrypted is lost; until its deletion is due a mistake can be taken back.",
    fix=f"leave deletionWindowInDays out, or set it to {_DELETION_DAYS}",
)
def kms_3(key: Resource) -> Iterator[str]:
    days = at(key, "deletionWindowInDays", _DELETION_DAYS)
    if days < _DELETION_DAYS:
        yield f"deletionWindowInDays is {days}"


@rule(
    id="kms-4",
    types=(KEY,),
    severity=Severity.MEDIUM,
    control="KMS.4",
    reason="A key that is renewed every year has encrypted less when it leaks.",
    fix="set enableKeyRotation to true",
)
def kms_4(key: Resource) -> Iterator[str]:
    # KMS renews keys of its own material that encrypt and decrypt, and no others.
    symmetric = at(key, "customerMasterKeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if symmetric and not is_true(at(key, "enableKeyRotation")):
        yield "enableKeyRotation is not true"


@rule(
    id="kms-5",
    types=(KEY,),
    severity=Severity.CRITICAL,
    control="KMS.5",
    reason="A key that everyone may use protects nothing.",
    fix="name the principals, or fix the account in a condition such as kms:CallerAccount",
)
def kms_5(key: Resource) -> Iterator[str]:
    for each in documents.open_to_all(at(key, "policy")):
        yield f"{each.label} of the key's policy lets everyone in"


RULES: tuple[Rule, ...] = (kms_1, kms_2, kms_3, kms_4, kms_5)
