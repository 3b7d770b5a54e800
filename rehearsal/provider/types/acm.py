"""ACM: certificates that ACM issues."""

# ruff: noqa: ARG001 - every function has the parameters that its record's field calls for.

from __future__ import annotations

from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import Call, ResourceType, words
from rehearsal.provider.values import pick, tag_dict, tag_list, to_api


def _facts(found: dict[str, Any]) -> Properties:
    names = [name for name in found.get("SubjectAlternativeNames") or [] if name != found["DomainName"]]
    options = []
    for option in found.get("DomainValidationOptions") or []:
        record = option.get("ResourceRecord") or {}
        facts = {f"resourceRecord{key}": value for key, value in record.items()}
        options.append({"domainName": option["DomainName"], **facts})
    return {
        "arn": found["CertificateArn"],
        "domainName": found["DomainName"],
        "subjectAlternativeNames": names,
        "domainValidationOptions": options,
        "keyAlgorithm": (found.get("KeyAlgorithm") or "RSA_2048").replace("-", "_"),
        "type": found.get("Type") or "AMAZON_ISSUED",
    }


def _create(call: Call, news: Properties) -> tuple[str, Properties]:
    names = (
        "domainName",
        "validationMethod",
        "subjectAlternativeNames",
        "keyAlgorithm",
        "certificateAuthorityArn",
    )
    tags = call.tags(news)
    arn = call.client("acm").request_certificate(
        **to_api(pick(news, names)), **({"Tags": tag_list(tags)} if tags else {})
    )["CertificateArn"]
    return arn, {"arn": arn}


def _complete(call: Call, arn: str, news: Properties) -> Properties:
    return _facts(call.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def _read(call: Call, arn: str, known: Properties) -> Properties | None:
    client = call.client("acm")
    found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    tags = client.list_tags_for_certificate(CertificateArn=arn).get("Tags", [])
    # Whether it is issued yet is left out: ACM moves it on by itself, which is no change of the program's.
    return {**_facts(found), "tagsAll": tag_dict(tags)}


def _retag(call: Call, arn: str, outputs: Properties, wanted: dict[str, str], removed: list[str]) -> None:
    client = call.client("acm")
    if wanted:
        client.add_tags_to_certificate(CertificateArn=arn, Tags=tag_list(wanted))
    if removed:
        client.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": key} for key in removed])


def _delete(call: Call, arn: str, outputs: Properties) -> None:
    call.client("acm").delete_certificate(CertificateArn=arn)


CERTIFICATE = ResourceType(
    type_name="aws:acm/certificate:Certificate",
    create=_create,
    complete=_complete,
    read=_read,
    delete=_delete,
    retag=_retag,
    inputs=words("domainName subjectAlternativeNames validationMethod keyAlgorithm tags"),
    required=("domainName",),
    enums={
        "validationMethod": ("DNS", "EMAIL", "HTTP"),
        "keyAlgorithm": (
            "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1",
        ),
    },
    replaces=words(
        "domainName subjectAlternativeNames validationMethod keyAlgorithm certificateAuthorityArn"
    ),
    sets=words("subjectAlternativeNames"),
    computed=("arn", "subjectAlternativeNames", "domainValidationOptions", "keyAlgorithm", "type"),
)  # fmt: skip


def _create_validation(call: Call, news: Properties) -> tuple[str, Properties]:
    arn, client = news["certificateArn"], call.client("acm")
    found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    given = {name.rstrip(".") for name in news.get("validationRecordFqdns") or []}
    for option in found["DomainValidationOptions"] if given else ():
        if option["ResourceRecord"]["Name"].rstrip(".") not in given:
            raise ProviderError(f"missing {option['DomainName']} DNS validation record of {arn}")
    call.wait(lambda: _issued(client, arn) is not None, f"ACM to issue {arn}")
    return str(_issued(client, arn)), {"certificateArn": arn}


def _issued(client: Any, arn: str) -> Any:
    """When it was issued; None as long as it is not."""
    found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    return found["IssuedAt"] if found["Status"] == "ISSUED" else None


def _read_validation(call: Call, issued: str, known: Properties) -> Properties | None:
    arn = known["certificateArn"]
    return {"certificateArn": arn} if _issued(call.client("acm"), arn) is not None else None


def _end_validation(call: Call, issued: str, outputs: Properties) -> None:
    """Nothing to undo: a certificate stays issued."""


VALIDATION = ResourceType(
    type_name="aws:acm/certificateValidation:CertificateValidation",
    create=_create_validation,
    read=_read_validation,
    delete=_end_validation,
    inputs=words("certificateArn validationRecordFqdns"),
    required=("certificateArn",),
    replaces=words("certificateArn validationRecordFqdns"),
    sets=words("validationRecordFqdns"),
)

TYPES = (CERTIFICATE, VALIDATION)
