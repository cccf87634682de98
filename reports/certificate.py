"""The certificate of a deletion: what was removed, where was looked in the end, and what stays for a while (R3.3)."""

from blueprint.deletion import Deletion
from reports.rendering import render
from reports.times import moment


def certificate_page(deletion: Deletion) -> str:
    """The certificate as Markdown; it holds no word of the Mission."""
    ended = deletion.ended_at or deletion.begun_at
    return render(
        "certificate.md.j2",
        key=deletion.key,
        by=deletion.by,
        begun=moment(deletion.begun_at, "UTC"),
        ended=moment(ended, "UTC"),
        removed=[{"what": what, "count": count} for what, count in sorted(deletion.removed.items())],
        scanned=list(deletion.scanned),
        left=list(deletion.left),
    )
