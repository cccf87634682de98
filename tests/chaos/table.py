"""The results of a trial as Markdown: what was killed, and the table of guarantees that docs/guarantees.md keeps."""

from collections.abc import Mapping, Sequence

from tests.chaos.checks import Guarantee

HEADER = "| guarantee | looked at | broken |"


def guarantees_table(guarantees: Sequence[Guarantee]) -> list[str]:
    """One row a guarantee."""
    rows = [f"| {one.promise} | {one.looked_at} | {len(one.broken)} |" for one in guarantees]
    return [HEADER, "|---|---|---:|", *rows]


def kills_table(killed: Mapping[str, int]) -> list[str]:
    """One row a kind of process, the most killed first."""
    rows = [f"| {kind} | {times} |" for kind, times in sorted(killed.items(), key=lambda item: -item[1])]
    return ["| killed (SIGKILL) | times |", "|---|---:|", *rows, f"| together | {sum(killed.values())} |"]
