"""Reads what follows what from English: "after both inspections", "when the disk check is done", "afterwards"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.builtin.rehearsal.words import content_words, meanings

_WORK = r"(?:inspections?|checks?|tasks?|reports?|reviews?|scans?|cleanings?|clean-?ups?|looks?|runs?)"
_ENDED = "done|finished|over|through|complete|completed|succeeded|run|ready|successful"
_DONE = rf"(?:(?:are|is|have|has) (?:been )?(?:{_ENDED})|succeeds?|finish(?:es)?)"
_SEVERAL = "both|all|all (?:two|three|four|five)|these|those|they|the (?:two|three|others?)"
_OF = r"(?: of (?:them|these|those))?"
_END = r"(?=\s|,|$)"

FOLLOWING = tuple(
    pattern.replace(" ", r"\s+")
    for pattern in (
        rf"after (?P<all>{_SEVERAL}){_OF}(?: the)?(?:(?: [\w-]+){{0,2}}? {_WORK})?(?: {_DONE})?{_END}",
        rf"(?:when|once|as soon as|only (?:when|after)|if) (?P<done>{_SEVERAL}){_OF}(?: {_WORK})? {_DONE}",
        r"(?P<last>after(?: that| this| it|wards)\b)",
        rf"(?:after|when|once|as soon as) (?P<named>the (?:[\w-]+ ){{0,3}}?{_WORK}(?: of (?:the )?[\w-]+)?)(?: {_DONE})?{_END}",
    )
)
"""Patterns of a dependency."""


@dataclass(frozen=True, kw_only=True)
class Following:
    """What a job waits for: all that come before it, only the last of them, or those that the words name."""

    which: Literal["all", "both", "last", "named"]
    words: str = ""


def read_following(match: re.Match[str]) -> Following:
    """What one of the patterns `FOLLOWING` found."""
    said = {name: text.lower() for name, text in match.groupdict().items() if text}
    if "last" in said:
        return Following(which="last")
    if "named" in said:
        return Following(which="named", words=said["named"])
    word = said.get("all") or said.get("done") or "all"
    return Following(which="both" if word in ("both", "the two") else "all")


def names_before(following: Following, tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the Tasks that are meant, of those that come before."""
    names = [str(task["name"]) for task in tasks]
    match following.which:
        case "all":
            return names
        case "both":
            return names[-2:]
        case "last":
            return names[-1:]
        case "named":
            subject = meanings(content_words(following.words))
            meant = [str(task["name"]) for task in tasks if subject & meanings(f"{task['name']} {task['title']}")]
            return meant or names[-1:]
