"""Kubernetes' quantities, such as `250m` of a processor or `256Mi` of memory: what they say as numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, model_validator

from ..args import Args

#: Source: "Quantity" in Kubernetes' API reference. Exponents are left out: nobody writes them.
_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_FACTORS = {
    "": Decimal(1), "m": Decimal(1) / 1000, "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9),
    "T": Decimal(10**12), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}  # fmt: skip


def amount(quantity: str) -> Decimal:
    """What a quantity says, in cores or bytes. Raises ValueError for what is none, and for nothing."""
    found = _FORM.fullmatch(quantity)
    value = Decimal(found[1]) * _FACTORS[found[2] or ""] if found else Decimal(0)
    if not value:
        raise ValueError(f"{quantity!r} is no amount: write one such as 250m, 0.5, 256Mi or 1Gi")
    return value


def _is_an_amount(quantity: str) -> str:
    amount(quantity)
    return quantity


Amount = Annotated[str, AfterValidator(_is_an_amount)]


class Quantity(Args):
    """What each container is promised and what it may take at most. Raises ValueError when it may take less
    than it is promised.
    """

    request: Amount
    limit: Amount

    @model_validator(mode="after")
    def _limit_is_enough(self) -> Quantity:
        if amount(self.limit) < amount(self.request):
            raise ValueError(
                f"limit {self.limit} is below request {self.request}: raise the first or lower the second"
            )
        return self
