"""The pre-flight of the release commands, against the emulated account: what is refused, and that nothing "
"changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cloud.images import Image
from rehearsal.cloud.local import CREDENTIALS, Local, running
from scripts.releases import aws, config_file
from scripts.releases.preflight import limits
from scripts.releases.project import find
from tests.scripts.account import PASSED, TAGS
from tests.scripts.release_project import NEW, OLD, OTHER, Finished, ReleaseProject
from tests.stacks.given import loaded, with_changes

LINE = "Pulumi.prod.yaml, immutable:imageId: "
BUILD = "arn:aws:imagebuilder:eu-central-1:123456789012:image/service/1.2.3/1"
CONFIG = """\
config:
  aws:region: {region}
  immutable:imageId: {image}
  immutable:services:
    web:
      instanceTypes: [m7g.large, t4g.small]
    api: {{instanceTypes: [m7g.large]}}
    jobs: {{instanceTypes: [c7i.large], imageId: {image}}}
"""


class Account:
    """`project` runs commands, in an account with the images that a test registers."""

    def __init__(self, project: ReleaseProject, cloud: Local) -> None:
        self.project, self.cloud = project, cloud
        self.ec2, self.kms = cloud.client("ec2"), cloud.client("kms")
        self.configure()

    def configure(self, more: str = "", region: str = "eu-central-1") -> None:
        self.project.file("prod").write_text(CONFIG.format(region=region, image=OLD) + more)

    def image(self, image_id: str = NEW, without: str = "", **changes: Any) -> None:
        tags = {name: value for name, value in TAGS.items() if name != without} | changes.pop("tags", {})
        image = Image(image_id, f"image-{len(self.cloud.world.images)}", **{"tags": tags, **changes})
        with self.cloud.cloud.lock:
            self.cloud.world.images.append(image)

    def deprecate(self, image_id: str = NEW) -> None:
        """As whoever retires it does: AWS takes no date in the past."""
        world = self.cloud.world
        at = world.clock.date(world.timeline.now) + timedelta(minutes=2)
        self.ec2.enable_image_deprecation(ImageId=image_id, DeprecateAt=at)

    @property
    def variables(self) -> dict[str, str | None]:
        return {
            **self.project.variables,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_PROFILE": None,
        }

    def run(self, *arguments: str) -> Finished:
        return self.project.run(*arguments, variables=self.variables)

    def refused(self, *arguments: str) -> str:
        """The refusal of a command, `set-image prod NEW` without one, that changed no file."""
        return self.project.refused(*(arguments or ("set-image", "prod", NEW)), variables=self.variables)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(aws, "ATTEMPTS", 1)
    with running() as cloud:
        yield Account(ReleaseProject(tmp_path), cloud)


def test_a_tested_image_goes_into_the_config_and_is_told(account: Account) -> None:
    account.image()
    done = account.run("set-image", "prod", NEW)
    assert (done.code, done.error) == (0, "")
    assert done.out.startswith(f"pre-flight passed: {NEW}: {PASSED}\n")
    assert f"immutable:imageId: {NEW}\n" in account.project.file("prod").read_text()


def test_an_image_that_is_not_in_the_region_is_refused(account: Account) -> None:
    account.image(region="eu-west-1")
    assert account.refused().startswith(
        f"{LINE}{NEW} is not to be seen in eu-central-1: it does not exist there, or is not shared with this"
    )


def test_a_disabled_image_is_told_from_one_that_is_not_there(account: Account) -> None:
    account.image()
    account.ec2.disable_image(ImageId=NEW)
    assert account.refused().startswith(f"{LINE}{NEW} is disabled, so that no server starts from it")


def test_a_deprecated_image_is_refused_and_not_before_its_time(account: Account) -> None:
    account.image()
    account.deprecate()
    assert account.refused().startswith(f"{LINE}{NEW} is deprecated as of ")
    world = account.cloud.world
    later = world.clock.date(world.timeline.now) + timedelta(days=90)
    account.ec2.enable_image_deprecation(ImageId=NEW, DeprecateAt=later)
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0
    account.cloud.step(90 * 86_400)
    assert "is deprecated as of " in account.refused()


def test_the_types_of_all_services_that_share_the_image_must_run_it(account: Account) -> None:
    account.image(architecture="x86_64")
    assert account.refused().startswith(
        f"{LINE}{NEW} is an x86_64 image, and m7g.large, t4g.small cannot run it or is not offered in "
        "eu-central-1"
    )


def test_the_types_of_a_service_count_for_its_own_image_alone(account: Account) -> None:
    account.image(architecture="x86_64")
    assert account.run("set-image", "prod", NEW, "--service", "jobs").code == 0
    account.image(OTHER)
    assert account.refused("set-image", "prod", OTHER, "--service", "jobs").startswith(
        f"Pulumi.prod.yaml, immutable:services / jobs / imageId: {OTHER} is an arm64 image, and c7i.large "
        "cannot"
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda kms, key: kms.disable_key(KeyId=key.rpartition("/")[2]), "which is disabled; enable it"),
        (
            lambda kms, key: kms.schedule_key_deletion(KeyId=key.rpartition("/")[2]),
            "which is about to be deleted (PendingDeletion)",
        ),
    ],
)
def test_an_image_whose_key_cannot_be_used_is_refused(
    account: Account, spoil: Callable[[Any, str], object], words: str
) -> None:
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    account.image(kms_key_id=key)
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0
    spoil(account.kms, key)
    assert account.refused().startswith(f"{LINE}{NEW} is encrypted with {key}, {words}")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("AccessDeniedException", "and this account may not even look at it (AccessDenied)"),
        ("NotFoundException", "which is NotFound and cannot be used"),
    ],
)
def test_a_key_that_this_account_may_not_look_at_is_refused(account: Account, error: str, words: str) -> None:
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    account.image(kms_key_id=key)
    account.cloud.fault("DescribeKey", error=error)
    assert account.refused().startswith(f"{LINE}{NEW} is encrypted with {key}, {words}")


def test_a_key_that_is_not_told_for_another_reason_is_no_answer(account: Account) -> None:
    account.image(kms_key_id=account.kms.create_key()["KeyMetadata"]["Arn"])
    account.cloud.fault("DescribeKey", error="InternalFailure")
    assert account.refused().startswith(
        f"the pre-flight of {NEW} needs AWS: AWS refused DescribeKey: Internal"
    )


def test_untested_and_unscanned_images_are_refused(account: Account) -> None:
    account.image(without="immutable:tests")
    assert account.refused().startswith(f"{LINE}{NEW} has no tag immutable:tests, not passed")
    account.image(OTHER, without="immutable:findings")
    assert "has no scan on record" in account.refused("set-image", "prod", OTHER)


def test_the_limits_are_those_of_the_environment(account: Account) -> None:
    account.image(tags={"immutable:findings": "critical=0 high=2 medium=0"})
    account.configure("  immutable:preflight: {maxFindings: {critical: 0, high: 1}}\n")
    assert account.refused().startswith(
        f"{LINE}{NEW} has 2 high findings, and preflight.maxFindings.high is 1"
    )
    account.configure("  immutable:preflight: {maxFindings: {critical: 0, high: 2}}\n")
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0


def test_several_problems_are_one_line(account: Account) -> None:
    account.image(tags={"immutable:tests": "failed", "immutable:findings": "critical=1 high=0 medium=0"})
    refusal = account.refused()
    assert "; ami-0000000000000000b has 1 critical findings" in refusal
    assert refusal.startswith(f"{LINE}{NEW} has immutable:tests = failed, not passed")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{requireTests: maybe}", "preflight / requireTests: write true or false"),
        ("{maxFindings: 3}", "preflight / maxFindings: write numbers from 0 on for critical, high, medium"),
        ("{maxFindings: {low: 3}}", "preflight / maxFindings: write numbers"),
        ("{maxFindings: {high: -1}}", "preflight / maxFindings: write numbers"),
        ("{maxFindings: {high: true}}", "preflight / maxFindings: write numbers"),
    ],
)
def test_limits_that_are_none_are_refused(account: Account, text: str, line: str) -> None:
    account.image()
    account.configure(f"  immutable:preflight: {text}\n")
    assert account.refused().startswith(f"Pulumi.prod.yaml: {line}")


@pytest.mark.parametrize(
    "given", [{}, {"requireTests": False}, {"maxFindings": {}}, {"maxFindings": {"critical": 1, "high": 2}}]
)
def test_the_limits_are_the_programs(account: Account, given: dict[str, Any]) -> None:
    account.configure(f"  immutable:preflight: {given}\n")
    program = loaded(with_changes({"immutable:preflight": given}))
    assert limits(find(account.project.directory).config("prod")) == program.preflight.limits


def test_promote_and_rollback_refuse_as_set_image_does(account: Account) -> None:
    account.image(without="immutable:tests")
    account.project.configure("staging", NEW)
    account.project.runs("staging", NEW)
    account.project.runs("prod", OLD, previous=NEW)
    for command in (("promote", "staging", "prod"), ("rollback", "prod")):
        assert account.refused(*command).startswith(f"{LINE}{NEW} has no tag immutable:tests")


def test_without_an_answer_from_aws_nothing_is_released(account: Account) -> None:
    account.image()
    account.cloud.fault("DescribeImages", error="UnauthorizedOperation")
    assert account.refused().startswith(
        f"the pre-flight of {NEW} needs AWS: AWS refused DescribeImages: UnauthorizedOperation"
    )


def test_a_config_that_names_no_region_is_refused(account: Account) -> None:
    account.project.file("prod").write_text(f"config:\n  immutable:imageId: {OLD}\n")
    assert account.refused().startswith("Pulumi.prod.yaml has no aws:region")


# The second look.


def between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen after the config was written and before the second look."""
    plain, calls = config_file.write, []

    def write(config: config_file.ConfigFile, after: bytes) -> None:
        plain(config, after)
        calls.append(after)
        if len(calls) == 1:
            happens()

    monkeypatch.setattr(config_file, "write", write)


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda account: account.deprecate(), "is deprecated as of "),
        (lambda account: account.ec2.disable_image(ImageId=NEW), "is disabled"),
        (lambda account: account.ec2.deregister_image(ImageId=NEW), "is not to be seen"),
    ],
)
def test_an_image_that_is_retired_while_the_config_is_written_is_taken_out_again(
    account: Account, monkeypatch: pytest.MonkeyPatch, take: Callable[[Account], object], words: str
) -> None:
    account.image()
    between(monkeypatch, lambda: take(account))
    assert account.refused().startswith(f"{LINE}{NEW} {words}")


