"""docs/containers.md against the program: what it shows is taken, and what it tells is what there is."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import yaml

from components.kubernetes.pod_template import SECRETS_FOLDER
from stacks.cluster_sections import NodesConfig
from stacks.container_images import OF_CLUSTERS
from stacks.workload_sections import LONGEST_NAME, WorkloadConfig
from tests.stacks.given import ROOT, loaded, stack_file

TEXT = (ROOT / "docs" / "containers.md").read_text()


def test_the_environment_that_it_shows_is_taken() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    shown: dict[str, Any] = yaml.safe_load(textwrap.dedent(block))
    assert set(loaded(stack_file("prod") | shown, "prod").workloads) == {"shop"}


def test_its_table_has_every_key_of_a_workload_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    told = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert told == {field.alias for field in WorkloadConfig.model_fields.values()}


def test_the_numbers_and_names_that_it_tells_are_those_of_the_program() -> None:
    fields = WorkloadConfig.model_fields
    for key in ("startup_seconds", "drain_seconds", "termination_grace_seconds"):
        assert f"({fields[key].default})" in TEXT
    assert "2 to 4, by half" in TEXT
    assert (fields["min"].default, fields["max"].default, fields["cpu_target_percent"].default) == (2, 4, 50)
    assert f"`maxAgeDays` ({NodesConfig.model_fields['max_age_days'].default})" in TEXT
    assert f"a name over {LONGEST_NAME} characters" in TEXT
    assert f"`{SECRETS_FOLDER}/PAYMENT_KEY`" in TEXT
    for key in OF_CLUSTERS:
        assert f"`images / {key}`" in TEXT
