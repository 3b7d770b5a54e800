"""`gate`: what the environment behind it runs, ran, or never had."""

from __future__ import annotations

from tests.scripts.gated import BAD, BETTER, GOOD, Gated, gated

__all__ = ["gated"]


def test_what_prod_runs_already_needs_no_soak(gated: Gated) -> None:
    gated.live.settled(version=2)
    gated.prod_runs(1)
    assert gated.opened() == f"web of prod runs {GOOD} already"


def test_the_way_back_in_prod_is_open_by_its_outputs(gated: Gated) -> None:
    gated.live.settled(version=2)
    gated.prod_runs(2)
    assert "not" in gated.closed()
    gated.outputs("prod", BETTER, "prod-web", previous=GOOD)
    assert gated.opened() == f"web of prod ran {GOOD} before"


def test_the_way_back_in_prod_is_open_by_a_rollout_that_succeeded(gated: Gated) -> None:
    gated.live.settled(version=3, MinSize=0, HealthCheckGracePeriod=100_000)
    gated.prod_runs(1)
    for version in (2, 1):
        gated.scene.start(version)
        gated.scene.until_over()
    gated.prod(BETTER)
    assert gated.opened() == f"web of prod ran {BETTER} before"


def test_in_another_account_the_outputs_say_what_prod_runs_and_ran(gated: Gated) -> None:
    """Its groups are not to be seen with the credentials for staging."""
    gated.live.settled(version=2)
    gated.outputs("prod", GOOD, "prod-web")
    assert gated.opened() == f"web of prod runs {GOOD} already"
    gated.outputs("prod", GOOD, "prod-web", status="RollbackFailed")
    assert gated.closed() == f"web of staging runs {BETTER}, not {GOOD}"
    gated.outputs("prod", BAD, "prod-web", previous=GOOD)
    assert gated.opened() == f"web of prod ran {GOOD} before"


def test_an_image_that_failed_in_prod_is_no_way_back(gated: Gated) -> None:
    gated.live.settled()
    gated.prod_runs(1)
    gated.scene.start(3, AutoRollback=True)
    assert gated.scene.until_over()["Status"] == "RollbackSuccessful"
    gated.prod(BAD)
    assert gated.closed() == f"web of staging runs {GOOD}, not {BAD}"


def test_a_service_that_is_new_in_prod_takes_what_proved_the_shared_image(gated: Gated) -> None:
    gated.live.settled()
    gated.scene.cloud.step(600)
    gated.prod(GOOD, "    more: {port: 9000}\n")
    assert gated.opened("--soak-minutes", "10").startswith(f"web of staging runs {GOOD}")


def test_a_service_that_no_fleet_proves_stays_behind(gated: Gated) -> None:
    gated.live.project.file("staging").write_text(
        "config:\n  aws:region: eu-central-1\n  immutable:services:\n    web: {port: 80, imageId: "
        + GOOD
        + "}\n"
    )
    gated.live.settled()
    gated.prod(GOOD, "    more: {port: 9000}\n")
    assert gated.closed("--soak-minutes", "0") == (
        "staging has no service more, nor one that shares its image"
    )


def test_in_another_region_the_copy_of_the_same_build_goes_on(gated: Gated) -> None:
    build = "arn:aws:imagebuilder:eu-central-1:123456789012:image/service/1.2.3/1"
    here, there = "ami-0000000000000000e", "ami-0000000000000000f"
    gated.scene.cloud.image(here, Ec2ImageBuilderArn=build)
    gated.scene.cloud.image(there, Ec2ImageBuilderArn=build)
    data = {"ImageId": here, "InstanceType": "m7g.large"}
    version = gated.scene.ec2.create_launch_template_version(
        LaunchTemplateId=gated.scene.template_id, LaunchTemplateData=data
    )["LaunchTemplateVersion"]["VersionNumber"]
    gated.live.image(here)
    gated.live.settled(version=version)
    gated.prod(there, region="eu-west-1")
    assert gated.opened("--soak-minutes", "0").startswith(f"web of staging runs {there} for")
    gated.prod(GOOD, region="eu-west-1")
    assert gated.closed("--soak-minutes", "0") == f"web of staging runs {here}, not {GOOD}"
