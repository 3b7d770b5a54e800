"""The cloud's own interface, under `/rehearsal/`: what no AWS operation can do, and what a picture needs.

GET  /rehearsal/health        {"ok": true}
GET  /rehearsal/clock         {"at", "speed"}: emulated seconds since the start, emulated seconds per real one
POST /rehearsal/clock         {"speed"?, "step"?}: another speed (0 stops the clock); step it on by seconds
GET  /rehearsal/fleet         {"at", "groups": [{"group", "tags", "desired", "refresh", "instances": [...]}]}
POST /rehearsal/images        {"imageId"?, "name", "tags"?, "architecture"?, "owner"?} → {"imageId"}
POST /rehearsal/findings      {"recipe", "severities": {"CRITICAL": 1}} → the same: what scans find from then
POST /rehearsal/certificates  {"arn", "domain"} → {"arn"}
POST /rehearsal/zones         {"zoneId", "domain"} → {"zoneId"}: a public hosted zone
POST /rehearsal/container-images       {"reference", "behaviour"?} → the same: what its containers do
POST /rehearsal/kubernetes-clusters    {"name", "region"?, "version"?, "nodes"?, "addOns"?} → {"endpoint",
                                       "token", "kubeconfig"}: a cluster without EKS
GET  /rehearsal/faults        {"faults": [...]}: those of `faults.py`, with how often each was seen and hit
POST /rehearsal/faults        {"action", "error"?, "stale_seconds"?, "drop"?, "delay_seconds"?, "times"?,
                               "every"?} → the fault
DELETE /rehearsal/faults     {"faults": []}: all are gone
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from rehearsal.cloud import certificates, zones
from rehearsal.cloud.images import Image
from rehearsal.cloud.server import Answer, Environ
from rehearsal.cloud.world import World

Body = dict[str, Any]


class Admin:
    """Answers the requests above in JSON; 400 with one line in `error` for what it cannot accept."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._routes: dict[tuple[str, str], Callable[[Body], Body]] = {
            ("GET", "health"): lambda _: {"ok": True},
            ("GET", "clock"): lambda _: self._clock(),
            ("POST", "clock"): self._set_clock,
            ("GET", "fleet"): lambda _: self._fleet(),
            ("POST", "images"): self._add_image,
            ("POST", "findings"): self._put_findings,
            ("POST", "certificates"): self._add_certificate,
            ("POST", "zones"): self._add_zone,
            ("POST", "container-images"): self._add_container_image,
            ("POST", "kubernetes-clusters"): self._open_cluster,
            ("GET", "faults"): lambda _: self._faults(),
            ("POST", "faults"): lambda body: self.world.faults.add(body).describe(),
            ("DELETE", "faults"): lambda _: self._clear_faults(),
        }

    def __call__(self, environ: Environ) -> Answer:
        what = environ["PATH_INFO"].removeprefix("/rehearsal/").rstrip("/")
        route = self._routes.get((environ["REQUEST_METHOD"], what))
        if route is None:
            return _json(404, {"error": f"there is no {environ['REQUEST_METHOD']} /rehearsal/{what}"})
        try:
            body = json.loads(environ["wsgi.input"].read() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body is not a JSON object")
            return _json(200, route(body))
        except KeyError as missing:
            return _json(400, {"error": f"the key {missing} is missing"})
        except (ValueError, TypeError) as wrong:
            return _json(400, {"error": str(wrong)})

    def _clock(self) -> Body:
        return {"at": self.world.timeline.now, "speed": self.world.clock.speed}

    def _set_clock(self, body: Body) -> Body:
        unknown = set(body) - {"speed", "step"}
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        if "speed" in body:
            self.world.clock.speed = _not_negative("speed", body["speed"])
        self.world.clock.step(_not_negative("step", body.get("step", 0)))
        self.world.timeline.catch_up()
        return self._clock()

    def _fleet(self) -> Body:
        from rehearsal.cloud.autoscaling.models import autoscaling_backends

        groups = [
            group.picture()
            for _, backend in self.world.backends(autoscaling_backends)
            for group in backend.autoscaling_groups.values()
        ]
        return {"at": self.world.timeline.now, "groups": groups}

    def _add_image(self, body: Body) -> Body:
        image_id = body.get("imageId") or f"ami-{secrets.token_hex(9)[:17]}"
        architecture = body.get("architecture", "arm64")
        image = Image(
            image_id, str(body["name"]), dict(body.get("tags") or {}), architecture, owner=body.get("owner")
        )
        if any(known.image_id == image_id for known in self.world.images):
            raise ValueError(f"imageId {image_id!r} is already there; an image never changes")
        self.world.images.append(image)
        return {"imageId": image_id}

    def _put_findings(self, body: Body) -> Body:
        from rehearsal.cloud.imagebuilder import findings

        recipe = str(body["recipe"])
        return {"recipe": recipe, "severities": findings.put(recipe, dict(body["severities"]))}

    def _add_certificate(self, body: Body) -> Body:
        certificates.issue(str(body["arn"]), str(body["domain"]))
        return {"arn": body["arn"]}

    def _add_zone(self, body: Body) -> Body:
        zones.host(str(body["zoneId"]), str(body["domain"]))
        return {"zoneId": body["zoneId"]}

    def _add_container_image(self, body: Body) -> Body:
        from rehearsal.cloud.kubernetes import container_images

        return container_images.put(self.world, str(body["reference"]), str(body.get("behaviour", "healthy")))

    def _open_cluster(self, body: Body) -> Body:
        from rehearsal.cloud.kubernetes import testing

        return testing.opened(self.world, body)

    def _faults(self) -> Body:
        return {"faults": self.world.faults.describe()}

    def _clear_faults(self) -> Body:
        self.world.faults.clear()
        return self._faults()


def _not_negative(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f"{name} {value!r} is not a number of seconds from 0 on")
    return float(value)


def _json(status: int, body: Body) -> Answer:
    return status, [("content-type", "application/json")], json.dumps(body).encode()
