"""Reads a person's words as one typed decision about one request, or says why they are none (R5.5).

No model has a part in it. A yes is a yes only as a whole: nothing but the words of a closed list. A no may carry words,
which the agent gets. Conditions, questions, words about other requests, and both at once decide nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from blueprint import phrases
from blueprint.choosing import choose
from blueprint.phrases import one_of
from blueprint.requests import (
    AnomalyQuestion,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Question,
    ReviewQuestion,
)
from blueprint.wording import LONGEST, clauses, normal, shortened, strange

_OTHER = re.compile(
    r"\b(?:previous|last|earlier|other|next|first|second|third|all|both|every) (?:ones?|requests?|questions?|calls?|approvals?)\b"
    r"|\b(?:the|to|for) (?:previous|earlier)\b"
)
_NEGATED = re.compile(r"(?<![\w'])(?:(?:do )?not|don't|dont|never)(?: [\w']+){0,2}")
_FORBIDS = re.compile(
    rf"(?:{phrases.phrases(phrases.GREETINGS, ['please', 'sorry', 'hmm'])} )*(?:(?:i|we|you) )?"
    r"(?:do not|don't|dont|must not|mustn't|should not|shouldn't|may not|never|不要|请不要|别|请勿)(?![\w'])"
)
_YES = one_of(phrases.YES)
_EITHER_WAY = one_of(phrases.EITHER_WAY)
_LIMITS = one_of(phrases.LIMITS)
_LONGEST_PLAIN = 120
"""Characters; nobody needs more for a plain yes or no, and matching stays quick."""
_PERMITS = (Decision.APPROVE, Decision.APPROVE_RUN, Decision.LAUNCH)
_CONDITION = re.compile(r"\?|\b(?:if|unless|when|once|after|until|wait|only)\b")


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read: the decision and, for a choice, the option; empty for another way, which the words tell."""

    decision: Decision
    choice: str = ""


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """The words decide nothing; `reason` is a sentence for the person, who may try again."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One decision, the phrases that say it as a whole, and whether more words may follow them."""

    decision: Decision
    said: Sequence[str]
    carries_words: bool

    def is_said(self, words: str) -> bool:
        if len(words) > _LONGEST_PLAIN:
            return False
        lead, tail = phrases.phrases(phrases.GREETINGS), phrases.phrases(self.said, phrases.OBJECTS, phrases.POLITENESS)
        return re.fullmatch(rf"(?:{lead} )*{phrases.phrases(self.said)}(?: {tail})*", words) is not None


_APPROVE = _Way(decision=Decision.APPROVE, said=phrases.YES, carries_words=False)
_REJECT = _Way(decision=Decision.REJECT, said=phrases.NO, carries_words=True)
_CONTINUE = _Way(decision=Decision.CONTINUE, said=phrases.CONTINUE, carries_words=True)
_STOP = _Way(decision=Decision.STOP, said=phrases.STOP, carries_words=True)
_HAPPENED = _Way(decision=Decision.HAPPENED, said=phrases.HAPPENED, carries_words=False)
_NOT_HAPPENED = _Way(decision=Decision.NOT_HAPPENED, said=phrases.NOT_HAPPENED, carries_words=False)
_LAUNCH = _Way(decision=Decision.LAUNCH, said=(*phrases.YES, *phrases.LAUNCH), carries_words=False)
_CHANGE = _Way(decision=Decision.CHANGE, said=phrases.CHANGE, carries_words=True)
_KEEP_DRAFT = _Way(decision=Decision.KEEP_DRAFT, said=phrases.KEEP_DRAFT, carries_words=False)


def read_words(text: str, question: Question) -> Read | Unclear:
    """The decision that `text` says about this question and no other."""
    if problem := _unreadable(text, question):
        return Unclear(reason=problem)
    match question:
        case InformationQuestion():
            return Read(decision=Decision.ANSWER)
        case ChoiceQuestion(options=options):
            return _chosen(text, options)
        case ApprovalQuestion():
            return _decided(text, (_APPROVE, _REJECT))
        case AnomalyQuestion(unknown_call=None):
            return _decided(text, (_CONTINUE, _STOP))
        case AnomalyQuestion():
            return _decided(text, (_HAPPENED, _NOT_HAPPENED, _STOP))
        case ReviewQuestion(can_launch=True):
            return _decided(text, (_LAUNCH, _CHANGE, _KEEP_DRAFT))
        case ReviewQuestion():
            return _decided(text, (_CHANGE, _KEEP_DRAFT))


