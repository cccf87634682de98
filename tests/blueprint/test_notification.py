"""Which channel gets which message, by the plan, the channel's rules and its rules for single Missions (R7.1)."""

import pytest
from pydantic import SecretStr

from blueprint.notification import Channel, ChannelRule, MissionRule, recipients
from blueprint.records import Message
from blueprint.stream import Severity
from tests.blocks.examples import NOW


def channel(name: str, **fields: object) -> Channel:
    return Channel.model_validate({"name": name, "kind": "webhook", "url": SecretStr("http://x"), **fields})


def message(event: str = "report", severity: Severity = Severity.INFO, **fields: object) -> Message:
    known = {"id": "m", "mission_id": "hosts", "event": event, "severity": severity, "title": "t", "body": "b", "at": NOW}
    return Message.model_validate(known | fields)


OPS, PAGER = channel("ops"), channel("pager", is_default=False)
CRITICAL = ChannelRule(least_severity=Severity.CRITICAL)


@pytest.mark.parametrize(
    ("channels", "named", "told", "expected"),
    [
        pytest.param([OPS, PAGER], (), message(), ("ops",), id="a plan that names none tells the default ones"),
        pytest.param([OPS, PAGER], ("pager",), message(), ("pager",), id="a plan that names one tells that one only"),
        pytest.param([channel("ops", rule=CRITICAL)], (), message(), (), id="what matters less is left out"),
        pytest.param([channel("ops", rule=CRITICAL)], (), message(severity=Severity.CRITICAL), ("ops",), id="what matters comes"),
        pytest.param([channel("ops", rule=ChannelRule(events=("error",)))], (), message(), (), id="other events are left out"),
        pytest.param([channel("ops", missions=(MissionRule(mission="hosts", is_off=True),))], (), message(), (), id="off"),
        pytest.param(
            [channel("ops", rule=CRITICAL, missions=(MissionRule(mission="hosts"),))],
            (),
            message(),
            ("ops",),
            id="a rule for the Mission takes the place of the general one",
        ),
        pytest.param(
            [channel("ops", missions=(MissionRule(mission="mail", is_off=True),))],
            (),
            message(),
            ("ops",),
            id="a rule for another Mission changes nothing",
        ),
        pytest.param(
            [channel("boss", is_default=False, is_escalation=True, rule=ChannelRule(events=("error",)))],
            ("ops",),
            message("reminder", is_escalation=True),
            ("boss",),
            id="the last reminder goes to the escalation channel whatever its rules say",
        ),
        pytest.param(
            [channel("boss", is_default=False, is_escalation=True)], (), message("reminder"), (), id="the first does not"
        ),
        pytest.param([OPS, channel("b")], (), message("channel", mission_id="", channel="ops"), ("b",), id="not about itself"),
    ],
)
def test_a_message_goes_to(channels: list[Channel], named: tuple[str, ...], told: Message, expected: tuple[str, ...]) -> None:
    assert recipients(told, named, channels) == expected
