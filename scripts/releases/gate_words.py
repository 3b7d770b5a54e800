"""The gate's answers: what lets one service or workload through, or keeps it."""

from __future__ import annotations

from dataclasses import dataclass

RUNS, RAN, SOAKED, WAITS, CLOSED = "runs", "ran", "soaked", "waits", "closed"


@dataclass(frozen=True)
class Passage:
    """One service or workload of the environment behind the gate.

    Attributes:
        name: whose it is.
        state: `runs` (it runs the image already), `ran` (it did before: the way back), `soaked` (the
            environment before ran it long enough), `waits` (time alone may open the gate), `closed`.
        text: why, in words.
    """

    name: str
    image: str
    state: str
    text: str

    def as_json(self) -> dict[str, str]:
        return {"image": self.image, "state": self.state, "why": self.text}