def test_a_second_look_without_an_answer_takes_the_image_out_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.image()
    between(monkeypatch, lambda: account.cloud.fault("DescribeImages", error="InternalFailure"))
    assert account.refused().startswith(f"the pre-flight of {NEW} needs AWS: ")


def test_ctrl_c_before_the_second_look_takes_the_image_out_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        def look(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("scripts.releases.preflight.look", look)

    account.image()
    between(monkeypatch, interrupt)
    before = account.project.files()
    assert account.run("set-image", "prod", NEW).code == 130
    assert account.project.files() == before


def test_a_file_that_someone_changed_meanwhile_stays_theirs_and_both_problems_are_told(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit() -> None:
        account.deprecate()
        path = account.project.file("prod")
        path.write_text(path.read_text() + "# mine\n")

    account.image()
    between(monkeypatch, edit)
    done = account.run("set-image", "prod", NEW)
    assert done.code == 1
    assert " is deprecated as of " in done.error
    assert done.error.endswith(
        f"; and Pulumi.prod.yaml still names {NEW}: Pulumi.prod.yaml was changed by someone else in the "
        "meantime; look again; put the image before back by hand\n"
    )
    assert account.project.file("prod").read_text().endswith("# mine\n")


def test_a_dry_run_and_a_change_that_is_none_look_once_or_not_at_all(account: Account) -> None:
    account.image()
    account.image(OLD, without="immutable:tests")
    assert account.run("set-image", "prod", OLD).code == 0
    assert account.run("set-image", "prod", NEW, "--dry-run").code == 0


# Between regions.


@pytest.fixture
def regions(account: Account) -> Account:
    """Staging runs NEW in eu-central-1; prod is in eu-west-1."""
    account.project.configure("staging", NEW)
    account.project.runs("staging", NEW)
    account.configure(region="eu-west-1")
    account.image(NEW, region="eu-central-1", tags={"Ec2ImageBuilderArn": BUILD})
    return account


def promoted(account: Account) -> str:
    done = account.run("promote", "staging", "prod")
    assert done.code == 0, done.error
    return find(account.project.directory).config("prod").image(None)


def test_between_regions_the_copy_of_the_same_build_is_promoted(regions: Account) -> None:
    regions.image(OTHER, region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    regions.image("ami-0000000000000000d", region="eu-west-1", tags={"Ec2ImageBuilderArn": f"{BUILD}0"})
    assert promoted(regions) == OTHER


def test_a_region_without_a_copy_is_refused_and_how_it_gets_one(regions: Account) -> None:
    regions.image(OTHER, region="eu-west-1")
    assert regions.refused("promote", "staging", "prod") == (
        f"{NEW} has no copy in eu-west-1, the region of prod; add eu-west-1 to immutable:distribution / "
        f"regions of the image factory, bring that up, and bake again: the copy is told by its build {BUILD}"
    )


def test_an_image_of_unknown_origin_does_not_leave_its_region(regions: Account) -> None:
    regions.project.configure("staging", OTHER)
    regions.project.runs("staging", OTHER)
    assert regions.refused("promote", "staging", "prod").startswith(
        f"{OTHER} is not to be seen in eu-central-1, so that its copies are not known"
    )
    regions.image(OTHER, region="eu-central-1")
    assert regions.refused("promote", "staging", "prod").startswith(
        f"{OTHER} has no tag Ec2ImageBuilderArn, so that no copy of it is known; promote between regions what"
    )


def test_a_copy_that_may_not_be_used_is_refused_by_the_pre_flight(regions: Account) -> None:
    regions.image(OTHER, "immutable:tests", region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    assert regions.refused("promote", "staging", "prod").startswith(
        f"{LINE}{OTHER} has no tag immutable:tests"
    )


@pytest.mark.parametrize("first", [True, False])
def test_of_several_copies_one_that_can_be_used_is_taken(regions: Account, first: bool) -> None:
    usable, untested = OTHER, "ami-0000000000000000d"
    for image in (usable, untested) if first else (untested, usable):
        without = "immutable:tests" if image == untested else ""
        regions.image(image, without, region="eu-west-1", tags={"Ec2ImageBuilderArn": BUILD})
    assert promoted(regions) == usable


def test_a_region_that_does_not_answer_is_a_refusal(regions: Account) -> None:
    regions.cloud.fault("DescribeImages", error="RequestExpired")
    assert regions.refused("promote", "staging", "prod").startswith(f"the pre-flight of {NEW} needs AWS: ")
