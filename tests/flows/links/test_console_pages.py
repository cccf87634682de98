"""Addresses of pages of the console, as its present pages read them."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from blueprint.mission import Mission, MissionState
from flows.links.console import deployments_page
from flows.records.drawing import row_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
DRAFT = Mission(id="m-1", title="Disks", goal="G", created_at=NOW, active_at=NOW)


def test_the_console_gets_its_filter_as_a_json_list_because_it_drops_any_other() -> None:
    asked = urlsplit(deployments_page("m-1"))
    assert (asked.path.endswith("/v2/deployments"), json.loads(parse_qs(asked.query)["tags"][0])) == (True, ["mission:m-1"])


def test_the_index_links_of_a_draft_none_of_the_pages_that_come_with_its_launch() -> None:
    draft, launched = row_of(DRAFT), row_of(DRAFT.model_copy(update={"state": MissionState.ACTIVE, "plan_version": 1}))
    assert (draft.tasks, draft.records, draft.plan) == ("", "", "")
    assert all((launched.tasks, launched.records, launched.plan))
