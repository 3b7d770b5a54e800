"""Requests of Firehose, answered by our backend."""

from __future__ import annotations

from moto.firehose.responses import FirehoseResponse as MotoFirehoseResponse

from rehearsal.cloud.firehose.models import FirehoseBackend, firehose_backends


class FirehoseResponse(MotoFirehoseResponse):
    @property
    def firehose_backend(self) -> FirehoseBackend:
        backend: FirehoseBackend = firehose_backends[self.current_account][self.region]
        return backend
