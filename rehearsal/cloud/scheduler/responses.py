"""Requests of EventBridge Scheduler: moto keeps the schedules, here they are checked and armed."""

from __future__ import annotations

import copy
import json
from typing import Any

from moto.scheduler.exceptions import ScheduleGroupNotFound
from moto.scheduler.models import Schedule
from moto.scheduler.responses import EventBridgeSchedulerResponse as MotoSchedulerResponse

from rehearsal.cloud.scheduler import firing


class SchedulerResponse(MotoSchedulerResponse):
    def create_schedule(self) -> Any:
        group = self._get_param("GroupName") or "default"
        if group not in self.scheduler_backend.schedule_groups:
            raise ScheduleGroupNotFound(group)
        return self._armed(super().create_schedule, group)

    def update_schedule(self) -> Any:
        group, name = self._get_param("GroupName") or "default", self._name()
        before = self.scheduler_backend.get_schedule(group, name)
        # What is refused changes nothing, and what was armed for the old one is none of the new one's.
        kept = self.scheduler_backend.get_schedule_group(group)
        kept.schedules[name] = copy.copy(before)
        return self._armed(super().update_schedule, group, before)

    def _armed(self, act: Any, group: str, before: Schedule | None = None) -> Any:
        """Do it, and undo it when what was made cannot be."""
        answer, name = act(), self._name()
        schedules = self.scheduler_backend.get_schedule_group(group).schedules
        made = schedules[name]
        # moto takes an update that says nothing of the state for one to none.
        made.state = made.state or "ENABLED"
        try:
            firing.check(made)
        except Exception:
            if before is None:
                del schedules[name]
            else:
                schedules[name] = before
            raise
        firing.arm(made, lambda one: schedules.get(name) is one)
        return answer

    def _name(self) -> str:
        return str(self.uri.split("?")[0].split("/")[-1])

    def delete_schedule_group(self) -> Any:
        """Its schedules go with it."""
        name = self._name()
        group = self.scheduler_backend.get_schedule_group(name)
        group.schedules.clear()
        self.scheduler_backend.delete_schedule_group(name)
        return json.dumps({})
