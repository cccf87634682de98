"""What `missions doctor` says of an installation, whole or with a part missing."""

from uuid import uuid4

import pytest
from prefect.client.schemas.actions import WorkPoolCreate
from sqlalchemy import text

from blocks.mcp_server import McpServer
from blocks.model_endpoint import ModelEndpoint
from blueprint.errors import Unavailable
from deployments.local.ports import free_port
from deployments.present import find_deployments
from flows.doctor.checking import Check, check_installation
from flows.doctor.engine import check_scheduler, check_worker
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


async def test_what_a_killed_check_left_behind_is_gone_after_the_next_one(installation: Installation) -> None:
    async with installation.client() as client, installation.store() as store:
        flow = await client.create_flow_from_name("missions-doctor")
        left = await client.create_deployment(flow_id=flow, name=f"left-{uuid4().hex[:8]}", tags=["missions-doctor"])
        fresh = await client.create_deployment(flow_id=flow, name=f"fresh-{uuid4().hex[:8]}", tags=["missions-doctor"])
        async with store.engine.begin() as connection:
            old = text("UPDATE deployment SET created = now() - interval '1 hour' WHERE id = :id")
            await connection.execute(old, {"id": left})
        await check_scheduler(client)
        there = {one.id for one in await find_deployments("missions-doctor", client)}
        await client.delete_deployment(fresh)
    assert (left in there, fresh in there) == (False, True)


async def test_a_worker_that_fell_silent_is_not_called_online_though_prefect_does(installation: Installation) -> None:
    pool = f"silent-{uuid4().hex[:8]}"
    async with installation.client() as client, installation.store() as store:
        await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
        try:
            await client.send_worker_heartbeat(work_pool_name=pool, worker_name="one", heartbeat_interval_seconds=30)
            assert (await check_worker(client, pool)).startswith("1 online")
            async with store.engine.begin() as connection:
                silent = text("UPDATE worker SET last_heartbeat_time = now() - interval '80 seconds' WHERE name = 'one'")
                await connection.execute(silent)
            with pytest.raises(Unavailable, match=r"No worker is online in work pool .*; the last one was heard of 8\d s ago"):
                await check_worker(client, pool, seconds=0.1)
        finally:
            await client.delete_work_pool(pool)
