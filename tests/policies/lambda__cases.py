"""Right and wrong functions, and who may call them."""

from __future__ import annotations

from policies import lambda_
from tests.policies.cases import Case

CASES: tuple[Case, ...] = (
    Case(
        lambda_.lambda_1, {"principal": "secretsmanager.amazonaws.com"}, {"principal": "*"}, "principal is *"
    ),
    Case(
        lambda_.lambda_1,
        right={"principal": "s3.amazonaws.com", "sourceAccount": "123456789012"},
        wrong={"principal": "s3.amazonaws.com", "sourceArn": "arn:aws:s3:::bucket"},
        says="s3.amazonaws.com, of any account",
    ),
    Case(lambda_.lambda_1, {"principal": "*", "principalOrgId": "o-1"}, {"principal": "*"}, "of any account"),
    Case(
        lambda_.lambda_1,
        right={"authorizationType": "AWS_IAM"},
        wrong={"authorizationType": "NONE"},
        says="authorizationType is NONE",
        kind=lambda_.FUNCTION_URL,
    ),
    Case(lambda_.lambda_2, {"runtime": "python3.13"}, {"runtime": "python3.8"}, "runtime is python3.8"),
    Case(lambda_.lambda_2, {"packageType": "Image"}, {"runtime": "nodejs18.x"}, "runtime is nodejs18.x"),
    Case(
        lambda_.lambda_5,
        right={"vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}},
        wrong={"vpcConfig": {"subnetIds": ["subnet-1"]}},
        says="subnetIds holds 1",
    ),
    Case(lambda_.lambda_5, {}, {"vpcConfig": {"subnetIds": ["subnet-1"]}}, "subnetIds holds 1"),
)
