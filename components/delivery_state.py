"""Pulumi's state of a project in a bucket of one's own, and who may read and write it.

A stack has its checkpoint in `.pulumi/stacks/PROJECT/STACK.json`, what was before in files and folders of the
same names beside it, and a lock for the time of an update (Pulumi, Self-managed backends).
"""

from __future__ import annotations

from typing import NamedTuple

from .policies import Owner, Statement


class State(NamedTuple):
    """Where Pulumi keeps the state of this project."""

    bucket: str
    key_arn: str
    project: str


def state_reader(owner: Owner, state: State) -> list[Statement]:
    """Reading the state of every stack of the project: a preview of one may look at another's image.

    Nothing is written, not even a lock: a preview is in no deployment's way.
    """
    bucket = f"arn:{owner.partition}:s3:::{state.bucket}"
    return [
        {"Sid": "FindState", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
        {
            "Sid": "ReadState",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": [
                f"{bucket}/.pulumi/meta.yaml",
                *(f"{bucket}/.pulumi/{kind}/{state.project}/*" for kind in ("stacks", "history")),
            ],
        },
        {
            "Sid": "DecryptState",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": state.key_arn,
        },
    ]


def state_writer(owner: Owner, state: State, stacks: str) -> list[Statement]:
    """Writing the state of its own stacks, and the lock that keeps two updates of one apart.

    `stacks` is one stack's name or a pattern such as `pr-*`. Files of a stack begin with its name and a dot,
    its folders are called like it.
    """
    top = f"arn:{owner.partition}:s3:::{state.bucket}/.pulumi"
    folders = (f"history/{state.project}", f"backups/{state.project}", f"locks/organization/{state.project}")
    files = [f"{top}/{folder}/{stacks}/*" for folder in folders]
    return [
        {
            "Sid": "WriteState",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"{top}/stacks/{state.project}/{stacks}.*", *files],
        },
        {
            "Sid": "EncryptState",
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": state.key_arn,
        },
    ]
