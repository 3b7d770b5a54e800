"""When a job runs, and how long it may. `job_schedule.py` makes what starts it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from . import cron
from .args import Args

SPARE_MINUTES = 30
"""What a run takes beside its own time: to boot, to hand its logs over, to go."""
LONGEST_MINUTES = 1380
"""An alarm looks back a day at most (PutMetricAlarm), and `overdue` over this time and `SPARE_MINUTES`."""


class JobRun(Args):
    """When a job runs. Raises ValueError for what is no cron expression."""

    schedule: Annotated[str, AfterValidator(cron.checked)]
    """As EventBridge Scheduler takes it: `cron(0 3 * * ? *)` is every night at three."""
    time_zone: str = Field(default="UTC", min_length=1, max_length=50)
    """By its IANA name, such as Europe/Berlin."""
    timeout_minutes: int = Field(default=60, ge=1, le=LONGEST_MINUTES)
    """How long a run may take; then its unit is stopped, and the run has failed."""
