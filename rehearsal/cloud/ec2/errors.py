"""EC2's refusals about images, with AWS's codes.

They are from EC2's list of error codes; where it leaves the choice open, the one whose text fits best.
"""

# ruff: noqa: N818

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError


class ImageNotFound(EC2ClientError):
    def __init__(self, *image_ids: str) -> None:
        ids = ", ".join(image_ids)
        text = f"The image id '[{ids}]' does not exist"
        super().__init__(
            "InvalidAMIID.NotFound", text if len(image_ids) == 1 else f"The image ids '[{ids}]' do not exist"
        )


class ImageUnavailable(EC2ClientError):
    """Deregistered, or "not in a state from which you can launch an instance or specify attributes"."""

    def __init__(self, image_id: str, state: str) -> None:
        super().__init__(
            "InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available: it is {state}"
        )


class NotTheOwner(EC2ClientError):
    def __init__(self, image_id: str) -> None:
        super().__init__("AuthFailure", f"Not authorized for images: [{image_id}]")


class Protected(EC2ClientError):
    def __init__(self, image_id: str, why: str) -> None:
        super().__init__("OperationNotPermitted", f"The image '{image_id}' cannot be deregistered: {why}")


class InvalidValue(EC2ClientError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterValue", message)


class InvalidCombination(EC2ClientError):
    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterCombination", message)


class Missing(EC2ClientError):
    def __init__(self, parameter: str) -> None:
        super().__init__("MissingParameter", f"The request must contain the parameter {parameter}")


class SnapshotInUse(EC2ClientError):
    def __init__(self, snapshot_id: str, image_id: str) -> None:
        super().__init__(
            "InvalidSnapshot.InUse", f"The snapshot {snapshot_id} is currently in use by {image_id}"
        )


class ReportNotFound(EC2ClientError):
    def __init__(self, report_id: str) -> None:
        super().__init__(
            "InvalidImageUsageReportId.NotFound", f"The image usage report '{report_id}' does not exist"
        )


class KeyUnusable(EC2ClientError):
    def __init__(self, key: str) -> None:
        super().__init__("InvalidParameterValue", f"The KMS key '{key}' does not exist in this Region")
