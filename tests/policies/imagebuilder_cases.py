"""Right and wrong factories of images."""

from __future__ import annotations

from typing import Any

from policies import imagebuilder
from tests.policies.cases import Case


def copied(**image: Any) -> dict[str, Any]:
    return {"distributions": [{"region": "eu-west-1", "amiDistributionConfiguration": image}]}


def disk(**ebs: Any) -> dict[str, Any]:
    return {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": ebs}]}


CASES: tuple[Case, ...] = (
    Case(
        imagebuilder.imagebuilder_imdsv2,
        right={"instanceMetadataOptions": {"httpTokens": "required"}},
        wrong={"instanceMetadataOptions": {"httpTokens": "optional"}},
        says="httpTokens is optional",
    ),
    Case(imagebuilder.imagebuilder_closed, {}, {"keyPair": "mine"}, "keyPair is mine"),
    Case(
        imagebuilder.imagebuilder_closed,
        right={"terminateInstanceOnFailure": True},
        wrong={"terminateInstanceOnFailure": False},
        says="a failed machine stays",
    ),
    Case(
        imagebuilder.imagebuilder_encrypted,
        right=disk(encrypted="true"),
        wrong=disk(volumeSize=8),
        says="blockDeviceMappings[0].ebs.encrypted is not true",
    ),
    Case(
        imagebuilder.imagebuilder_encrypted,
        right=copied(kmsKeyId="arn:aws:kms:eu-west-1:123456789012:key/1"),
        wrong=copied(name="service"),
        says="the copy in eu-west-1 has no kmsKeyId",
        kind=imagebuilder.DISTRIBUTION,
    ),
    Case(
        imagebuilder.imagebuilder_encrypted,
        right={"blockDeviceMappings": [{"deviceName": "/dev/sdb", "noDevice": True}]},
        wrong=disk(encrypted="false"),
        says="blockDeviceMappings[0].ebs.encrypted is not true",
    ),
    Case(
        imagebuilder.imagebuilder_encrypted,
        right={"distributions": [{"region": "eu-west-1", "licenseConfigurationArns": []}]},
        wrong=copied(),
        says="the copy in eu-west-1 has no kmsKeyId",
        kind=imagebuilder.DISTRIBUTION,
    ),
    Case(
        imagebuilder.imagebuilder_private,
        right=copied(launchPermission={"userIds": ["123456789012"]}),
        wrong=copied(launchPermission={"userGroups": ["all"]}),
        says="everyone may start servers from the copy in eu-west-1",
    ),
    Case(
        imagebuilder.imagebuilder_tested,
        right={"imageScanningConfiguration": {"imageScanningEnabled": True}},
        wrong={},
        says="imageScanningEnabled is not true",
    ),
    Case(
        imagebuilder.imagebuilder_tested,
        right={"imageScanningConfiguration": {"imageScanningEnabled": True}},
        wrong={
            "imageScanningConfiguration": {"imageScanningEnabled": True},
            "imageTestsConfiguration": {"imageTestsEnabled": False},
        },
        says="imageTestsEnabled is false",
    ),
)
