"""What made a run start, beyond its time: the event that it is to look at (R2.5)."""

from pydantic import Field, JsonValue

from blueprint.values import Value


class EventGiven(Value):
    """An event as its Task gets it: data from outside, never instructions (R9.2)."""

    id: str = Field(description="Prefect's id of the event; the same event starts one run.")
    name: str
    labels: dict[str, str] = Field(default_factory=dict)
    payload: JsonValue = None
