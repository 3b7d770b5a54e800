"""Right and wrong certificates and zones."""

from __future__ import annotations

from policies import names
from tests.policies.cases import Case, res

PUBLIC = res(names.ZONE, "public")
CASES: tuple[Case, ...] = (
    Case(names.acm_2, right={}, wrong={"keyAlgorithm": "RSA_1024"}, says="keyAlgorithm is RSA_1024"),
    Case(names.acm_2, {"keyAlgorithm": "EC_prime256v1"}, {"keyAlgorithm": "RSA_1024"}, "RSA_1024"),
    Case(names.route53_2, [PUBLIC, res(names.QUERY_LOG, depends={"zoneId": PUBLIC})], [PUBLIC], "is public"),
    Case(names.route53_2, [res(names.ZONE, vpcs=[{"vpcId": "vpc-1"}])], [PUBLIC], "is public"),
)
