"""Finds Blueprint templates: those that come with Missions, and files that people have made of them (R2.9)."""

from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from blueprint.errors import InvalidBlueprint, InvalidInput, UnknownName
from blueprint.problems import explain
from blueprint.template import Template, gaps
from flows.creation.plan_file import read_document, read_text

_FOLDER = files("blueprint") / "templates"
_ENDING = ".yaml"


def template_names() -> list[str]:
    """The names of all templates that come with Missions."""
    return sorted(file.name.removesuffix(_ENDING) for file in _FOLDER.iterdir() if file.name.endswith(_ENDING))


def template_text(name: str) -> str:
    """The file of the template `name`, or the file at that path; UnknownName, or InvalidInput when it can't be read."""
    if "/" in name or name.endswith((_ENDING, ".yml")):
        return read_text(Path(name))
    if name not in template_names():
        raise UnknownName("template", name, template_names())
    return (_FOLDER / f"{name}{_ENDING}").read_text(encoding="utf-8")


def read_template(text: str) -> Template:
    """The template in a YAML text; InvalidBlueprint with every problem, gaps that no question fills included."""
    try:
        template = Template.model_validate(read_document(text))
    except ValidationError as error:
        raise InvalidBlueprint([str(problem) for problem in explain(error)]) from error
    asked = [question.name for question in template.questions]
    if twice := sorted({name for name in asked if asked.count(name) > 1}):
        raise InvalidInput(f"The question {twice[0]!r} is asked twice; keep one.")
    if unfilled := sorted(gaps(template.blueprint) - set(asked)):
        raise InvalidInput(f"No question fills ${{{unfilled[0]}}}; add one, or write the value.")
    return template


def load_template(name: str) -> Template:
    """The template `name`, by name or path."""
    return read_template(template_text(name))
