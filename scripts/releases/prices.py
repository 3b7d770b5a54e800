"""What an environment's parts cost, as a dated table says: the project's own, or one given with --prices."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from scripts.releases.errors import RefusedError

OWN = Path(__file__).with_name("prices.json")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


Price = Annotated[float, Field(gt=0)]


class OtherPrices(_Table):
    """Prices of what is no server, by name: `natGatewayHour`, `postgres db.t4g.micro hour`."""

    date: datetime.date
    source: str = Field(min_length=1)
    prices: dict[str, Price]


class RegionPrices(_Table):
    """One region's prices by instance type, when they were read and from where."""

    date: datetime.date
    source: str = Field(min_length=1)
    per_hour: dict[str, Price]
    others: tuple[OtherPrices, ...] = ()


class Prices(_Table):
    """Prices of servers in one currency. `of` says which: tenancy, system, what is not in them."""

    currency: str = Field(min_length=1)
    of: str
    regions: dict[str, RegionPrices]

    def an_hour(self, region: str, instance_type: str) -> float | None:
        """None where the table does not know the type in that region; nothing is guessed from another."""
        known = self.regions.get(region)
        return None if known is None else known.per_hour.get(instance_type)

    def other(self, region: str, name: str) -> tuple[float, str] | None:
        """What is no server: the price of one unit and its date. None where the table does not know it."""
        known = self.regions.get(region)
        for table in () if known is None else known.others:
            if name in table.prices:
                return table.prices[name], table.date.isoformat()
        return None

    def date(self, region: str) -> str | None:
        known = self.regions.get(region)
        return None if known is None else known.date.isoformat()


def read(path: Path) -> Prices:
    """The table in a file.

    Raises:
        RefusedError: it cannot be read, or is no table of prices.
    """
    try:
        return Prices.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RefusedError(f"--prices: {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise RefusedError(
            f"--prices: {path}: {where}: {first['msg'].lower()}; {OWN.name} shows the form"
        ) from error
