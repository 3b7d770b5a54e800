"""What an environment costs a month, as it was deployed last: an estimate from state and price table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.releases.cost_parts import Part, State, parts
from scripts.releases.errors import NotDeployedError
from scripts.releases.prices import Prices


@dataclass(frozen=True)
class Line:
    """A part with its amounts in the table's currency; None where the table has no price for it."""

    part: Part
    price: float | None
    date: str | None

    @property
    def least(self) -> float | None:
        return None if self.price is None else self.part.least * self.price

    @property
    def most(self) -> float | None:
        return None if self.price is None else self.part.most * self.price


@dataclass(frozen=True)
class Estimate:
    """A month of an environment."""

    environment: str
    region: str
    currency: str
    lines: tuple[Line, ...]

    @property
    def least(self) -> float:
        """With the fewest servers, of what has a price."""
        return sum(line.least or 0 for line in self.lines)

    @property
    def most(self) -> float:
        """With the most servers, of what has a price."""
        return sum(line.most or 0 for line in self.lines)

    @property
    def unknown(self) -> tuple[Line, ...]:
        """What the table has no price for: it comes on top of both sums."""
        return tuple(line for line in self.lines if line.price is None)

    @property
    def dates(self) -> tuple[str, ...]:
        """When the prices were read that were used."""
        return tuple(sorted({line.date for line in self.lines if line.date is not None}))


def make(
    environment: str,
    region: str,
    resources: Sequence[Mapping[str, Any]] | None,
    prices: Prices,
    log_gib: float | None,
) -> Estimate:
    """The estimate of a stack's resources.

    Raises:
        NotDeployedError: there is no stack, or nothing in it.
    """
    if not resources:
        raise NotDeployedError(f"{environment} has no state: run `pulumi up -s {environment}` first")
    lines = tuple(_line(part, region, prices) for part in parts(State(resources), log_gib))
    return Estimate(environment, region, prices.currency, lines)


def _line(part: Part, region: str, prices: Prices) -> Line:
    if part.server:
        price = prices.an_hour(region, part.price)
        return Line(part, price, None if price is None else prices.date(region))
    found = prices.other(region, part.price)
    return Line(part, None, None) if found is None else Line(part, *found)
