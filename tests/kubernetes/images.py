"""Container images of the tests, by what becomes of their pods on simulated nodes (programs/stages.yaml)."""

REPOSITORY = "registry.example.com/shop"


def _image(digit: str) -> str:
    return f"{REPOSITORY}@sha256:{digit * 64}"


GOOD, BETTER = _image("a"), _image("b")
MISSING = _image("0")
"""There is no such image: it cannot be pulled."""
CRASHING = _image("1")
"""Its program ends at once, again and again."""
NEVER_READY = _image("2")
"""It runs, and never answers its readiness probe."""
FAILING = _image("3")
"""A Job of it fails."""
