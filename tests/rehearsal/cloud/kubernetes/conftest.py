from __future__ import annotations

import pytest

from rehearsal.cloud.kubernetes.testing import cluster
from rehearsal.cloud.local import Local
from tests.rehearsal.cloud.kubernetes.api import Api


@pytest.fixture
def api(cloud: Local) -> Api:
    """A cluster of three nodes, one in each zone, with the namespace `shop`."""
    made = Api(cloud, cluster(cloud))
    made.namespace()
    return made
