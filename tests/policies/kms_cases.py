"""Right and wrong keys, and policies on keys."""

from __future__ import annotations

import json
from typing import Any

from policies import kms
from policies.iam import INLINE
from tests.policies.cases import Case

ONE_KEY = "arn:aws:kms:eu-central-1:123456789012:key/1a2b3c4d"


def policy(**statement: Any) -> dict[str, str]:
    document = {"Version": "2012-10-17", "Statement": {"Sid": "One", "Effect": "Allow", **statement}}
    return {"policy": json.dumps(document)}


def used_by(principal: Any, **condition: Any) -> dict[str, str]:
    return policy(Principal=principal, Action="kms:Decrypt", Resource="*", Condition=condition)


IN_ACCOUNT = {"StringEquals": {"kms:CallerAccount": "123456789012"}}
CASES: tuple[Case, ...] = (
    Case(
        kms.kms_1,
        right=policy(Action="kms:Decrypt", Resource=ONE_KEY),
        wrong=policy(Action="kms:Decrypt", Resource="*"),
        says="statement One grants kms:Decrypt on all keys",
    ),
    *(
        Case(
            kms.kms_1,
            right=policy(Action="kms:Decrypt", Resource=f"arn:aws:kms:{place}:key/*"),
            wrong=policy(Action="kms:Decrypt", Resource="arn:aws:kms:*"),
            says="on all keys",
        )
        for place in ("eu-central-1:111111111111", "us-west-2:222222222222")
    ),
    Case(
        kms.kms_1,
        # AWS takes all keys of one account and Region as a limit.
        right=policy(Action="kms:Decrypt", Resource="arn:aws:kms:eu-central-1:123456789012:key/*"),
        wrong=policy(Action="kms:*", Resource="arn:aws:kms:*:*:key/*"),
        says="grants kms:Decrypt and kms:ReEncryptFrom on all keys",
    ),
    Case(
        kms.kms_2,
        right=policy(Action=["kms:Encrypt", "kms:DescribeKey"], Resource="*"),
        wrong=policy(Action=["kms:Encrypt", "KMS:reencrypt*"], Resource="*"),
        says="grants kms:ReEncryptFrom on all keys",
    ),
    Case(
        kms.kms_2,
        right=policy(NotAction="kms:*", Resource="*"),
        wrong=policy(NotAction="s3:*", NotResource="arn:aws:s3:::*"),
        says="on all keys",
        kind=INLINE[1],
        kinds=INLINE[2:],
    ),
    Case(kms.kms_3, right={"deletionWindowInDays": 30}, wrong={"deletionWindowInDays": 7}, says="is 7"),
    Case(kms.kms_3, right={}, wrong={"deletionWindowInDays": 29}, says="is 29"),
    Case(kms.kms_4, right={"enableKeyRotation": True}, wrong={}, says="enableKeyRotation is not true"),
    Case(
        kms.kms_4,
        right={"customerMasterKeySpec": "ECC_NIST_P256"},
        wrong={"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "enableKeyRotation": False},
        says="enableKeyRotation is not true",
    ),
    Case(
        kms.kms_5,
        right=used_by({"AWS": "arn:aws:iam::123456789012:root"}),
        wrong=used_by({"AWS": "*"}),
        says="statement One of the key's policy lets everyone in",
    ),
    Case(
        kms.kms_5,
        right=used_by({"AWS": "*"}, **IN_ACCOUNT),
        # Whoever uses a service is anyone.
        wrong=used_by("*", StringEquals={"kms:ViaService": "s3.eu-central-1.amazonaws.com"}),
        says="lets everyone in",
    ),
)
