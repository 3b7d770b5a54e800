"""A rehearsal's document as `--json` writes it, small enough to be checked by eye."""

from __future__ import annotations

from typing import Any

OLD, NEW = "ami-0123456789abcdef0", "ami-0fedcba9876543210"


def step(name: str, at: float, until: float, **more: Any) -> dict[str, Any]:
    """One step that passed, as StepRecord.document tells it."""
    changes = dict.fromkeys(("create", "update", "replace", "delete", "same"), 0) | more.pop("changes", {})
    told = {"name": name, "title": f"Title of {name}", "ok": True, "seconds": 1.5, "at": at, "until": until}
    return {**told, "changes": changes, "resources": [], "notes": [], "operations": [], **more}


def sample(at: float, environment: str, image: str, in_service: int) -> dict[str, Any]:
    """One change of a fleet."""
    return {"at": at, "environment": environment, "image": image, "in_service": in_service}


def stage(at: float, environment: str, service: str, name: str | None) -> dict[str, Any]:
    """What a service's rollout is at from a moment on."""
    return {"at": at, "environment": environment, "service": service, "stage": name}


def document(**more: Any) -> dict[str, Any]:
    """Staging rolls from OLD to NEW, prod runs OLD."""
    template = {"environment": "staging", "type": "aws:ec2/launchTemplate:LaunchTemplate", "name": "web"}
    return {
        "ok": True,
        "engine": "embedded",
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 42.0,
        "speed": 100.0,
        "steps": [
            step("staging-up", 0, 100, changes={"create": 1}, resources=[{**template, "op": "create"}]),
            step("promote", 100, 110, notes=["Pulumi.prod.yaml: -   immutable:imageId: a"]),
            step(
                "new-image",
                110,
                400,
                changes={"update": 1, "same": 7},
                notes=["one <b>note</b>", f"refresh {'0' * 90}"],
            ),
        ],
        "fleet": [
            sample(50, "staging", OLD, 2),
            sample(60, "prod", OLD, 3),
            sample(200, "staging", NEW, 1),
            sample(300, "staging", NEW, 2),
            sample(300, "staging", OLD, 0),
        ],
        "not_run": [],
        "recorded": ["aws:backup/plan:Plan"],
        **more,
    }
