"""docs/guardrails.md against the rules: its table is theirs, and what it shows is taken."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import yaml

from policies import families, rules
from tests.policies.cases import Case
from tests.policies.shipped import STACKS
from tests.policies.table import DOCUMENT, shown, table
from tests.stacks.given import ROOT, complaint, complaints, stack_file

TEXT = DOCUMENT.read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def test_the_table_is_that_of_the_rules() -> None:
    """`python -m tests.policies.table` makes it so."""
    assert shown() == table()


def test_every_test_that_it_names_is_there() -> None:
    named = re.findall(r"\]\(\.\./(tests/[^)]+)\)", TEXT)
    assert len(named) == len(families.FAMILIES)
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_file_that_it_leads_to_is_there() -> None:
    led = re.findall(r"\]\(([a-z][^)#]*\.md)", TEXT)
    assert led
    assert [path for path in led if not (DOCUMENT.parent / path).is_file()] == []


def test_the_exception_that_it_shows_is_one_of_ours() -> None:
    (block,) = [yaml.safe_load(each) for each in blocks("yaml")]
    assert complaints(block) == []
    (entry,) = block["immutable:exceptions"]
    assert entry in stack_file("images")["immutable:exceptions"]


def test_the_line_that_it_shows_is_what_is_said() -> None:
    (line,) = re.findall(r"^    Pulumi\.staging\.yaml: (.*)$", TEXT, re.MULTILINE)
    entry = {"rule": "ec2-9", "until": "2026-03-31", "reason": "goes with the old office in spring"}
    assert complaint({"immutable:exceptions": [entry]}) == line


def test_the_finding_that_it_shows_is_what_is_found() -> None:
    (rule,) = [each for each in families.rules() if each.id == "ec2-25"]
    template = rules.Resource(rule.types[0], "web", "", {"networkInterfaces": [PUBLIC]})
    assert "\n".join(f"              {line}" for line in (rule.reason, *rule.of(template))) in TEXT


PUBLIC = {"associatePublicIpAddress": "true"}


def test_the_rule_that_it_shows_does_what_it_says() -> None:
    source, cases = blocks("python")
    around: dict[str, Any] = {**vars(rules), "Case": Case}
    exec(source, around)  # noqa: S102 - the document's own example
    exec(cases, around)  # noqa: S102
    (case,) = around["CASES"]
    assert case.findings(case.right) == [[]]
    assert [case.says in found[0] for found in case.findings(case.wrong)] == [True]


def test_what_it_says_is_excepted_is_excepted() -> None:
    (listed,) = re.findall(r"The shipped stacks have these.*?(^- .*?)^## ", TEXT, re.DOTALL | re.MULTILINE)
    excepted = {entry["rule"] for stack in STACKS for entry in stack_file(stack)["immutable:exceptions"]}
    ids = {rule.id for rule in families.rules()}
    assert {word for word in re.findall(r"`([a-z0-9-]+)`", listed) if word in ids} == excepted


def test_no_control_is_both_asked_and_not() -> None:
    _, _, left = TEXT.partition("## What is not asked")
    named = set(re.findall(r"\b[A-Z]\w*\.\d+\b", "".join(row.split("|")[1] for row in _rows(left))))
    asked = {control for rule in families.rules() for control in (rule.control, *rule.also) if control}
    assert named & asked == {"EC2.21"}, "that is asked of a stack's own ACLs and not of AWS's default one"


def _rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")]


def test_the_readme_leads_there() -> None:
    assert "docs/guardrails.md" in Path(ROOT / "README.md").read_text()
