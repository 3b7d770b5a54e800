"""A certificate and the records that prove its names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from components.certificate import Certificate, CertificateArgs
from tests.components.recorder import Built

Build = Callable[[Callable[[], Mapping[str, Any]]], Built]

BOTH = ("example.com", "*.example.com")


def certificate(build: Build, *names: str) -> Built:
    def program() -> Mapping[str, Any]:
        args = CertificateArgs(names=names, zone_id="Z1", tags={"owner": "platform"})
        return {"arn": Certificate("entry", args).arn}

    return build(program)


def test_it_is_proven_by_dns_and_replaced_before_it_is_deleted(build: Build) -> None:
    built = certificate(build, *BOTH)
    assert built.inputs("Certificate") == {
        "Certificate entry": {
            "domainName": "example.com",
            "subjectAlternativeNames": ["*.example.com"],
            "validationMethod": "DNS",
            "tags": {"owner": "platform", "Name": "entry"},
        }
    }
    assert built.options() == {"Certificate entry": {"delete_before_replace": False}}


def test_a_domain_and_its_wildcard_are_proven_by_one_record(build: Build) -> None:
    assert certificate(build, *BOTH).inputs("Record") == {
        "Record entry-proves-example.com": {
            "zoneId": "Z1",
            "name": "_proof.example.com.",
            "type": "CNAME",
            "records": ["_of.example.com.acm-validations.aws."],
            "ttl": 300,
            "allowOverwrite": True,
        }
    }


def test_each_domain_is_proven_by_the_record_that_acm_wants_for_it(build: Build) -> None:
    records = certificate(build, *BOTH, "*.internal.example.com").inputs("Record")
    assert {key: record["name"] for key, record in records.items()} == {
        "Record entry-proves-example.com": "_proof.example.com.",
        "Record entry-proves-internal.example.com": "_proof.internal.example.com.",
    }


def test_it_is_handed_on_once_it_is_issued(build: Build) -> None:
    built = certificate(build, *BOTH)
    validation = built.resources["CertificateValidation entry"]
    assert validation.inputs == {
        "certificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/entry",
        "validationRecordFqdns": ["_proof.example.com"],
    }
    assert "Record entry-proves-example.com" in validation.uses
    assert built.outputs == {"arn": "arn:aws:acm:eu-central-1:123456789012:certificate/entry"}


def test_everything_is_a_child_of_it(build: Build) -> None:
    built = certificate(build, *BOTH)
    assert set(built.parents().values()) == {"Stack", "the Certificate entry"}
    assert built.types()["the Certificate entry"] == "immutable:certificate:Certificate"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "at least 1 item"),
        (tuple(f"{number}.example.com" for number in range(11)), "at most 10 items"),
        (("Example.com",), "match pattern"),
        (("example.com.",), "match pattern"),
        (("app-*.example.com",), "match pattern"),
        ((f"{'a' * 64}.example.com",), "match pattern"),
        (("example.com", "example.com"), "'example.com' is named twice: name it once"),
        ((f"{'a' * 60}.example.com",), "has 72 characters: let a name of up to 64 be first"),
    ],
)
def test_names_that_acm_refuses_are_refused(names: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CertificateArgs(names=names, zone_id="Z1")
