"""Webhooks of Alertmanager and Grafana become events."""

from datetime import UTC, datetime

import pytest

from deployments.gateway.refusals import Refused
from tests.deployments.gateway.requests import alert, notification, read


def test_each_alert_of_a_group_is_an_event_by_its_own_status() -> None:
    firing, resolved = read("alertmanager", notification(alert(), alert("aa", "resolved")))
    assert (firing.name, resolved.name) == ("alertmanager.firing", "alertmanager.resolved")
    assert (firing.subject, firing.title) == ("11458e5805c85682", "HighCPU")
    assert firing.labels == alert()["labels"]
    assert firing.occurred == datetime(2026, 11, 20, 23, 0, 0, 123456, tzinfo=UTC)
    assert resolved.occurred == datetime(2026, 11, 20, 23, 5, tzinfo=UTC)
    group = {"receiver": "agent", "groupKey": notification()["groupKey"], "externalURL": "http://vm:4531", "truncatedAlerts": 0}
    assert firing.payload == {**alert(), "group": group}


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (alert(annotations={"summary": "now 99 %"}), True),
        (alert(endsAt="2026-11-20T23:09:00Z"), True),
        (alert("22"), False),
        (alert(status="resolved"), False),
        (alert(startsAt="2026-11-20T23:00:01Z"), False),
    ],
)
def test_alert_is_the_same_event_when_fingerprint_start_and_status_are(other: dict[str, object], is_same: bool) -> None:
    [first], [second] = read("alertmanager", notification(alert())), read("alertmanager", notification(other, receiver="b"))
    assert (first.key == second.key) is is_same


def test_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    bare = {name: value for name, value in alert().items() if name != "fingerprint"}
    [first], [second] = read("alertmanager", notification(bare)), read("alertmanager", notification(bare, receiver="b"))
    [other] = read("alertmanager", notification({**bare, "labels": {"alertname": "Other"}}))
    assert first.key == second.key != other.key


def test_grafana_sends_the_same_shape_in_version_one() -> None:
    more = {"orgId": 1, "title": "[FIRING:1]", "state": "alerting", "message": "**Firing**"}
    grafana = alert(values={"A": 1.5, "B": None}, silenceURL="http://s", dashboardURL="", panelURL="")
    [event] = read("grafana", notification(grafana, version="1", **more))
    assert event.name == "grafana.firing"
    assert event.payload["values"] == {"A": 1.5, "B": None}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (notification(alert(), version="3"), "version '3' of the webhook of Alertmanager; '4' is read here"),
        (notification(alert(status="pending")), "alerts.0.status: Input should be 'firing' or 'resolved'"),
        (notification(alert(labels={"a": {"b": "c"}})), "alerts.0.labels.a: Input should be a valid string"),
        (notification(alert(startsAt="yesterday")), "Input should be a valid datetime"),
        (notification(alert(startsAt="2026-11-20T23:00:00")), "Input should have timezone info"),
        ({"alerts": "all"}, "version: Field required; alerts: Input should be a valid list"),
        ([], "no webhook of Alertmanager"),
        (None, "no webhook of Alertmanager"),
        (b"", "The body is no JSON: Expecting value"),
        (b"\xff\xfe\xff", "The body is no JSON"),
        (b"[" * 100_000, "nested more than 32 levels deep"),
        (
            notification(alert(values=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]])),
            "nested more than 32 levels",
        ),
        (b'{"a": NaN}', "the number NaN"),
        (b'{"a": 1e999}', "the number inf"),
    ],
)
def test_what_is_no_such_webhook_is_refused_with_the_place_and_the_reason(document: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read("alertmanager", document)
    assert (refused.value.reason, refused.value.status) == ("malformed", 400)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 1_200


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (notification(*[alert()] * 1001), "has 1001 events; the most is 1000"),
        (notification(alert(annotations={"a": "x" * 250_000})), "the most is 250000"),
        (notification(alert(labels={f"l{number}": "" for number in range(101)})), "101 labels; the most is 100"),
    ],
)
def test_what_is_too_much_is_refused_whole(document: object, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        read("alertmanager", document)
    assert refused.value.status == 413


def test_characters_that_no_table_takes_are_replaced() -> None:
    [event] = read(
        "alertmanager", notification(alert(labels={"alertname": "a\0b", "n\0": "\ud800"}, annotations={"\0": "\ud83d"}))
    )
    assert event.labels == {"alertname": "a\ufffdb", "n\ufffd": "?"}
    assert event.payload["annotations"] == {"\ufffd": "?"}


def test_long_label_is_cut_where_rules_match_and_whole_in_the_payload() -> None:
    long = {"alertname": "x" * 5000}
    [event] = read("alertmanager", notification(alert(labels=long)))
    assert len(event.labels["alertname"]) == 1024
    assert event.payload["labels"] == long
