"""Tells which version of its plans a Draft has: what was only shown in a conversation is none of them (R2.4, R3.5)."""

from collections.abc import Sequence

from blueprint.requests import Decision, Request, ReviewQuestion


def draft_version(versions: Sequence[int], asked: Sequence[Request]) -> int | None:
    """The version that a launch of the Draft puts in force; None while there is none. `asked`: the Mission's requests."""
    return max(_own(versions, asked) | set(accepted_versions(versions, asked)), default=None)


def accepted_versions(versions: Sequence[int], asked: Sequence[Request]) -> list[int]:
    """Proposals that became the Draft's plan, one after the other: each was confirmed while that which it replaces was."""
    own, accepted = _own(versions, asked), list[int]()
    for request in sorted(filter(_is_confirmed, asked), key=_answered_at):
        question = _review(request)
        assert question is not None, "only reviews are confirmed"
        before = max([*(version for version in own if version < question.plan_version), *accepted], default=None)
        if question.replaces == before:
            accepted.append(question.plan_version)
    return accepted


def version_to_show(versions: Sequence[int], asked: Sequence[Request], run_id: str) -> int | None:
    """The version that the creation `run_id` shows next, where it is there already; None when it has to be written first.

    It was made just before a kill; or somebody changed the Draft by talking while the one that was confirmed was shown.
    """
    shown = [(request, question) for request in asked if request.run_id == run_id and (question := _review(request))]
    if shown and (answer := shown[-1][0].answer) and answer.decision is Decision.LAUNCH:
        return draft_version(versions, asked)
    newest = max((question.plan_version for _, question in shown), default=0)
    proposed = {question.plan_version for question in _reviews(asked) if question.replaces is not None}
    return max((version for version in set(versions) - proposed if version > newest), default=None)


def _own(versions: Sequence[int], asked: Sequence[Request]) -> set[int]:
    """The first version, and those that the creation has shown. A conversation that was killed leaves versions nobody saw."""
    return {*sorted(versions)[:1], *(question.plan_version for question in _reviews(asked) if question.replaces is None)}


def _reviews(asked: Sequence[Request]) -> list[ReviewQuestion]:
    return [question for request in asked if (question := _review(request))]


def _is_confirmed(request: Request) -> bool:
    question = _review(request)
    is_proposal = question is not None and question.replaces is not None
    return is_proposal and request.answer is not None and request.answer.decision is Decision.LAUNCH


def _answered_at(request: Request) -> float:
    return request.answer.at.timestamp() if request.answer else 0.0


def _review(request: Request) -> ReviewQuestion | None:
    return request.question if isinstance(request.question, ReviewQuestion) else None
