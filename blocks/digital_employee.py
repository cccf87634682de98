"""A Digital Employee as a Prefect block: who plans and executes, with what (R8.1)."""

from prefect.blocks.core import Block
from pydantic import Field

from blocks.loading import load_block
from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blueprint.connections import Employee
from blueprint.policy import RiskPolicy, ToolRule


class DigitalEmployee(Block):
    """An agent with a role, default rules, a model and tools. Other blocks are given by name."""

    _block_type_name = "Missions: Digital Employee"
    _block_type_slug = "missions-digital-employee"

    title: str = Field(title="Title", description="What people call it, e.g. 'Night shift SRE'.")
    role: str = Field(title="Role", description="What it is and is good at; the first thing that the model is told.")
    rules: str = Field(default="", title="Default rules", description="What it always keeps to, in plain language.")
    model: str = Field(title="Model endpoint", description="Name of a 'Missions: model endpoint' block.")
    servers: list[str] = Field(
        default_factory=list[str],
        title="MCP servers",
        description="Names of 'Missions: MCP server' blocks whose tools it may use.",
    )
    skills: list[str] = Field(default_factory=list[str], title="Skills", description="Folders that hold a SKILL.md.")
    tool_rules: list[ToolRule] = Field(
        default_factory=list[ToolRule],
        title="Tool rules",
        description="What happens to calls of tools, over the servers' own rules. A plan's rules go before these.",
    )

    async def employee(self) -> Employee:
        """The employee with model and servers; UnknownName when a block that it names is missing."""
        model = await load_block(ModelEndpoint, self.model)
        servers = [await load_block(McpServer, name) for name in dict.fromkeys(self.servers)]
        return Employee(
            name=self._block_document_name or "unsaved",
            role=self.role,
            rules=self.rules,
            policy=RiskPolicy(rules=tuple(self.tool_rules)),
            model=model.connection(),
            servers=tuple(server.connection() for server in servers),
            skills=tuple(self.skills),
        )
