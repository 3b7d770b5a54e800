"""The table of rules in docs/guardrails.md: `python -m tests.policies.table` makes it anew of the rules."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from policies import families
from policies.rules import Rule
from tests.stacks.given import ROOT

DOCUMENT = ROOT / "docs" / "guardrails.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"


def table() -> str:
    """A part for each family, with a row for each rule."""
    return "\n".join("\n".join([*_part(family), ""]) for family in families.FAMILIES)


def shown() -> str:
    """What stands in the document now."""
    return _parts()[1]


def _part(family: ModuleType) -> Iterator[str]:
    name = family.__name__.rpartition(".")[2]
    yield f"### {(family.__doc__ or '').splitlines()[0].rstrip('.')}"
    yield ""
    yield f"Tests: [`tests/policies/{name}_cases.py`](../tests/policies/{name}_cases.py)"
    yield ""
    yield "| Rule | AWS control | Severity | Why |"
    yield "|---|---|---|---|"
    yield from map(_row, family.RULES)


def _row(rule: Rule) -> str:
    controls = ", ".join([rule.control, *rule.also]) if rule.control else "ours"
    return f"| `{rule.id}` | {controls} | {rule.severity} | {rule.reason} |"


def _parts() -> tuple[str, str, str]:
    before, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    found, end, after = rest.partition(END)
    return before + begin, found, end + after


if __name__ == "__main__":
    before, _, after = _parts()
    DOCUMENT.write_text(f"{before}{table()}{after}")
