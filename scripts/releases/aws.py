"""What AWS is asked, and how its refusals read: one line with the call, AWS's code and AWS's message.

Endpoint and credentials are those that boto3 finds by itself (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, a role);
the region is the environment's own. boto3 is imported with the first client, so that commands which ask AWS
nothing do not pay for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from scripts.releases.config_file import ConfigFile
from scripts.releases.errors import RefusedError, ReleaseError, one_line

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

#: With botocore's adaptive mode: throttled and failed calls come again, ever later, and fewer are sent.
ATTEMPTS = 8
CONNECT_SECONDS, READ_SECONDS = 5, 30


#: Codes with which AWS asks to come back later.
LATER = frozenset(
    {
        "CallRateLimitExceededException", "InternalError", "InternalFailure", "RequestLimitExceeded",
        "RequestTimeout", "ServiceException", "ServiceUnavailable", "ServiceUnavailableException",
        "SlowDown", "Throttling", "ThrottledException", "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip


class AwsError(ReleaseError):
    """AWS refused a call or did not answer. `code` is AWS's error code, "" when there was no answer."""

    def __init__(self, text: str, code: str = "", message: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.message = message

    @property
    def passes(self) -> bool:
        """Whether the same call may well be answered a little later."""
        return not self.code or self.code in LATER


class NoAccessError(RefusedError):
    """There are no credentials, or they are incomplete: nothing was asked."""


class Account:
    """AWS in one region, with the credentials of the process. Its clients may be shared by threads."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._ahead = timedelta()

    @property
    def autoscaling(self) -> AutoScalingClient:
        client: AutoScalingClient = self.client("autoscaling")
        return client

    @property
    def ec2(self) -> EC2Client:
        client: EC2Client = self.client("ec2")
        return client

    @property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        client: ElasticLoadBalancingv2Client = self.client("elbv2")
        return client

    @property
    def cloudwatch(self) -> Any:
        return self.client("cloudwatch")

    def client(self, service: str) -> Any:
        """The client of a service, made once. Wrap its calls in `errors`.

        Raises:
            RefusedError: boto3 cannot make it: a profile or a region that is not there.
        """
        with self._lock:
            if service not in self._clients:
                with errors():
                    self._clients[service] = _new_client(service, self.region, self._note_date)
            return self._clients[service]

    def now(self) -> datetime:
        """The present by AWS's clock, as its last answer had it: ages and what is left of a pause are told by
        the same clock as the times that they are counted from. This machine's clock before any answer.
        """
        return datetime.now(UTC) + self._ahead

    def _note_date(self, http_response: Any = None, **_: Any) -> None:
        said = getattr(http_response, "headers", {}).get("date")
        if said:
            with suppress(ValueError):
                self._ahead = parsedate_to_datetime(said) - datetime.now(UTC)


def account(config: ConfigFile) -> Account:
    """AWS where an environment is.

    Raises:
        RefusedError: its config names no region.
    """
    if config.region is None:
        raise RefusedError(
            f"{config.path.name} has no aws:region; AWS is asked in the region that the file says"
        )
    return Account(config.region)


@contextmanager
def errors() -> Iterator[None]:
    """Turns boto3's errors into one line each.

    Raises:
        NoAccessError: there are no usable credentials.
        AwsError: AWS refused, or did not answer in spite of `ATTEMPTS` tries.
    """
    from botocore import exceptions, parsers

    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(error) from error
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
        raise NoAccessError(
            f"AWS cannot be asked: {one_line(error)}; log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
            f"AWS_SECRET_ACCESS_KEY"
        ) from error
    except (exceptions.ProfileNotFound, exceptions.InvalidRegionError, exceptions.SSOError) as error:
        raise NoAccessError(f"AWS cannot be asked: {one_line(error)}") from error
    except (exceptions.BotoCoreError, parsers.ResponseParserError, ValueError) as error:
        # boto3 refuses an endpoint that is no URL with a plain ValueError; what is not AWS answers what boto3
        # cannot read, such as the page of a proxy.
        raise AwsError(f"AWS cannot be asked: {one_line(error)}") from error


def _refused(error: Any) -> AwsError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "Unknown")), one_line(details.get("Message", ""))
    return AwsError(
        f"AWS refused {error.operation_name}: {code}: {message or 'no reason given'}", code, message
    )


def _new_client(service: str, region: str, after_call: Callable[..., None]) -> Any:
    from botocore.config import Config

    settings = Config(
        retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        user_agent_extra="immutable-release",
    )
    made = _session().client(service, region_name=region, config=settings)
    made.meta.events.register("after-call", after_call)
    return made


@cache
def _session() -> Any:
    """One for all clients: it reads the API models once, which is most of what a client costs."""
    import boto3

    return boto3.Session()
