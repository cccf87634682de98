"""`missions model`: which models there are, and whether they answer (R8.1)."""

import os
from typing import Annotated

import typer
from pydantic import SecretStr

from agent.model.openai_model import OpenAIModel
from blocks.digital_employee import DigitalEmployee
from blocks.loading import block_names, load_block
from blocks.model_endpoint import ModelEndpoint
from blueprint.errors import InvalidInput
from blueprint.values import slug
from flows.command.output import AsJson, command, session, show, show_json, show_table

models = typer.Typer(help="Model endpoints.", no_args_is_help=True)

ForEmployee = Annotated[str, typer.Option(help="The Digital Employee that uses it from now on; '' for none.")]


@models.command("add")
@command
async def add_model(
    name: str,
    base_url: Annotated[str, typer.Option(help="Where the API is, e.g. https://api.openai.com/v1")],
    model: Annotated[str, typer.Option(help="The model's name, as the endpoint calls it.")],
    api_key_env: Annotated[str, typer.Option(help="Environment variable that holds the API key.")] = "",
    employee: ForEmployee = "default",
    as_json: AsJson = False,
) -> None:
    """Save a model endpoint after it has answered, and let a Digital Employee use it."""
    async with session():
        endpoint = ModelEndpoint(base_url=base_url, model=model, api_key=SecretStr(from_environment(api_key_env)))
        await answer_of(endpoint, checked_name(name))
        await endpoint.asave(name, overwrite=True)
        if employee:
            digital = await load_block(DigitalEmployee, employee)
            digital.model = name
            await digital.asave(employee, overwrite=True)
    said = {"name": name, "base_url": base_url, "model": model, "used_by": employee}
    show_json(said) if as_json else show(f"Model {name!r} answers and is saved; employee {employee or '-'!r} uses it.")


@models.command("list")
@command
async def list_models(as_json: AsJson = False) -> None:
    """List model endpoints."""
    async with session():
        found = {name: await load_block(ModelEndpoint, name) for name in await block_names(ModelEndpoint)}
    said = [{"name": name, "base_url": block.base_url, "model": block.model} for name, block in found.items()]
    if as_json:
        return show_json(said)
    return show_table(["NAME", "BASE URL", "MODEL"], [list(row.values()) for row in said], "No model endpoints.")


@models.command("test")
@command
async def try_model(name: str, as_json: AsJson = False) -> None:
    """Ask a model for one word."""
    async with session():
        text = await answer_of(await load_block(ModelEndpoint, name), name)
    show_json({"name": name, "answer": text}) if as_json else show(f"Model {name!r} answers: {text[:200]}")


@models.command("remove")
@command
async def remove_model(name: str, as_json: AsJson = False) -> None:
    """Remove a model endpoint that no Digital Employee uses."""
    async with session():
        await load_block(ModelEndpoint, name)
        for employee in await block_names(DigitalEmployee):
            if (await load_block(DigitalEmployee, employee)).model == name:
                raise InvalidInput(f"Model {name!r} is used by Digital Employee {employee!r}; give that one another model first.")
        await ModelEndpoint.adelete(name)
    show_json({"removed": name}) if as_json else show(f"Model {name!r} is removed.")


async def answer_of(endpoint: ModelEndpoint, name: str) -> str:
    """What the model says when it is asked for one word."""
    async with OpenAIModel(endpoint.connection().model_copy(update={"name": name})) as model:
        reply = await model.reply([{"role": "user", "content": "Answer with the one word: ready"}])
    return reply.text or reply.reasoning


def from_environment(variable: str) -> str:
    if variable and not os.environ.get(variable):
        raise InvalidInput(f"The environment variable {variable!r} is not set; export it first. It is never shown.")
    return os.environ[variable] if variable else ""


def checked_name(name: str) -> str:
    if slug(name, fallback="") != name:
        raise InvalidInput(f"{name!r} can't be a name; use lower-case letters, digits and hyphens, e.g. {slug(name)!r}.")
    return name
