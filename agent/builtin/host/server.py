"""The host tools as an MCP server: what an operator looks at first on a machine, and one guarded change."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from agent.builtin.host.call_log import CallLog
from agent.builtin.host.machine import (
    DiskUsage,
    Load,
    Memory,
    Processes,
    read_disk_usage,
    read_load,
    read_memory,
    read_processes,
)
from agent.builtin.host.network import Certificates, ListeningPorts, read_certificates, read_listening_ports
from agent.builtin.host.scratch import Cleaning, ScratchUsage, clean_scratch_directory, read_scratch_usage
from agent.builtin.host.services import FailedServices, RecentErrors, read_failed_services, read_recent_errors

SCRATCH = "MISSIONS_SCRATCH"
"""Environment variable that names the one directory that may be cleaned."""

TOOL_LOG = "MISSIONS_TOOL_LOG"
"""Environment variable that names a file which gets a line at the start and the end of each call."""

_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_READS_OUTSIDE = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)

Days = Annotated[int, Field(ge=0, le=3650, description="Age in days since the file was last changed.")]


def make_server(environment: Mapping[str, str]) -> MCPServer:
    """The server, with the scratch directory and the log of calls that `environment` names."""
    log = environment.get(TOOL_LOG)
    server = MCPServer(
        "host",
        instructions="Inspects the machine that it runs on. Only clean_scratch changes anything.",
        version="1",
        middleware=[CallLog(Path(log))] if log else [],
        log_level="WARNING",
    )
    _add_machine(server)
    _add_services(server)
    _add_network(server)
    _add_scratch(server, environment.get(SCRATCH, ""))
    return server


def _add_machine(server: MCPServer) -> None:
    @server.tool(title="Disk usage", annotations=_READS)
    def disk_usage(path: Annotated[str, Field(description="Only the filesystem that holds this path.")] = "") -> DiskUsage:
        """Disk space of every mounted filesystem, as df shows it: total, used, available, percent, and inodes used.

        For questions about disks, storage, filesystems running full, free space, partitions, capacity.
        """
        return read_disk_usage(path)

    @server.tool(title="Memory", annotations=_READS)
    def memory() -> Memory:
        """Memory (RAM) and swap, as free shows it: total, used, available, percent."""
        return read_memory()

    @server.tool(title="Load", annotations=_READS)
    def load() -> Load:
        """System load averages, number of processors, how busy the CPU is now, and uptime."""
        return read_load()

    @server.tool(title="Processes", annotations=_READS)
    def processes(
        sort_by: Annotated[Literal["memory", "cpu"], Field(description="What the biggest are sorted by.")] = "memory",
        count: Annotated[int, Field(ge=1, le=50, description="How many to list.")] = 10,
    ) -> Processes:
        """The processes that use the most memory or CPU, and how many processes there are in each state, zombies included."""
        return read_processes(sort_by, count)


def _add_services(server: MCPServer) -> None:
    @server.tool(title="Failed services", annotations=_READS)
    def failed_services() -> FailedServices:
        """Services (systemd units) that have failed. Says so when the host has no systemd."""
        return read_failed_services()

    @server.tool(title="Recent errors", annotations=_READS)
    def recent_errors(
        minutes: Annotated[int, Field(ge=1, le=10_080, description="How far back.")] = 60,
        count: Annotated[int, Field(ge=1, le=200, description="How many lines to show.")] = 30,
    ) -> RecentErrors:
        """Recent error messages in the system log (journal), counted by service, newest first. Says so where there is none."""
        return read_recent_errors(minutes, count)


def _add_network(server: MCPServer) -> None:
    @server.tool(title="Listening ports", annotations=_READS)
    def listening_ports() -> ListeningPorts:
        """Open network ports: which sockets listen, on which address, of which process, and whether others can reach them."""
        return read_listening_ports()

    @server.tool(title="Certificates", annotations=_READS_OUTSIDE)
    def certificates(
        targets: Annotated[tuple[str, ...], Field(description="Paths of PEM files, or host:port of TLS servers.")] = (),
    ) -> Certificates:
        """When TLS (SSL) certificates expire: days left, subject and issuer, for certificate files or servers given."""
        return read_certificates(targets, datetime.now(UTC))


def _add_scratch(server: MCPServer, directory: str) -> None:
    @server.tool(title="Scratch usage", annotations=_READS)
    def scratch_usage(older_than_days: Days = 7) -> ScratchUsage:
        """Size of the scratch directory: files, bytes, the oldest file, and how much is older than so many days.

        Look here before clean_scratch; it counts exactly what that would move.
        """
        return read_scratch_usage(directory, older_than_days, datetime.now(UTC))

    @server.tool(title="Clean scratch", annotations=_CHANGES)
    def clean_scratch(older_than_days: Days) -> Cleaning:
        """Clean up the scratch directory: moves its files older than so many days into '<scratch>.removed/<time>/' beside it.

        This changes the host. Undo: move the files back; the result names the command. Nothing outside the scratch
        directory is touched and no symbolic link is followed.
        """
        try:
            return clean_scratch_directory(directory, older_than_days, datetime.now(UTC))
        except ValueError as error:
            raise ToolError(str(error)) from error  # the SDK hides the text of any other exception
