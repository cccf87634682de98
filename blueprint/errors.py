"""The errors that Missions raises on purpose, as one tree.

MissionsError
 ├─ InvalidInput           a person gave something that can't be used; nothing was changed
 │   ├─ UnknownName        no such Mission, run, Task, block; lists the candidates
 │   ├─ InvalidBlueprint   a plan that fails validation; carries every problem
 │   ├─ ForbiddenTransition   a Mission can't go from this state to that one (R3.1)
 │   ├─ Outdated           the plan that was to be replaced is not that in force any more; look again
 │   └─ NotPermitted       what was to allow a call does not, or does not any more; nothing was written (R5.3)
 ├─ Unavailable            something outside does not answer (database, server, model, tool server)
 │   ├─ ModelUnavailable
 │   │   └─ ConversationTooLong   the conversation is longer than the model takes; a shorter one may do
 │   ├─ ToolServerUnavailable
 │   │   └─ LoginNeeded        it wants a person's login, and there is none that is still good
 │   └─ ChannelFailed      a notification channel did not take a message
 ├─ Unreadable             a stored row is of a version that this code does not understand
 ├─ LeaseLost              another process has this run now, or it is over; stop at once and write nothing more
 └─ RunEnded               a run can't go on; its text becomes the reason in the report
     ├─ ModelMisbehaved    the model's answers stayed unusable after all corrections (R4.9)
     ├─ LimitReached       steps, tokens or running time are used up (R4.6, R4.9)
     ├─ Unanswered         nobody answered a request in time; silence never approves (R5.4)
     └─ Stopped            a person ended the run in an answer

The text of each says what is wrong, with the value, and what to do.
"""

from collections.abc import Sequence


class MissionsError(Exception):
    """Root of the tree; `str()` is a sentence for a person."""


class InvalidInput(MissionsError):
    """What a person gave can't be used; nothing was changed."""


class UnknownName(InvalidInput):
    """`given` names no `kind`, or more than one; `candidates` are those it could have meant."""

    def __init__(self, kind: str, given: str, candidates: Sequence[str], *, ambiguous: bool = False) -> None:
        self.kind, self.given, self.candidates, self.ambiguous = kind, given, tuple(candidates), ambiguous
        claim = f"{given!r} fits more than one {kind}" if ambiguous else f"There is no {kind} {given!r}"
        listed = ", ".join(self.candidates[:20]) if self.candidates else "none yet"
        super().__init__(f"{claim}; {'candidates' if ambiguous else 'available'}: {listed}.")


class InvalidBlueprint(InvalidInput):
    """A Blueprint that fails validation; `problems` holds a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        told = " ".join(self.problems) if len(self.problems) < 2 else "".join(f"\n- {problem}" for problem in self.problems)
        super().__init__(f"The Blueprint can't be used: {told}")


class ForbiddenTransition(InvalidInput):
    """A Mission in state `current` can't become `wanted` (R3.1)."""

    def __init__(self, mission: str, current: str, wanted: str, allowed: Sequence[str]) -> None:
        self.mission, self.current, self.wanted = mission, current, wanted
        ways = f"it can become {' or '.join(allowed)}" if allowed else "that is final"
        super().__init__(f"Mission {mission!r} is {current} and can't become {wanted}; {ways}.")


class Outdated(InvalidInput):
    """A change was confirmed against version `shown` of the plan, and another one, `now`, is in force."""

    def __init__(self, mission: str, shown: int | None, now: int | None) -> None:
        self.mission, self.shown, self.now = mission, shown, now
        super().__init__(
            f"Mission {mission!r} follows version {now} of its plan by now, the change was shown against version {shown}; "
            "look at it again."
        )


class NotPermitted(InvalidInput):
    """An approval, or a rule, that was to allow a call does not, or does not any more; nothing was written (R5.3)."""


class Unavailable(MissionsError):
    """Something outside does not answer."""


class ModelUnavailable(Unavailable):
    """The model endpoint is down, refuses the key, or stayed slow or broken over all retries.

    `may_pass` says whether waiting may help; `retry_after` is how many seconds the endpoint itself asks for, else 0.
    """

    def __init__(self, text: str, *, may_pass: bool = False, retry_after: float = 0) -> None:
        self.may_pass, self.retry_after = may_pass, retry_after
        super().__init__(text)


class ConversationTooLong(ModelUnavailable):
    """The model refuses the conversation for its length: it takes less than its endpoint's block says (R4.5)."""


class ToolServerUnavailable(Unavailable):
    """An MCP server can't be started or reached."""


class LoginNeeded(ToolServerUnavailable):
    """An MCP server wants a person's login, and there is none that is still good; nothing was done."""

    def __init__(self, server: str, reason: str) -> None:
        self.server = server
        super().__init__(f"{reason}; a person has to log in with `missions tools login {server}`")


class ChannelFailed(Unavailable):
    """A notification channel did not take a message; `may_have_arrived` when nobody knows whether people got it."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        self.may_have_arrived = may_have_arrived
        super().__init__(reason)


class Unreadable(MissionsError):
    """`what` is stored in a form that this version does not understand, as after going back to an older version."""

    def __init__(self, what: str, why: str) -> None:
        self.what, self.why = what, why
        super().__init__(
            f"{what} can't be read by this version of Missions: {why}. "
            "Use the version that wrote it; a run that ended because of this can be started anew."
        )


class LeaseLost(MissionsError):
    """This process no longer works on the run: another has it, or it is over. It must stop and write nothing more."""

    def __init__(self, run_id: str, owner: str) -> None:
        self.run_id, self.owner = run_id, owner
        super().__init__(f"{owner!r} no longer holds run {run_id!r}; another process has it, or it is over. Stop working on it.")


class RunEnded(MissionsError):
    """A run can't go on; the text becomes the reason in its report."""


class ModelMisbehaved(RunEnded):
    """The model's answers stayed unusable after all corrections (R4.9)."""


class LimitReached(RunEnded):
    """Steps, tokens or running time are used up (R4.6, R4.9)."""


class Unanswered(RunEnded):
    """Nobody answered a request in time; silence never approves (R5.4)."""


class Stopped(RunEnded):
    """A person ended the run in an answer."""
