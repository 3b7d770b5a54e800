"""The commands `preview` and `diagram`: what an `up` would do, and what a stack is made of. Neither changes
anything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from scripts.releases import (
    backend,
    graph,
    graph_mermaid,
    graph_svg,
    json_file,
    preview,
    preview_markdown,
    preview_show,
    prices,
    show,
    step_output,
)
from scripts.releases.commands_plan import PricesOption
from scripts.releases.errors import NotDeployedError, RefusedError, ReleaseError
from scripts.releases.graph import Graph
from scripts.releases.options import JsonOption, ProjectOption, errors_as_json, find_project
from scripts.releases.preview import Preview
from scripts.releases.project import Project
from scripts.releases.step_output import OutputOption

StackArgument = Annotated[str, typer.Argument(metavar="STACK", help="A stack, as in Pulumi.STACK.yaml.")]
MarkdownOption = Annotated[
    str | None,
    typer.Option("--markdown", metavar="FILE", help="Write it for a comment; - is standard output."),
]
EventsOption = Annotated[
    Path | None,
    typer.Option("--events", metavar="FILE", help="The event log of a preview that was made; none is run."),
]
MermaidOption = Annotated[
    str | None, typer.Option("--mermaid", metavar="FILE", help="Where the flowchart goes; default: -.")
]
SvgOption = Annotated[str | None, typer.Option("--svg", metavar="FILE", help="Draw it as SVG there.")]
ChangesOption = Annotated[
    bool, typer.Option("--preview", help="What an `up` would change, and what that needs.")
]


def add(app: typer.Typer) -> None:
    """Registers the commands."""
    app.command("preview")(show_preview)
    app.command("diagram")(draw_diagram)


def show_preview(
    context: typer.Context,
    stack: StackArgument,
    markdown: MarkdownOption = None,
    events: EventsOption = None,
    table: PricesOption = None,
    output: OutputOption = None,
    json: JsonOption = False,
    directory: ProjectOption = None,
) -> None:
    """Say what `pulumi up` of STACK would do: release, changes, cost, guardrails. It takes no lock."""
    with errors_as_json(json):
        where = find_project(context, directory)
        _one_writer({"--json": "-" if json else None, "--markdown": markdown})
        where.stack_file(stack)
        step_output.check(output)
        if markdown is not None:
            json_file.check(markdown, "--markdown")
        known = prices.read(table or prices.OWN)
        made = preview.make(where, stack, _told(where, stack, events), known)
        if markdown is not None:
            _write(markdown, preview_markdown.text(made, _before(where, stack)))
        step_output.append(output, {"ok": made.failure is None, "changes": bool(made.events.changed)})
    if json:
        show.as_json(preview_show.as_json(made))
    elif markdown != json_file.STANDARD_OUTPUT:
        preview_show.as_text(made, known)
    if made.error is not None:
        raise made.error


def _one_writer(files: Mapping[str, str | None]) -> None:
    """Refuses two that would write to standard output, one into the other."""
    writers = [option for option, file in files.items() if file == json_file.STANDARD_OUTPUT]
    if len(writers) > 1:
        raise RefusedError(
            f"{' and '.join(writers)} both write to standard output; name a file for one of them"
        )


def _told(where: Project, stack: str, log: Path | None) -> preview.Told:
    if told := preview.unreadable(where, stack):
        return told
    return preview.run(where, stack) if log is None else preview.replayed(stack, log)


def _before(where: Project, stack: str) -> Graph:
    """The resources that are there; none where that cannot be told, and of a stack that is not up."""
    try:
        return _state(where, stack)
    except ReleaseError:
        return graph.of_state(())


def _state(where: Project, stack: str) -> Graph:
    resources = backend.choose(where, os.environ).resources(stack)
    if not resources:
        raise NotDeployedError(f"{stack} has no state: run `pulumi up -s {stack}` first, or add --preview")
    return graph.of_state(resources)


def _write(file: str, text: str) -> None:
    if file == json_file.STANDARD_OUTPUT:
        print(text, end="")
    else:
        Path(file).write_text(text, "utf-8")


def draw_diagram(
    context: typer.Context,
    stack: StackArgument,
    mermaid: MermaidOption = None,
    svg: SvgOption = None,
    changes: ChangesOption = False,
    events: EventsOption = None,
    directory: ProjectOption = None,
) -> None:
    """Draw what STACK is made of, by component: as Mermaid, and with --svg as a picture."""
    where = find_project(context, directory)
    where.stack_file(stack)
    _one_writer({"--mermaid": mermaid, "--svg": svg})
    for file, option in ((mermaid, "--mermaid"), (svg, "--svg")):
        if file is not None:
            json_file.check(file, option)
    changes = changes or events is not None
    if changes:
        made = _checked(preview.make(where, stack, _told(where, stack, events), prices.read(prices.OWN)))
        drawn = graph.of_events(made.events, _before(where, stack))
    else:
        drawn = _state(where, stack)
    drawing = graph.draw(drawn, only_changes=changes)
    if mermaid is not None or svg is None:
        _write(mermaid or json_file.STANDARD_OUTPUT, graph_mermaid.text(drawing))
    if svg is not None:
        many = sum(node.custom for node in drawn.nodes.values())
        what = "what changes" if changes else f"{many} resource{'' if many == 1 else 's'}"
        _write(svg, graph_svg.text(drawing, f"{where.name} {stack}: {what}"))


def _checked(made: Preview) -> Preview:
    if made.error is not None:
        raise made.error
    return made
