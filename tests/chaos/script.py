"""What one run of a trial does, step by step: drawn from a seed, carried in its Task's instructions, read by its model."""

import random
import re
from typing import Literal

from blueprint.plan import Task
from blueprint.policy import RiskPolicy, Rule, ToolRule
from blueprint.triggers import Manual
from blueprint.values import Value

_STEPS = (3, 6)
_LONGEST_PAUSE = 1.5
_KINDS: tuple[Literal["count", "count_once", "peek", "inform", "choose"], ...] = (
    "count",
    "count",
    "count",
    "count_once",
    "peek",
    "inform",
    "choose",
)
_MARK = "SCRIPT "


class Step(Value):
    """One step: a call of the counter, `before` and `after` its effect so many seconds of pause, or a question to a person."""

    kind: Literal["count", "count_once", "peek", "inform", "choose"]
    text: str
    before: float
    after: float


class Script(Value):
    """All steps of the run `name`. `freely`: its counting calls need no approval."""

    name: str
    freely: bool
    steps: tuple[Step, ...]

    @property
    def task(self) -> Task:
        """The Task that does it."""
        return Task(name="work", title=self.name, instructions=f"Follow this.\n{_MARK}{self.model_dump_json()}", trigger=Manual())

    @property
    def policy(self) -> RiskPolicy:
        """The risk policy of its plan."""
        return RiskPolicy(rules=(ToolRule(tool="counter.*", rule=Rule.AUTO),) if self.freely else ())


def write_script(name: str, chance: random.Random) -> Script:
    """The script that `chance` gives; its texts are no other run's."""
    steps = [_step(f"{name}-{place}", chance) for place in range(chance.randint(*_STEPS))]
    first = steps[0].model_copy(update={"kind": "count"})  # no run without an effect
    return Script(name=name, freely=chance.random() < 0.3, steps=(first, *steps[1:]))


def read_script(instructions: str) -> Script:
    """The script in the text of a Task; ValueError when there is none."""
    found = re.search(rf"^{_MARK}(.*)$", instructions, re.MULTILINE)
    if found is None:
        raise ValueError(f"no script in {instructions[:200]!r}")
    return Script.model_validate_json(found[1])


def _step(text: str, chance: random.Random) -> Step:
    before, after = (round(chance.uniform(0, _LONGEST_PAUSE), 2) for _ in range(2))
    return Step(kind=chance.choice(_KINDS), text=text, before=before, after=after)
