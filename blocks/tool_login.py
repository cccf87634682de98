"""A person's login to an MCP server as a Prefect block (R8.1). It has the name of the server's block."""

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blueprint.connections import ToolLogin


class McpLogin(Block):
    """Made and renewed by Missions, beside the server's own block so that neither undoes a change of the other."""

    _block_type_name = "Missions: MCP login"
    _block_type_slug = "missions-mcp-login"

    url: str = Field(title="URL", description="The address that it was made for; it is sent nowhere else.")
    tokens: SecretStr = Field(title="Tokens", description="Made by `missions tools login`, and renewed by the runs that use it.")
    client: SecretStr = Field(title="Client", description="As whom Missions is known to the authorisation server.")

    def login(self) -> ToolLogin:
        """The plain value that the agent uses."""
        return ToolLogin(url=self.url, tokens=self.tokens, client=self.client)
