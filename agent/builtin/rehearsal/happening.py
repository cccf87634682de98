"""Reads events from English: "when the latency alert fires", "when 3 disk alerts fire within 10 minutes", "on event x.y"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SEVERITIES = "critical|warning|error|major|minor|info"
_WHEN = r"(?:when(?:ever)?|if|as soon as|each time|every time|once)"
_NAME = r"(?P<name>[\"'][^\"']{1,80}[\"']|(?!(?:the|an?|any|is|are)\b)[A-Za-z][\w-]*(?: (?!alerts?\b)[\w-]+){0,2})"
_WITHIN = r"(?: within (?P<length>\d{1,4}|an?|one)\s*(?P<unit>seconds?|minutes?|hours?))?"
_SOURCE = r"(?P<source>(?:alertmanager|prometheus|grafana) )?"
_FIRING = "fires?|is firing|are firing|goes off|go off|comes?(?: in)?|arrives?|is raised"
_FIRES = rf"(?P<state>{_FIRING}|is resolved|resolves?|clears?)"
_COUNT = r"(?P<count>\d{1,4} |two |three |five |ten )?"
_QUOTED = r"(?: (?P<quoted>[\"'][^\"']{1,80}[\"']|[A-Z]\w*))?"

HAPPENING = tuple(
    pattern.replace(" ", r"\s+")
    for pattern in (
        rf"{_WHEN} (?:the |an? |any )?{_COUNT}{_SOURCE}(?P<severity>(?:{_SEVERITIES}) )?(?:{_NAME} )?"
        rf"alerts?{_QUOTED} {_FIRES}{_WITHIN}",
        rf"on (?:every|each|any|an?) (?P<on_severity>(?:{_SEVERITIES}) )?(?P<on_source>(?:alertmanager|prometheus|grafana) )?"
        r"(?:(?P<on_name>[A-Z]\w*) )?alert\b",
        r"(?:when(?:ever)?|if|on|each time|every time) (?:the |an? )?event [\"']?(?P<event>[\w-]+(?:\.[\w-]+)+)[\"']?"
        r"(?: (?:arrives?|comes?(?: in)?|happens?|is sent|occurs?))?",
    )
)
"""Patterns of an event."""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """An event rule as a person said it; `said` is the phrase itself, `note` what was assumed."""

    event: str
    match: Mapping[str, str]
    said: str
    threshold: int = 1
    within_seconds: int = 0
    note: str = ""

    def trigger(self) -> dict[str, object]:
        """The trigger of a Blueprint."""
        return {
            "kind": "event",
            "event": self.event,
            "match": [{"label": label, "value": value} for label, value in self.match.items()],
            "threshold": self.threshold,
            "within_seconds": self.within_seconds,
            "cooldown_seconds": 0,
            "deduplicate_by": [],
        }


def read_happening(match: re.Match[str]) -> Happening:
    """What one of the patterns `HAPPENING` found."""
    said = {name: text.strip() for name, text in match.groupdict().items() if text}
    phrase = " ".join(match.group().split())
    if "event" in said:
        return Happening(event=said["event"], match={}, said=phrase)
    kind = "grafana" if "grafana" in (said.get("source") or said.get("on_source") or "").lower() else "alertmanager"
    state = "resolved" if re.search(r"resolve|clear", said.get("state", ""), re.IGNORECASE) else "firing"
    labels, note = _labels(said)
    threshold, within = _often(said)
    return Happening(event=f"{kind}.{state}", match=labels, said=phrase, threshold=threshold, within_seconds=within, note=note)


def _labels(said: Mapping[str, str]) -> tuple[dict[str, str], str]:
    severity = (said.get("severity") or said.get("on_severity") or "").lower()
    labels = {"severity": severity} if severity else {}
    name = said.get("quoted") or said.get("name") or said.get("on_name") or ""
    if not name:
        return labels, ""
    if name[0] in "\"'" or name[:1].isupper():
        return labels | {"alertname": name.strip("\"'")}, ""
    start = "".join(word[:1].upper() + word[1:] for word in re.split(r"[\s_-]+", name))
    note = f"Every alert whose name begins with {start!r} counts as {name!r}; name it exactly if it is called otherwise."
    return labels | {"alertname": f"{start}*"}, note


def _often(said: Mapping[str, str]) -> tuple[int, int]:
    """Threshold and window; a threshold without a window gets ten minutes."""
    word = said.get("count", "1").lower()
    count = int(word) if word.isdigit() else {"two": 2, "three": 3, "five": 5, "ten": 10}.get(word, 1)
    if count == 1:
        return 1, 0
    length = said.get("length", "10")
    return count, (int(length) if length.isdigit() else 1) * _SECONDS[said.get("unit", "minutes")[0].lower()]
