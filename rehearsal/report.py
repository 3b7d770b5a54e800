"""The report page: the steps of a rehearsal, what each changed, and a picture of each fleet. No script.

It is made from the document that `--json` writes, so that nothing is on the page that is not in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

from rehearsal import report_images
from rehearsal.report_chart import (
    changes_of,
    environments_of,
    heights,
    images_of,
    letter,
    picture,
    scale_of,
)
from rehearsal.report_stages import kinds_of
from rehearsal.report_time import clock

TEMPLATE = Path(__file__).with_name("report.html")
_WORDS = {
    "create": ("+", "created"),
    "update": ("~", "updated"),
    "replace": ("±", "replaced"),
    "delete": ("-", "deleted"),
    "same": ("=", "unchanged"),
}
_PLANNED = {"create": "to create", "update": "to update", "replace": "to replace", "delete": "to delete"}
_STATES = {"ok": "passed", "failed": "failed", "skipped": "left out"}
_ENGINES = {"embedded": "embedded", "pulumi": "pulumi command"}


def page(document: Mapping[str, Any]) -> str:
    """The whole page as HTML."""
    steps = document["steps"]
    failed = next((step for step in steps if not step["ok"]), None)
    done = [step for step in steps if not step.get("skipped")]
    values = {
        "verdict": "passed" if document["ok"] else "failed",
        "lead": _lead(document, failed),
        "facts": _facts(document, done),
        "fleets": _fleets(document),
        "steps": "\n".join(
            [
                *(_step(number, step, steps) for number, step in enumerate(steps, 1)),
                *(_not_run(number, name) for number, name in enumerate(document["not_run"], len(steps) + 1)),
            ]
        ),
        "recorded": _recorded(document),
        "date": escape(document.get("started", "")),
    }
    return Template(TEMPLATE.read_text()).substitute(values)


def _lead(document: Mapping[str, Any], failed: Mapping[str, Any] | None) -> str:
    if failed:
        return f"The step <code>{escape(failed['name'])}</code> failed: {escape(failed.get('reason', ''))}"
    images = images_of(document)
    environments = environments_of(document)
    return (
        f"{len(images)} {'image' if len(images) == 1 else 'images'} moved through "
        f"{escape(' and '.join(environments)) or 'no environment'}, "
        "each as a line of configuration. Servers were replaced; none was changed."
    )


def _facts(document: Mapping[str, Any], done: list[Mapping[str, Any]]) -> str:
    ends = max((step["until"] for step in done), default=0.0)
    facts = {
        "Engine": _ENGINES.get(document["engine"], document["engine"]),
        "Took": f"{document['seconds']:.1f} s",
        "In the cloud": clock(ends),
        "Steps": f"{sum(step['ok'] for step in done)} of {len(document['steps'] + document['not_run'])}",
        "Changes": str(
            sum(n for s in done if not _previews(s) for op, n in s["changes"].items() if op != "same")
        ),
    }
    return "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())


def _fleets(document: Mapping[str, Any]) -> str:
    environments, images = environments_of(document), images_of(document)
    if not environments:
        return "<p>No server came into service.</p>"
    scale = scale_of(document)
    contents = {image["image"]: report_images.content(image) for _, image in report_images.built(document)}
    legend = "".join(
        f'<li><span class="swatch image-{index % 6}">{letter(index)}</span><code>{escape(image)}</code> '
        f"{escape(contents.get(image, ''))}</li>"
        for index, image in enumerate(images)
    )
    pictures = "".join(
        f"<figure><figcaption><h3>{escape(name)}</h3> <span>instances in service</span></figcaption>"
        f'<div class="chart">{heights(scale)}{picture(document, name, scale)}</div></figure>'
        for name in environments
    )
    stages = "".join(
        f'<li><span class="swatch {kind}"></span>{words}</li>' for kind, words in kinds_of(document).items()
    )
    if stages:
        stages = f'<ul class="legend stages" aria-label="Rollouts, a line for each service">{stages}</ul>'
    return f'<ul class="legend" aria-label="Images">{legend}</ul>{pictures}{stages}{_fleet_table(document)}'


def _fleet_table(document: Mapping[str, Any]) -> str:
    images = images_of(document)
    head = "".join(f'<th scope="col"><code>{escape(image)}</code></th>' for image in images)
    rows = "".join(
        f"<tr><td>{clock(at)}</td><td>{escape(name)}</td>"
        + "".join(f"<td>{counts.get(image, 0)}</td>" for image in images)
        + "</tr>"
        for name in environments_of(document)
        for at, counts in changes_of(document["fleet"], name)
    )
    return (
        '<details><summary>The same as a table</summary><div class="wide"><table class="numbers"><thead><tr>'
        f'<th scope="col">from</th><th scope="col">environment</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _step(number: int, step: Mapping[str, Any], steps: list[Mapping[str, Any]]) -> str:
    state = "skipped" if step.get("skipped") else "ok" if step["ok"] else "failed"
    longest = max(each["seconds"] for each in steps) or 1
    share = 100 * step["seconds"] / longest
    notes = "".join(_note(note) for note in step.get("notes", ()))
    notes = f'<ul class="notes">{notes}</ul>' if notes else ""
    reason = f'<p class="reason">{escape(step["reason"])}</p>' if step.get("reason") else ""
    output = ""
    if step.get("output"):
        lines = escape("\n".join(step["output"]))
        output = f"<details><summary>Last lines of the engine</summary><pre>{lines}</pre></details>"
    seconds = escape(step["skipped"]) if step.get("skipped") else f"{step['seconds']:.1f} s"
    return (
        f'<li class="step {state}" id="step-{escape(step["name"])}" data-step="{escape(step["name"])}">'
        f'<span class="number" aria-hidden="true">{number}</span>'
        f'<div class="head"><h3>{escape(step.get("title") or step["name"])}</h3>'
        f'<code class="name">{escape(step["name"])}</code>'
        f'<span class="state">{_STATES[state]}</span>'
        f'<span class="seconds"><span class="bar" style="width:{share:.0f}%"></span>{seconds}</span></div>'
        f"{reason}{_chips(step)}"
        f"{notes}{report_images.of_step(step)}{_resources(step)}{output}</li>"
    )


def _not_run(number: int, name: str) -> str:
    return (
        f'<li class="step skipped" data-step="{escape(name)}">'
        f'<span class="number" aria-hidden="true">{number}</span>'
        f'<div class="head"><code class="name">{escape(name)}</code>'
        '<span class="state">not run</span></div></li>'
    )


def _previews(step: Mapping[str, Any]) -> bool:
    operations = [each["operation"] for each in step.get("operations", ())]
    return bool(operations) and set(operations) == {"preview"}


def _chips(step: Mapping[str, Any]) -> str:
    chips = []
    for op, (sign, word) in _WORDS.items():
        count = step["changes"].get(op, 0)
        told = _PLANNED.get(op, word) if _previews(step) else word
        if count:
            chips.append(f'<li class="{op}"><b>{sign}{count}</b> {told}</li>')
    return f'<ul class="chips">{"".join(chips)}</ul>' if chips else ""


def _note(note: str) -> str:
    """A note; a changed line of configuration is shown as in a diff."""
    file, _, line = note.partition(": ")
    if line[:2] in ("- ", "+ "):
        kind = "removed" if line[0] == "-" else "added"
        shown = f"{line[0]} {escape(line[2:].strip())}"
        return f'<li class="diff {kind}"><span>{escape(file)}</span><code>{shown}</code></li>'
    return f"<li>{escape(note)}</li>"


def _resources(step: Mapping[str, Any]) -> str:
    resources = step["resources"]
    if not resources:
        return ""
    ordered = sorted(resources, key=lambda each: (each.get("environment", ""), each["op"]))
    groups = []
    for environment, members in groupby(ordered, key=lambda each: each.get("environment", "")):
        rows = "".join(_resource(each) for each in members)
        groups.append(f"<tbody><tr><th colspan=3>{escape(environment)}</th></tr>{rows}</tbody>")
    noun = "resource" if len(resources) == 1 else "resources"
    return (
        f"<details><summary>{len(resources)} {noun}</summary>"
        f'<div class="wide"><table class="resources">{"".join(groups)}</table></div></details>'
    )


def _resource(resource: Mapping[str, str]) -> str:
    op = resource["op"]
    sign, _ = _WORDS.get(op, ("?", ""))
    return (
        f'<tr><td class="{escape(op)}">{sign} {escape(op)}</td>'
        f"<td><code>{escape(resource['type'])}</code></td><td>{escape(resource['name'])}</td></tr>"
    )


def _recorded(document: Mapping[str, Any]) -> str:
    types = document.get("recorded") or []
    if not types:
        return ""
    shown = ", ".join(f"<code>{escape(each)}</code>" for each in types)
    return f"<p>Recorded, but not emulated: {shown}.</p>"
