"""Which services the emulated cloud answers with which module, and how moto is set up before it is
imported.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path

#: Services that this project overrides or adds to, in moto's models / responses / urls split.
OWN = {
    "acm": "rehearsal.cloud.acm.urls",
    "autoscaling": "rehearsal.cloud.autoscaling.urls",
    "budgets": "rehearsal.cloud.budgets.urls",
    "ec2": "rehearsal.cloud.ec2.urls",
    "ecr": "rehearsal.cloud.ecr.urls",
    "eks": "rehearsal.cloud.eks.urls",
    "elasticloadbalancing": "rehearsal.cloud.elbv2.urls",
    "firehose": "rehearsal.cloud.firehose.urls",
    "iam": "rehearsal.cloud.iam.urls",
    "imagebuilder": "rehearsal.cloud.imagebuilder.urls",
    "lambda": "rehearsal.cloud.lambda_.urls",
    "logs": "rehearsal.cloud.logs.urls",
    "monitoring": "rehearsal.cloud.cloudwatch.urls",
    "rds": "rehearsal.cloud.rds.urls",
    "route53": "rehearsal.cloud.route53.urls",
    "scheduler": "rehearsal.cloud.scheduler.urls",
    "secretsmanager": "rehearsal.cloud.secretsmanager.urls",
    "ssm": "rehearsal.cloud.ssm.urls",
    "sts": "rehearsal.cloud.sts.urls",
}

#: Signing names whose moto package is called otherwise.
MOTO_MODULES = {
    "application-autoscaling": "applicationautoscaling",
    "tagging": "resourcegroupstaggingapi",
}

#: Imported before the server says that it listens: what an environment uses.
SERVICES = (
    "ec2", "autoscaling", "elasticloadbalancing", "iam", "sts", "acm", "logs", "monitoring", "events", "sns",
    "route53",
)  # fmt: skip

_NEVER_SECONDS = 10**10

NO_IMAGES = Path(__file__).parent / "no_images.json"


def after_moto() -> None:
    """Let moto tell the emulated time, look up servers by their ID, and list the operations of a service
    once: for every request that was half of EC2's time.
    """
    from moto.core import responses, utils

    from rehearsal.cloud import bucket_policy, object_lock
    from rehearsal.cloud.ec2 import lookups

    lookups.install()
    bucket_policy.install()
    object_lock.install()
    # Whatever writes a log line finds our CloudWatch Logs, whichever service is asked first.
    import_module("rehearsal.cloud.logs.models")

    if not hasattr(responses.method_names_from_class, "cache_info"):
        responses.method_names_from_class = cache(responses.method_names_from_class)
    machines = utils.utcnow
    if machines is not emulated_now:
        # What is imported later takes it from there; what was imported earlier has its own name for it.
        for name, module in list(sys.modules.items()):
            if name.startswith("moto.") and vars(module).get("utcnow") is machines:
                vars(module)["utcnow"] = emulated_now


def emulated_now() -> datetime:
    """The present of the emulated cloud as moto's `utcnow` says it, without a time zone: LaunchTime and the
    like grow old when the clock is stepped. Before the first world it is the machine's.
    """
    from rehearsal.cloud.world import World

    world: World | None = getattr(World, "current", None)
    now = world.clock.date(world.timeline.now) if world else datetime.now(UTC)
    return now.replace(tzinfo=None)


def before_moto() -> None:
    """Tell moto to know no AMIs but those that are registered here, and to refuse to launch any other.

    moto ships hundreds of AMI IDs: a program that names the wrong image must fail here as it would on AWS.
    The settings are read when moto is imported; where something imported it earlier, the loaded list is
    emptied.
    """
    os.environ["MOTO_AMIS_PATH"] = str(NO_IMAGES)
    os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "true"
    os.environ.setdefault("MOTO_CALL_RESET_API", "false")
    # A certificate is issued when it is proven, not when it has waited.
    os.environ["MOTO_ACM_VALIDATION_WAIT"] = str(_NEVER_SECONDS)
    if "moto.ec2.models.amis" in sys.modules:
        vars(sys.modules["moto.ec2.models.amis"])["AMIS"] = []
    if "moto.settings" in sys.modules:
        vars(sys.modules["moto.settings"])["ENABLE_AMI_VALIDATION"] = True
        vars(sys.modules["moto.settings"])["ACM_VALIDATION_WAIT"] = _NEVER_SECONDS
