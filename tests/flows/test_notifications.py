"""Notifications, Mission Reports and the message center on a whole installation (R6.2, R7.1-R7.4)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from blocks.notification_channel import NotificationChannel
from blocks.sending.webhook import is_ours
from blueprint.notification import MissionRule
from blueprint.records import RunState
from blueprint.reporting import WEEKLY
from deployments.spec import mission_tag
from flows.naming import inbox_key, summary_key
from flows.starting import start
from reports.chart import PICTURE
from tests.fakes.chat_sink import ChatSink, chat_sink
from tests.fakes.counter import Counter
from tests.fakes.installation import Installation, task
from tests.fakes.interrupting import reaches
from tests.fakes.mail_sink import MailSink, html_of, mail_sink
from tests.fakes.model_server import calls, scripted_model

KEY = "a signing key"
TOO_OFTEN = (
    "Error: The schedule can't be used: '* * * * *' fires more often than every 5 minutes; "
    "write for example '*/5 * * * *'; got '* * * * *'.\n"
)
SCRIPT = [
    calls(("counter__count", {"text": "one"})),
    calls(("conclude", {"summary": "All counted.", "findings": [{"title": "It counts", "severity": "warning"}]})),
]


async def _wait(is_so: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.05)


def _told(sink: ChatSink, mission: str) -> list[dict[str, Any]]:
    found = [one for posted in sink.posted for one in posted.document["messages"]]
    return [one for one in found if one["mission"] and one["mission"]["id"] == mission]


async def _add_channels(here: Installation, chat: ChatSink, mail: MailSink, mission: str) -> None:
    """Channels for one Mission only: the installation is shared."""
    rules = [MissionRule(mission=mission)]
    webhook = NotificationChannel(
        kind="webhook", url=SecretStr(f"{chat.url}/hook"), signing_key=SecretStr(KEY), missions=rules, is_default=False
    )
    with here.chosen():
        await webhook.asave(f"hook-{mission}")
        await NotificationChannel(url=SecretStr(mail.url), missions=rules, is_default=False).asave(f"mail-{mission}")


async def test_a_question_reaches_mail_and_webhook_is_answered_by_its_link_and_the_report_follows(
    installation: Installation, tmp_path: Path
) -> None:
    counter = Counter(folder=tmp_path)
    async with scripted_model(SCRIPT) as model, chat_sink() as chat, mail_sink() as mail:
        employee = await installation.employ(model_url=model.url, servers=[counter.connection(call_seconds=60)])
        mission = await installation.launch(task(), employee=employee)
        await _add_channels(installation, chat, mail, mission.id)
        run_id = await installation.start(mission)
        request = await installation.asked(run_id)
        await _wait(lambda: bool(_told(chat, mission.id)) and bool(mail.mails))
        arrived_after = (datetime.now(UTC) - request.asked_at).total_seconds()
        [told] = _told(chat, mission.id)
        assert (told["event"], told["request"]["key"]) == ("request", request.key)
        assert is_ours(KEY.encode(), httpx.Headers(chat.posted[-1].headers), chat.posted[-1].raw)
        assert told["request"]["answer_url"] in html_of(mail.mails[0])
        assert arrived_after < 15
        async with httpx.AsyncClient(trust_env=False) as http:
            form = {"name": "Alice", "decision": "approve", "text": ""}
            assert (await http.post(told["request"]["answer_url"], data=form)).is_success
        record = await installation.ended(run_id)
        await _wait(lambda: len(_told(chat, mission.id)) == 2, 60)
        report = _told(chat, mission.id)[1]
    assert (record.state, counter.counts()) == (RunState.SUCCESS, ["one"])
    assert (report["event"], report["severity"]) == ("report", "warning")
    assert report["text"] == "Findings: 1 warning.\n- warning: It counts\n\nAll counted."
    listed = (await installation.command("channel", "list", "--json")).json
    assert {one["name"]: one["waiting"] for one in listed}[f"hook-{mission.id}"] == 0
    for name in (f"hook-{mission.id}", f"mail-{mission.id}"):
        assert (await installation.command("channel", "remove", name)).code == 0


async def test_a_mission_report_is_made_on_demand_with_a_picture_and_is_listed(installation: Installation) -> None:
    mission = await installation.launch(task())
    run_id = await installation.start(mission)
    await installation.ended(run_id)
    made = await installation.command("summary", mission.id, "--days", "2", "--json")
    assert made.code == 0, made.stderr
    text, record = made.json["report"], made.json["run"]
    assert text.startswith("# Tested: Mission Report")
    assert PICTURE in text
    assert record["headline"].startswith("1 run: 1 succeeded")
    html = (installation.home / record["report_path"]).with_suffix(".html")
    assert html.is_file()
    assert (html.parents[2] / "index.html").read_text().count("<a href=") == 4
    listed = (await installation.command("reports", mission.id, "--json")).json
    assert [one["id"] for one in listed["mission_reports"]] == [record["id"]]
    async with installation.client() as client:
        wanted = ArtifactFilter.model_validate({"key": {"any_": [summary_key(mission.id)]}})
        artifacts = await client.read_artifacts(artifact_filter=wanted)
    assert [artifact.data for artifact in artifacts] == [text]


async def test_when_a_mission_reports_by_itself_is_a_schedule_in_prefect_that_people_change(installation: Installation) -> None:
    mission = await installation.launch(task())
    name = f"report/{mission.id}--mission_report"
    async with installation.client() as client:
        assert await _crons(client, name) == [WEEKLY]
        changed = await installation.command("summary", mission.id, "--schedule", "0 6 * * *", "--json")
        assert changed.json["cron"] == "0 6 * * *"
        assert await _crons(client, name) == ["0 6 * * *"]
        with installation.chosen():
            early = await start(client, name, {})
        await reaches(installation, early, "Completed")
        assert (await installation.command("reports", mission.id, "--json")).json["mission_reports"] == [], "none was due"
        wrong = await installation.command("summary", mission.id, "--schedule", "* * * * *")
        assert (wrong.code, wrong.stderr) == (2, TOO_OFTEN)
        await installation.command("summary", mission.id, "--schedule", "never")
        with pytest.raises(ObjectNotFound):
            await _crons(client, name)


async def _crons(client: PrefectClient, name: str) -> list[str]:
    schedules = [one.schedule for one in (await client.read_deployment_by_name(name)).schedules]
    return [one.cron for one in schedules if isinstance(one, CronSchedule)]


async def test_the_inbox_flow_shows_open_questions_and_messages(installation: Installation) -> None:
    mission = await installation.launch(task())
    async with installation.client() as client:
        with installation.chosen():
            run_id = await start(client, "inbox/inbox", {"mission": mission.id, "mark_read": True})
        async with asyncio.timeout(60):
            while (state := (await client.read_flow_run(UUID(run_id))).state) is None or not state.is_final():
                await asyncio.sleep(0.1)
        wanted = ArtifactFilter.model_validate({"key": {"any_": [inbox_key(mission.id)]}})
        artifacts = await client.read_artifacts(artifact_filter=wanted)
        assert mission_tag(mission.id) in (await client.read_flow_run(UUID(run_id))).tags, "it goes with the Mission"
    assert "| launched | Tested |" in str(artifacts[0].data)
    async with installation.store() as store:
        assert all(message.is_read for message in await store.messages.list(mission_id=mission.id))