def objection(decision: Decision, comment: str) -> str:
    """Why a typed yes with this comment is no plain yes; empty when it is one, and for every other decision."""
    if decision not in _PERMITS or not comment.strip():
        return ""
    words = normal(comment)
    found = _LIMITS.search(words)
    sign = found[0] if found else next((sign for sign in phrases.LIMITING_SIGNS if sign in words), "")
    if not sign and "?" in words:
        sign = "?"
    if not sign:
        return ""
    return (
        f"{decision.value!r} with the comment {shortened(comment)!r} is no plain yes ({sign!r}). It counts only for exactly what "
        "is shown: give it without such words, or decide otherwise and say what you want."
    )


def _unreadable(text: str, question: Question) -> str:
    if not any(char.isalnum() or unicodedata.category(char) == "So" for char in text):
        return "The answer is empty; say it in words."
    if len(text) > LONGEST:
        return f"The answer has {len(text):,} characters; at most {LONGEST:,} are read. Say it in short."
    if (char := strange(text)) and not isinstance(question, InformationQuestion):
        return f"The answer holds a character that can't be seen (U+{ord(char):04X}); type it anew."
    return ""


def _decided(text: str, ways: Sequence[_Way]) -> Read | Unclear:
    words = normal(text)
    said = [way for way in ways if way.is_said(words)] or _headed(text, ways) or _forbidden(text, ways)
    if said == [_CHANGE]:  # its words tell what is to be different, and may say anything
        return Read(decision=Decision.CHANGE)
    if _OTHER.search(words):
        return Unclear(reason=f"{shortened(text)!r} speaks of other requests; answer this one alone.{_try(ways)}")
    if _EITHER_WAY.match(words):
        return Unclear(reason=f"{shortened(text)!r} can be meant either way.{_try(ways)}")
    if len(said) == 1:
        return Read(decision=said[0].decision)
    return Unclear(reason=_reason(text, words, ways))


def _headed(text: str, ways: Sequence[_Way]) -> list[_Way]:
    """The way that the first clause says, with words behind it that do not take it back."""
    head, rest = clauses(text)
    if rest.startswith("?"):
        return []
    return [way for way in ways if way.carries_words and way.is_said(head) and not _takes_back(rest, way, ways)]


def _forbidden(text: str, ways: Sequence[_Way]) -> list[_Way]:
    """A reject that begins with 'do not …' instead of a no of its own."""
    head, rest = clauses(text)
    is_no = _FORBIDS.match(head) and not rest.startswith("?")
    return [way for way in ways if way is _REJECT and is_no and not _takes_back(normal(text), way, ways)]


def _takes_back(rest: str, way: _Way, ways: Sequence[_Way]) -> bool:
    """Whether the words behind a decision also say another one, or make it depend on something."""
    if way is _CHANGE:
        return False
    if way is _CONTINUE and _CONDITION.search(rest):
        return True
    others = [said for other in ways if other is not way for said in other.said]
    return one_of(others).search(_NEGATED.sub("", rest)) is not None


def _reason(text: str, words: str, ways: Sequence[_Way]) -> str:
    quoted, how = repr(shortened(text)), _try(ways)
    if "?" in words:
        return f"{quoted} is a question, and no answer; the agent can't reply to it.{how}"
    if _YES.search(words) and {_APPROVE, _LAUNCH} & set(ways):
        return f"{quoted} has more in it than a yes, and a yes counts only for exactly what is shown.{how}"
    return f"{quoted} is not clearly one decision about this request.{how}"


def _try(ways: Iterable[_Way]) -> str:
    listed = " or ".join(repr(way.decision.value.replace("_", " ")) for way in ways)
    more = " Behind 'reject' you may say what you want instead." if _REJECT in ways else ""
    return f" Say {listed}.{more}"


def _chosen(text: str, options: Sequence[str]) -> Read | Unclear:
    """The option that the words name, else another way in the person's words."""
    words, found = normal(text), choose(text, options)
    listed = "; ".join(f"{number}: {option!r}" for number, option in enumerate(options, start=1))
    if len(found) == 1:
        return Read(decision=Decision.CHOOSE, choice=found[0])
    if found:
        return Unclear(reason=f"{shortened(text)!r} can mean more than one of the options: {listed}. Give the words of one.")
    says_nothing = _APPROVE.is_said(words) or _REJECT.is_said(words) or "?" in words or (words.isascii() and " " not in words)
    if says_nothing:
        return Unclear(
            reason=f"{shortened(text)!r} is none of the options: {listed}. Choose one, or say another way in some words."
        )
    return Read(decision=Decision.CHOOSE)
