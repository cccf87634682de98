"""`missions templates`: plans with gaps for common goals."""

from typing import Annotated

import typer

from blueprint.template import Template
from flows.command.output import AsJson, show, show_json, show_table
from flows.creation.templates import load_template, read_template, template_names, template_text


def templates(
    name: Annotated[str, typer.Argument(help="Print the file of this template, to be edited and used from then on.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the templates for `missions create --template` with their questions, or print one."""
    if name:
        text = template_text(name)
        return show_json(read_template(text)) if as_json else show(text.rstrip())
    found = {name: load_template(name) for name in template_names()}
    if as_json:
        return show_json(
            [{"name": name, **template.model_dump(mode="json", exclude={"blueprint"})} for name, template in found.items()]
        )
    for name, template in found.items():
        show(f"{name}\n  {template.about}")
        show_table(["--set", "QUESTION", "DEFAULT"], _rows(template), "")
        show("")
    return None


def _rows(template: Template) -> list[list[str]]:
    return [
        [question.name, question.text, question.default if question.default is not None else "(must be set)"]
        for question in template.questions
    ]
