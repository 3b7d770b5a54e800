"""`scripts/bootstrap`: the place of Pulumi's state, made once and put right as often as one likes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.local import CREDENTIALS, Local, running
from scripts.accounts.cli import main
from tests.rehearsal.cloud.tokens import AUDIENCE, ISSUER, credentials

BUCKET = "immutable-state-123456789012-eu-central-1"
ALIAS = "alias/immutable-state"
REGION = "eu-central-1"
SUBJECT = "repo:example/shop:environment:admin"
SETTINGS = [
    "closed to the public", "without access lists", "by TLS alone", "encrypted with the key", "versioned",
    "what was before is kept for 90 days", "tagged",
]  # fmt: skip


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    with running() as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("scripts.releases.aws.ATTEMPTS", 1)
        # One session keeps the credentials that it found first.
        monkeypatch.setattr("scripts.releases.aws._session", lambda: __import__("boto3").Session())
        yield found


def bootstrap(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    file = tmp_path / "done.json"
    assert main(["--region", REGION, "--json", str(file), *arguments]) == 0
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def states(done: dict[str, Any]) -> dict[str, str]:
    return {part["what"]: part["state"] for part in done["parts"]}


def test_it_makes_a_key_and_a_bucket_that_is_as_it_has_to_be(cloud: Local, tmp_path: Path) -> None:
    done = bootstrap(tmp_path)
    assert states(done) == {
        f"key {ALIAS}": "made", "renewed every year": "made", f"bucket {BUCKET}": "made",
        **dict.fromkeys(SETTINGS, "made"),
    }  # fmt: skip
    kms, s3 = cloud.client("kms"), cloud.client("s3")
    key = kms.describe_key(KeyId=ALIAS)["KeyMetadata"]
    assert key["Arn"] == done["keyArn"]
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] == REGION
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    assert rule["BucketKeyEnabled"]
    (denial,) = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert denial["Effect"] == "Deny"
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denial["Resource"] == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    owners = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert owners == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_it_says_how_to_go_on(cloud: Local, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = bootstrap(tmp_path)
    said = capsys.readouterr().out
    assert f"pulumi login 's3://{BUCKET}?region={REGION}'" in said
    provider = f"awskms:///{done['keyArn']}?region={REGION}"
    assert f"pulumi stack init delivery --secrets-provider '{provider}'" in said
    assert (done["login"], done["secretsProvider"]) == (f"s3://{BUCKET}?region={REGION}", provider)
    assert f"      keyArn: {done['keyArn']}" in said


def test_a_second_run_changes_nothing(cloud: Local, tmp_path: Path) -> None:
    first = bootstrap(tmp_path)
    second = bootstrap(tmp_path)
    assert set(states(second).values()) == {"there"}
    assert second["keyArn"] == first["keyArn"]
    assert len(cloud.client("kms").list_keys()["Keys"]) == 1


def test_a_dry_run_says_what_would_be_and_does_nothing(
    cloud: Local, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = bootstrap(tmp_path, "--dry-run")
    assert set(states(done).values()) == {"made"}
    assert done["keyArn"] is None
    assert "would be made  bucket" in capsys.readouterr().out
    assert cloud.client("kms").list_keys()["Keys"] == []
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_what_somebody_changed_is_put_right_and_nothing_else(cloud: Local, tmp_path: Path) -> None:
    bootstrap(tmp_path)
    s3 = cloud.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_public_access_block(Bucket=BUCKET)
    planned = states(bootstrap(tmp_path, "--dry-run"))
    assert planned == states(bootstrap(tmp_path))
    assert {what for what, state in planned.items() if state == "changed"} == {SETTINGS[0], "versioned"}
    assert set(states(bootstrap(tmp_path)).values()) == {"there"}


def test_what_the_owner_added_to_the_bucket_stays(cloud: Local, tmp_path: Path) -> None:
    bootstrap(tmp_path)
    s3 = cloud.client("s3")
    own = {"Sid": "Mine", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObjectAcl",
           "Resource": f"arn:aws:s3:::{BUCKET}/*"}  # fmt: skip
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}))
    rule = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "mine", "Value": "1"}]})
    bootstrap(tmp_path)
    statements = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    assert [each["Sid"] for each in statements] == ["Mine", "TlsOnly"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert [each["ID"] for each in rules] == ["mine", "what-state-was"]
    assert {tag["Key"] for tag in s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]} == {
        "managed-by", "mine", "project",
    }  # fmt: skip


def test_a_run_that_broke_off_is_gone_on_with(cloud: Local, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "scripts.accounts.state_bucket.make", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        assert main(["--region", REGION]) == 130
    done = states(bootstrap(tmp_path))
    assert (done[f"key {ALIAS}"], done[f"bucket {BUCKET}"]) == ("there", "made")


def test_other_names_are_taken(cloud: Local, tmp_path: Path) -> None:
    done = bootstrap(tmp_path, "--bucket", "our-state", "--alias", "alias/ours", "--keep-days", "7")
    assert (done["bucket"], done["alias"]) == ("our-state", "alias/ours")
    rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket="our-state")["Rules"]
    assert rules[0]["NoncurrentVersionExpiration"]["NoncurrentDays"] == 7


def test_another_account_is_let_in_with_its_roles_of_deliveries_and_stays_so(
    cloud: Local, tmp_path: Path
) -> None:
    bootstrap(tmp_path)
    both = "by TLS alone and for deliveries of 222222222222"
    done = states(bootstrap(tmp_path, "--account", "222222222222"))
    assert (done["for deliveries of 222222222222"], done[both]) == ("changed", "changed")
    assert set(states(bootstrap(tmp_path, "--account", "222222222222")).values()) == {"there"}
    bootstrap(tmp_path, "--account", "333333333333")
    key = cloud.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"]
    policies = {
        "bucket": cloud.client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"],
        "key": cloud.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"],
    }
    for what, text in policies.items():
        shared = [each for each in json.loads(text)["Statement"] if each["Sid"].startswith("Deliveries")]
        assert [each["Principal"]["AWS"] for each in shared] == [
            f"arn:aws:iam::{account}:root" for account in ("222222222222", "333333333333")
        ], what
        only = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/delivery/*"}}
        assert shared[0]["Condition"] == only, what
    assert "kms:*" in policies["key"], "the account that owns the key keeps it"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "no region: state is kept in one; give it with --region, such as eu-central-1"),
        (["--region", "Paris"], "'Paris' is not a region; write one such as eu-central-1"),
        (
            ["--region", REGION, "--bucket", "S"],
            "'S' is not a bucket's name; take 3 to 63 lower-case letters",
        ),
        (["--region", REGION, "--alias", "aws/s3"], "'aws/s3' is not an alias; take letters, digits"),
        (["--region", REGION, "--account", "1"], "--account '1' is not an account; write its 12 digits"),
        (["--region", REGION, "--keep-days", "0"], "Invalid value for '--keep-days': "),
        (["--region", REGION, "--json", "/nowhere/file"], "--json /nowhere/file cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    arguments: list[str], line: str, cloud: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"bootstrap: {line}")
    assert len(said.splitlines()) == 1
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_key_that_is_to_be_deleted_is_no_key(
    cloud: Local, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = bootstrap(tmp_path)
    cloud.client("kms").schedule_key_deletion(KeyId=done["keyArn"].rpartition("/")[2])
    capsys.readouterr()
    assert main(["--region", REGION]) == 2
    assert "is PendingDeletion, and no other one reads what it encrypted" in capsys.readouterr().err


def take_role(cloud: Local, monkeypatch: pytest.MonkeyPatch, *actions: str) -> None:
    """Let the command run as a role that may do these."""
    iam = cloud.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE])
    provider = {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"}
    trust = {"Effect": "Allow", "Principal": provider, "Action": "sts:AssumeRoleWithWebIdentity"}
    may = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    role = iam.create_role(RoleName="some", AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName="some", PolicyName="own", PolicyDocument=document(may))
    for name, value in credentials(cloud.client("sts"), role["Arn"], SUBJECT).items():
        monkeypatch.setenv(name, value)


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_bucket_that_it_may_not_see_is_left_alone(
    cloud: Local, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take_role(cloud, monkeypatch, "kms:*")
    assert main(["--region", REGION]) == 2
    refusal = f"the bucket {BUCKET} is another account's, or this role may not list it (s3:ListBucket)"
    assert refusal in capsys.readouterr().err
    assert cloud.client("kms").list_keys()["Keys"] == []


def test_a_permission_that_is_missing_is_named_with_its_call(
    cloud: Local, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take_role(cloud, monkeypatch, "kms:DescribeKey", "s3:ListBucket")
    assert main(["--region", REGION]) == 1
    said = capsys.readouterr().err
    assert said.startswith("bootstrap: AWS refused CreateKey: AccessDeniedException: User: ")
    assert "is not authorized to perform: kms:CreateKey on resource: *" in said
    assert len(said.splitlines()) == 1
    # To look is enough for a dry run.
    assert main(["--region", REGION, "--dry-run"]) == 0
