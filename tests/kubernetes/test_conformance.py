"""The emulated control plane answers as the real one does."""

from __future__ import annotations

import pytest

from tests.kubernetes import requests
from tests.kubernetes.sides import Request, Side


@pytest.fixture(scope="module")
def both(real: Side, emulated: Side) -> tuple[Side, Side]:
    """With what the requests are about."""
    for side in (real, emulated):
        side.make("/api/v1/namespaces", requests.NAMESPACE)
        for path, body in requests.STANDING:
            side.make(path, body)
    return real, emulated


@pytest.mark.parametrize("request_", requests.REFUSED, ids=str)
def test_it_refuses_the_same_in_the_same_words(both: tuple[Side, Side], request_: Request) -> None:
    real, emulated = (side.ask(request_).refusal for side in both)
    assert real[0] >= 400
    assert emulated == real


@pytest.mark.parametrize("request_", requests.COMPLETED, ids=str)
def test_it_completes_objects_alike(both: tuple[Side, Side], request_: Request) -> None:
    dry = Request(
        request_.label, request_.method, request_.path, request_.body, request_.content,
        {**request_.query, "dryRun": "All"},
    )  # fmt: skip
    real, emulated = (side.ask(dry) for side in both)
    assert real.status in (200, 201), real.document
    assert (emulated.status, emulated.content) == (real.status, real.content)
