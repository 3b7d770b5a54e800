"""Right and wrong documents."""

from __future__ import annotations

from policies import ssm
from tests.policies.cases import Case

CASES: tuple[Case, ...] = (
    Case(
        ssm.ssm_4,
        right={"permissions": {"type": "Share", "accountIds": "123456789012,210987654321"}},
        wrong={"permissions": {"type": "Share", "accountIds": "All"}},
        says="permissions.accountIds is All",
    ),
    Case(ssm.ssm_4, {}, {"permissions": {"accountIds": "123456789012,all"}}, "accountIds is"),
)
