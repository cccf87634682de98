"""The repository's prefect.yaml is what the flows say, and Prefect's own command takes it.

Write it again after a change of a system flow: `.venv/bin/python -m tests.test_prefect_yaml`
"""

from deployments.prefect_yaml import render_prefect_yaml
from deployments.present import find_deployments
from deployments.system import SYSTEM_TAG
from flows.starting import start
from flows.system import system_deployments
from tests.fakes.deploying import ROOT, deploy
from tests.fakes.installation import Installation

FILE = ROOT / "prefect.yaml"


def test_the_file_is_up_to_date():
    assert FILE.read_text() == render_prefect_yaml(system_deployments()), f"Write it again: {__doc__}"


async def test_prefect_deploys_it_and_a_creation_from_it_asks_what_is_missing(installation: Installation) -> None:
    await deploy(installation)
    async with installation.client() as client:
        found = [one.name for one in await find_deployments(SYSTEM_TAG, client)]
        run_id = await start(client, "create/create", {"goal": "Inspect this host"})
    assert sorted(found) == sorted(spec.name for spec in system_deployments().deployments)
    assert (await installation.asked(run_id)).key == "align-1"


if __name__ == "__main__":
    FILE.write_text(render_prefect_yaml(system_deployments()))
