"""Each of AWS's foundational practices for what components use is asked by a rule, or explained."""

from __future__ import annotations

import re

import pytest

from policies import families
from tests.stacks.given import ROOT

FOUNDATIONAL = {
    "ACM": (1, 2),
    "AutoScaling": (1, 2, 3, 4, 5, 6, 9),
    "DataFirehose": (1,),
    "EC2": (
        *(1, 2, 3, 4, 6, 7, 8, 9, 10, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 51, 55, 56, 57, 58, 60),
        *(170, 171, 172, 173, 180, 181, 182),
    ),
    "ELB": (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 14, 16, 17, 18),
    "EventBridge": (3,),
    "IAM": (1, 2, 3, 4, 5, 6, 7, 8, 21),
    "KMS": (1, 2, 3, 5),
    "Lambda": (1, 2, 5),
    "RDS": (*range(1, 26), 27, 34, 35, 36, 37, *range(40, 49)),
    "Route53": (2,),
    "S3": (1, 2, 3, 5, 6, 8, 9, 12, 13, 19, 24, 25),
    "SNS": (1, 4),
    "SSM": (1, 2, 3, 4, 6, 7),
    "SecretsManager": (1, 2, 3, 4),
    "WAF": (10, 12),
}
"""By service, as AWS listed them at the end of 2025 (AWS Security Hub, FSBP standard)."""
DOCUMENT = ROOT / "docs" / "guardrails.md"
ASKED = {control for rule in families.rules() for control in (rule.control, *rule.also)}


def explained() -> set[str]:
    """The controls of the document's last table, a range such as `IAM.3 to IAM.8` taken apart."""
    _, _, rest = DOCUMENT.read_text().partition("## What is not asked, and why\n")
    found: set[str] = set()
    for cell in re.findall(r"^\| ([^|]+) \|", rest, re.MULTILINE):
        for service, first, last in re.findall(r"(\w+)\.(\d+)(?: to \w+\.(\d+))?", cell):
            found |= {f"{service}.{number}" for number in range(int(first), int(last or first) + 1)}
    return found


@pytest.mark.parametrize("service", FOUNDATIONAL)
def test_each_foundational_control_is_asked_or_explained(service: str) -> None:
    controls = {f"{service}.{number}" for number in FOUNDATIONAL[service]}
    assert controls - ASKED - explained() == set()
