"""What `missions doctor` looks at of connections: whether models answer, tool servers list their tools, employees have theirs."""

from agent.model.openai_model import OpenAIModel
from agent.tools.mcp import McpToolset
from blocks.digital_employee import DigitalEmployee
from blocks.loading import load_block
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blueprint.errors import Unavailable
from flows.tool_logins import by_login


async def check_model(name: str) -> str:
    """Who answers. ModelUnavailable, with the reason, when nobody does."""
    async with OpenAIModel((await load_block(ModelEndpoint, name)).connection()) as model:
        await model.reply([{"role": "user", "content": "Answer with the one word: ready"}])
        return f"answers: {model.label}"


async def check_tools(name: str) -> str:
    """How many tools it offers. Unavailable, with the reason, when it can't be used."""
    async with McpToolset([(await load_block(McpServer, name)).connection()], authenticate=by_login()) as servers:
        listing = await servers.tools()
    if listing.failures:
        raise Unavailable(listing.failures[name])
    return f"{len(listing.tools)} tools"


async def check_employee(name: str) -> str:
    """What it works with. MissionsError when a part of it is not there."""
    employee = await (await load_block(DigitalEmployee, name)).employee()
    servers = ", ".join(server.name for server in employee.servers) or "no tool servers"
    return f"model {employee.model.name}; {servers}"
