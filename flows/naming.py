"""How a Mission's things are called in Prefect, so that finding them is a query (tags and key prefixes)."""

from blueprint.values import short_id, slug

INDEX_KEY = "missions-index"
"""Artifact key of the list of all Missions."""


def mission_id_for(goal: str, run_id: str) -> str:
    """The id of the Mission that the create run `run_id` makes: the same however often that run is started again."""
    return f"{slug(goal)[:32].rstrip('-')}-{run_id.replace('-', '')[-6:]}"


def steps_key(mission_id: str, run_id: str) -> str:
    """Artifact key of a run's steps: each step is one version of it."""
    return f"{mission_id}-{short_id(run_id)}-steps"


def session_key(mission_id: str, run_id: str) -> str:
    """Artifact key of a run's whole conversation."""
    return f"{mission_id}-{short_id(run_id)}-session"


def snapshot_key(mission_id: str, run_id: str) -> str:
    """Artifact key of a run's process snapshots: each is one version of it."""
    return f"{mission_id}-{short_id(run_id)}-snapshot"


def report_key(mission_id: str, task: str) -> str:
    """Artifact key of a Task's reports: each run's report is one version of it."""
    return f"{mission_id}-{task}-report"


def summary_key(mission_id: str) -> str:
    """Artifact key of a Mission's Mission Reports: each is one version of it."""
    return f"{mission_id}-summary"


ALL_INBOX = "missions-inbox"
"""Artifact key of the message center's pages of all Missions together: a Mission that is deleted has words in them."""


def inbox_key(mission_id: str | None) -> str:
    """Artifact key of the message center's pages, of one Mission or of all."""
    return f"{mission_id}-inbox" if mission_id else ALL_INBOX


def plan_key(mission_id: str) -> str:
    """Artifact key of a Mission's plan pages."""
    return f"{mission_id}-plan"


def change_key(mission_id: str) -> str:
    """Artifact key of the changes of a Mission's plan that people were shown."""
    return f"{mission_id}-changes"


def calendar_key(mission_id: str) -> str:
    """Artifact key of a Mission's records of the present month."""
    return f"{mission_id}-calendar"
