"""What `missions doctor` says of an installation, whole or with a part missing."""

from uuid import uuid4

from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from deployments.local.ports import free_port
from flows.doctor.checking import Check, check_installation
from tests.fakes.installation import Installation


async def _checks(here: Installation, service_url: str) -> dict[str, Check]:
    async with here.store() as store, here.client() as client:
        return {check.name: check for check in await check_installation(store, client, service_url=service_url)}


async def test_every_part_of_a_working_installation_is_found_well(installation: Installation) -> None:
    checks = await _checks(installation, installation.addresses.service_url)
    own = ("store", "scheduler", "worker", "system flows", "service", "model rehearsal", "tools host", "employee default")
    assert [name for name in own if not checks[name].is_ok] == []


async def test_each_part_that_does_not_answer_is_named_with_how_to_mend_it(installation: Installation) -> None:
    nowhere, name = f"http://127.0.0.1:{free_port()}", f"gone-{uuid4().hex[:8]}"
    with installation.chosen():
        await ModelEndpoint(base_url=f"{nowhere}/v1", model="gone", max_retries=0).asave(name)
        await McpServer(command="/no/such/program").asave(name)
        try:
            checks = await _checks(installation, nowhere)
        finally:
            await ModelEndpoint.adelete(name)
            await McpServer.adelete(name)
    for part, word in (("service", nowhere), (f"model {name}", "can't be reached"), (f"tools {name}", "/no/such/program")):
        assert not checks[part].is_ok
        assert word in checks[part].found
        assert checks[part].mend
