"""What the agent may do: tool rules, and the pure decision about one call (R5.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from pydantic import Field, JsonValue

from blueprint.values import Value, digest


class Rule(StrEnum):
    """What happens to a call, from the mildest to the strictest."""

    AUTO = "auto"
    CAUTIOUS = "cautious"
    ASK = "ask"
    FORBID = "forbid"


_STRICTNESS = {rule: rank for rank, rule in enumerate(Rule)}


class ToolRule(Value):
    """One tool, or a glob over tools, and what happens to its calls."""

    tool: str = Field(min_length=1, max_length=200, description="'server.tool' or a glob such as 'kubernetes.*'.")
    rule: Rule = Field(description="auto: run; cautious: announce and run; ask: a person decides; forbid: never.")


class RiskPolicy(Value):
    """Tool rules of one level (Blueprint, Digital Employee or tool server)."""

    rules: tuple[ToolRule, ...] = Field(
        default=(), max_length=500, description="The most specific pattern wins; among equals the strictest."
    )


class ToolTraits(Value):
    """What a tool's server says about it (MCP annotations); None where it says nothing."""

    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None

    @property
    def is_read_only(self) -> bool:
        """Whether the tool is declared to change nothing; a contradiction counts as no."""
        return self.read_only is True and self.destructive is not True

    @property
    def is_repeatable(self) -> bool:
        """Whether a call whose outcome is unknown may simply be made again (R4.8)."""
        return self.is_read_only or self.idempotent is True


class ToolCall(Value):
    """One call that the model wants to make; `id` is ours and unique within the run."""

    id: str
    server: str
    tool: str
    arguments: dict[str, JsonValue]

    @property
    def name(self) -> str:
        """`server.tool`, as people see it and policies name it."""
        return f"{self.server}.{self.tool}"

    @property
    def digest(self) -> str:
        """Hash of exactly this server, tool and arguments: what an approval is bound to (R5.3)."""
        return digest({"server": self.server, "tool": self.tool, "arguments": self.arguments})


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What happens to a call, and why, in words for the stream and the form."""

    rule: Rule
    reason: str


def assess(policies: Sequence[tuple[str, RiskPolicy]], call: ToolCall, traits: ToolTraits) -> Verdict:
    """Decide about one call: the first level with a fitting rule, else the tool's traits; unknown means ask (R5.2).

    `policies` are (label, policy) in order of precedence: Blueprint, Digital Employee, tool server. What any level forbids
    stays forbidden: a plan, which a model wrote, can't lift it. Nothing else of the model's or a tool's enters here.
    """
    said = [(label, rule) for label, policy in policies if (rule := _fitting(policy, call)) is not None]
    forbidding = [(label, rule) for label, rule in said if rule.rule is Rule.FORBID]
    for label, rule in [*forbidding, *said]:
        return Verdict(rule=rule.rule, reason=f"{label} says {rule.rule} for {rule.tool!r}")
    if traits.is_read_only:
        return Verdict(rule=Rule.AUTO, reason="its server declares it read-only")
    if traits.read_only is None and traits.destructive is None:
        return Verdict(rule=Rule.ASK, reason="its server does not say what it changes, which counts as high risk")
    return Verdict(rule=Rule.ASK, reason="it changes something")


def _fitting(policy: RiskPolicy, call: ToolCall) -> ToolRule | None:
    fitting = [rule for rule in policy.rules if fnmatchcase(call.name, rule.tool)]
    return max(fitting, key=_specificity, default=None)


def _specificity(rule: ToolRule) -> tuple[bool, int, int]:
    is_exact = not any(mark in rule.tool for mark in "*?[")
    return is_exact, len(rule.tool.replace("*", "")), _STRICTNESS[rule.rule]
