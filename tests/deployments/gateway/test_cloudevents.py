"""CloudEvents in their three forms, and JSON of any shape."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from deployments.gateway.refusals import Refused
from tests.deployments.gateway.requests import CLOUD_EVENT, RECEIVED, read

STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
ATTRIBUTES = {name: value for name, value in CLOUD_EVENT.items() if name not in ("data", "datacontenttype")}
BINARY = {"content-type": "application/json"} | {f"ce-{name}": quote(value, safe=":/") for name, value in ATTRIBUTES.items()}


def test_structured_event_is_read() -> None:
    [event] = read("cloudevents", CLOUD_EVENT, STRUCTURED)
    assert event.name == "cloudevents.com.example.build.failed"
    assert event.subject == "https://ci.example.com/builds shop/42"
    labels = ("source", "type", "subject", "stage")
    assert event.labels == {name: CLOUD_EVENT[name] for name in labels}
    assert event.occurred == datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    assert event.payload == CLOUD_EVENT


def test_all_three_forms_give_the_same_event() -> None:
    [structured] = read("cloudevents", CLOUD_EVENT, STRUCTURED)
    [binary] = read("cloudevents", CLOUD_EVENT["data"], BINARY)
    first, second = read("cloudevents", [CLOUD_EVENT, {**CLOUD_EVENT, "id": "other"}], BATCH)
    assert structured == binary == first
    assert second.key != first.key


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [
        ("text/plain", "grüß".encode(), {"data": "grüß", "datacontenttype": "text/plain"}),
        ("application/octet-stream", b"\0\xff", {"data_base64": "AP8=", "datacontenttype": "application/octet-stream"}),
        ("application/vnd.x+json", b"[1]", {"data": [1], "datacontenttype": "application/vnd.x+json"}),
        ("", b"", {}),
    ],
)
def test_binary_event_keeps_data_of_any_type(content_type: str, body: bytes, data: dict[str, object]) -> None:
    [event] = read("cloudevents", body, BINARY | {"content-type": content_type, "ce-subject": "Gr%C3%BC%C3%9Fe"})
    assert event.payload == {**ATTRIBUTES, "subject": "Grüße", **data}


def test_event_without_a_time_occurred_when_it_came() -> None:
    bare = {name: CLOUD_EVENT[name] for name in ("specversion", "id", "source", "type")}
    [event] = read("cloudevents", bare, STRUCTURED)
    assert event.occurred == RECEIVED


@pytest.mark.parametrize(
    ("document", "headers", "said"),
    [
        ({**CLOUD_EVENT, "specversion": "0.3"}, STRUCTURED, "specversion: Input should be '1.0'"),
        ({**CLOUD_EVENT, "id": ""}, STRUCTURED, "id: String should have at least 1 character"),
        ({**CLOUD_EVENT, "source": 7}, STRUCTURED, "source: Input should be a valid string"),
        (CLOUD_EVENT, BATCH, "is a list of CloudEvents"),
        (CLOUD_EVENT, {"content-type": "application/json"}, "This is no CloudEvent"),
        ([CLOUD_EVENT, 1], BATCH, "The body is no CloudEvent 1.0"),
        (b"{", BINARY, "The body is no JSON"),
    ],
)
def test_what_is_no_cloudevent_is_refused_with_the_reason(document: object, headers: dict[str, str], said: str) -> None:
    with pytest.raises(Refused) as refused:
        read("cloudevents", document, headers)
    assert said in str(refused.value)


MAPPING: dict[str, Any] = {
    "events": "/items",
    "id": "/build/id",
    "name": "/build/state",
    "time": "/at",
    "subject": "/repo",
    "labels": {"repository": "/repo", "first": "/tags/0", "passed": "/passed", "gone": "/no/such"},
}
BUILD: dict[str, Any] = {
    "build": {"id": 7, "state": "failed"},
    "at": 1_795_258_800,
    "repo": "shop",
    "tags": ["a"],
    "passed": False,
}


def test_json_of_any_shape_is_read_by_its_mapping() -> None:
    [event] = read("json", {"items": [BUILD]}, mapping=MAPPING)
    assert (event.name, event.subject, event.title) == ("json.failed", "shop", "failed")
    assert event.labels == {"repository": "shop", "first": "a", "passed": "false"}
    assert event.occurred == datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
    assert event.payload == BUILD


def test_json_event_is_the_same_by_its_id_and_without_one_as_a_whole() -> None:
    first, second, third = read(
        "json", {"items": [BUILD, {**BUILD, "at": 1}, {**BUILD, "build": {"state": "x"}}]}, mapping=MAPPING
    )
    assert first.key == second.key != third.key
    [again] = read("json", {**BUILD, "build": {"state": "x"}}, mapping={**MAPPING, "events": ""})
    assert again.key == third.key


def test_name_may_be_said_by_the_mapping_itself() -> None:
    [event] = read("json", {"any": "thing"}, mapping={"name": "door opened!"})
    assert event.name == "json.door-opened-"
    assert event.occurred == RECEIVED


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"items": [1]}, "no JSON object at '/items'"),
        ({}, "no JSON object at '/items'"),
        ({"items": {"build": {}}}, "no name at '/build/state'"),
        ({"items": {**BUILD, "at": "soon"}}, "At '/at' is neither a time"),
        ({"items": {**BUILD, "at": 1e300}}, "At '/at' is neither a time"),
    ],
)
def test_json_that_does_not_fit_its_mapping_is_refused_with_the_place(document: object, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read("json", document, mapping=MAPPING)
    assert said in str(refused.value)


def test_mapping_is_pointers_and_nothing_else() -> None:
    for pointer in ("items", "{{ 1 }}", "/a~2", "__class__"):
        with pytest.raises(ValueError, match="should match pattern"):
            read("json", {}, mapping={"id": pointer})
    [event] = read("json", {"id": 1}, mapping={"name": "x", "labels": {"a": "/__class__", "b": "/keys"}})
    assert event.labels == {}
    json.dumps(event.payload)
