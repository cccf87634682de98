"""The model of a trial: it reads where its script stands from the conversation alone, so that it can be asked twice."""

import random
from collections.abc import Sequence
from typing import Any

from tests.chaos.script import Script, Step, read_script
from tests.fakes.model_server import Turn, calls, waits

_LONGEST_THOUGHT = 1.0
_MISSING = calls(("ask_person", {"kind": "anomaly", "title": "no counter", "text": "The counter is away. Shall I try again?"}))
_CONTINUE = "The person's decision: continue"


def next_turn(request: dict[str, Any]) -> Turn:
    """The next step of the script that the conversation is about, or the conclusion."""
    script = read_script(request["messages"][1]["content"])
    place = _place(script, [str(one["content"]) for one in request["messages"] if one["role"] == "tool"])
    turn = _turn(script.steps[place]) if place < len(script.steps) else _conclusion(script)
    offered = {tool["function"]["name"] for tool in request["tools"]}
    if not {name for name, _ in turn.calls} <= offered:
        turn = _MISSING
    return waits(random.Random(f"{script.name} {place}").uniform(0, _LONGEST_THOUGHT), turn)


def _place(script: Script, results: Sequence[str]) -> int:
    """How many steps are behind it: one that did not happen, and that nobody refused, is tried again."""
    place = 0
    for result in results:
        if _CONTINUE in result:
            continue
        is_lost = ": not done" in result.partition("\n")[0] and "rejected" not in result
        place += 0 if is_lost and script.steps[place].kind.startswith("count") else 1
    return place


def _turn(step: Step) -> Turn:
    match step.kind:
        case "count" | "count_once":
            made = (f"counter__{step.kind}", {"text": step.text, "before": step.before, "after": step.after})
        case "peek":
            made = ("counter__peek", {"before": step.before})
        case "inform":
            made = ("ask_person", {"kind": "information", "title": step.text, "text": f"What about {step.text}?"})
        case "choose":
            question = {"kind": "choice", "title": step.text, "text": "Which way?", "options": ["left", "right"]}
            made = ("ask_person", question)
    return calls(made, text=f"I do {step.text}.")


def _conclusion(script: Script) -> Turn:
    return calls(("conclude", {"summary": f"{script.name} did all its steps.", "findings": []}))
