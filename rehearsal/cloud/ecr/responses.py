"""Requests of ECR that moto answers otherwise than AWS."""

from __future__ import annotations

from typing import Any

from moto.ecr.responses import ECRResponse as MotoEcrResponse

from rehearsal.cloud.ecr import images


class EcrResponse(MotoEcrResponse):
    def put_image(self) -> Any:
        answer = super().put_image()
        images.dated(self.ecr_backend.repositories[self._get_param("repositoryName")].images[-1])
        return answer
