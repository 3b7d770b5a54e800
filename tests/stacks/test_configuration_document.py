"""docs/configuration.md against the program: what it shows is taken as it stands."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

import yaml

from functions.session_keys import rotated
from stacks.sessions import SessionsConfig
from stacks.workload_sections import variables
from tests.stacks.given import ROOT, complaints, loaded, stack_file

TEXT = (ROOT / "docs" / "configuration.md").read_text()
BILLING = {"port": 8081, "instanceTypes": ["t4g.small"]}


def blocks(language: str) -> list[Any]:
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(textwrap.dedent(block)) for block in found]


def test_the_services_that_it_shows_are_taken() -> None:
    values = stack_file("staging")
    services = {**values["immutable:services"], "billing": BILLING}
    sections = [block for block in blocks("yaml") if "immutable:services" in block]
    assert len(sections) == 2
    for section in sections:
        for name, shown in section.pop("immutable:services").items():
            services[name] = {**services[name], **shown}
        values |= section
    found = loaded({**values, "immutable:services": services}).services
    assert found["api"].secrets.keys() == {"PAYMENT_KEY", "PARTNER_TOKEN"}
    assert found["api"].calls == ("billing",)
    assert found["web"].sessions


def test_the_workload_that_it_shows_is_taken() -> None:
    (section,) = [block for block in blocks("yaml") if "immutable:workloads" in block]
    example = yaml.safe_load((ROOT / "docs" / "examples" / "workloads.yaml").read_text())["staging"]
    shop = example["immutable:workloads"]["shop"] | section["immutable:workloads"]["shop"]
    workloads = example["immutable:workloads"] | {"shop": shop}
    found = loaded(stack_file("staging") | example | {"immutable:workloads": workloads}).workloads
    assert found["shop"].secrets.keys() == {"PAYMENT_KEY"}
    assert variables(found["shop"]).keys() >= {"BILLING_URL", "DATABASE_SECRET_FILE", "PAYMENT_KEY_FILE"}


def test_what_it_vouches_for_would_be_refused_otherwise() -> None:
    (vouched,) = [block for block in blocks("yaml") if "notSecret" in block]
    changes = {f"immutable:services.web.{key}": value for key, value in vouched.items()}
    assert complaints(changes) == []
    assert len(complaints(changes | {"immutable:services.web.notSecret": []})) == 1


def test_what_it_shows_as_defaults_are_the_defaults() -> None:
    (section,) = [block for block in blocks("yaml") if "immutable:sessions" in block]
    assert section["immutable:sessions"] == SessionsConfig().model_dump(by_alias=True)


def test_the_keys_look_as_it_says() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert json.loads(shown).keys() == rotated(rotated(None)).keys()
