"""Flows that people start become deployments with their forms."""

import pytest

from deployments.spec import DeploymentPlan, DeploymentSpec
from deployments.system import SystemFlow, system_plan

CREATE = SystemFlow(
    name="create-mission", entrypoint="flows.create.create", description="Plans a goal.", parameter_schema={"type": "object"}
)


def test_a_system_flow_is_offered_under_its_own_name():
    assert system_plan([CREATE]) == DeploymentPlan(
        tag="missions-system",
        deployments=(
            DeploymentSpec(
                name="create-mission",
                flow_name="create-mission",
                entrypoint="flows.create.create",
                description="Plans a goal.",
                parameters={},
                parameter_schema={"type": "object"},
                tags=("missions", "missions-system"),
            ),
        ),
    )


def test_two_flows_of_one_name_are_refused_at_once():
    with pytest.raises(ValueError, match=r"names \['create-mission'\] are used twice"):
        system_plan([CREATE, CREATE])


def test_a_deployment_without_the_tag_of_its_plan_is_refused_at_once():
    with pytest.raises(ValueError, match=r"lack the plan's tag 'mission:host'"):
        DeploymentPlan(tag="mission:host", deployments=system_plan([CREATE]).deployments)
