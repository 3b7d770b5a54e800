"""Flow logs that write to a folder of a bucket, which moto takes for a bucket's name, and how they write."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import FlowLogAlreadyExists
from moto.ec2.responses import EC2Response as MotoEC2Response

#: What EC2 fills in for a flow log to S3.
OPTIONS = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}


class FlowLogRequests(MotoEC2Response):
    def create_flow_logs(self) -> Any:
        destination = self._get_param("LogDestination") or ""
        if self._get_param("LogDestinationType") != "s3" or not destination:
            return super().create_flow_logs()
        resources = self._get_param("ResourceIds", [])
        for log in self.ec2_backend.describe_flow_logs():
            if log.log_destination == destination and log.resource_id in resources:
                raise FlowLogAlreadyExists
        # moto is shown the bucket alone, to look it up.
        self.params["LogDestination"] = destination.partition("/")[0]
        answer = super().create_flow_logs()
        options = {**OPTIONS, **(self._get_param("DestinationOptions") or {})}
        for log_id in answer.result["FlowLogIds"]:
            log = self.ec2_backend.flow_logs[log_id]
            log.log_destination, log.destination_options = destination, options
        return answer
