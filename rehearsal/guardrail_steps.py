"""The step with a change that must not be: a policy refuses it, and nothing of it is made."""

from __future__ import annotations

from rehearsal import image_steps
from rehearsal.stage import Stage, StepFailedError, StepRecord

STAGING = "staging"
POLICY = "immutable-login-port"
# What someone in a hurry adds to the program, to look at a server.
OPEN_PORT = """
import pulumi_aws

pulumi_aws.ec2.SecurityGroup(
    "by-hand",
    description="To look at a server",
    ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
)
"""


def guardrails(stage: Stage, step: StepRecord) -> None:
    """Someone opens port 22 in the program: the up fails before it is open, and the rule says why."""
    program = stage.workspace.project / "__main__.py"
    before, held = program.read_text(), image_steps.held(stage)
    program.write_text(before + OPEN_PORT)
    try:
        outcome = stage.run_into_failure("up", STAGING, step)
    finally:
        program.write_text(before)
    found = [f"{each.policy} of {each.name}" for each in outcome.findings if each.level == "mandatory"]
    if f"{POLICY} of by-hand" not in found:
        raise StepFailedError(
            f"the policy {POLICY} should forbid port 22; the up failed otherwise: {outcome.reason}"
        )
    if image_steps.held(stage) != held:
        raise StepFailedError("an up that a policy refused changed the cloud")
    step.notes.append("the line is out of the program again; nothing of it was made")
