"""Says what became of a call that changes something: "Scratch directory cleaned", "Scratch directory left as it is"."""

from agent.builtin.rehearsal.offers import Offer
from agent.builtin.rehearsal.words import CHANGING, words_of

_IRREGULAR = {
    "write": "written",
    "send": "sent",
    "make": "made",
    "shut": "shut",
    "set": "set",
    "reset": "reset",
    "run": "run",
}
_DOUBLED = frozenset("stop drop commit".split())
_FULL_NAMES = {"scratch": "scratch directory"}


def done(offer: Offer) -> str:
    """The title of a change that happened."""
    thing, participle = _deed(offer)
    return _title(f"{thing} {participle}" if thing else f"{offer.spoken}: done")


def not_done(offer: Offer) -> str:
    """The title of a change that was wanted and did not happen."""
    thing, participle = _deed(offer)
    return _title(f"{thing} not {participle}" if thing else f"{offer.spoken}: not done")


def needless(offer: Offer) -> str:
    """The title of a change that there was no reason for."""
    thing, _ = _deed(offer)
    return _title(f"{thing} left as it is" if thing else f"{offer.spoken}: not needed")


def unclear(offer: Offer) -> str:
    """The title of a change that may have happened."""
    thing, participle = _deed(offer)
    return f"Whether the {thing} was {participle} is not known" if thing else f"Whether {offer.spoken} took effect is not known"


def _deed(offer: Offer) -> tuple[str, str]:
    """The thing that is changed and the verb's participle; nothing when the tool's name does not begin with a verb."""
    verb, *rest = [*words_of(offer.tool), ""]
    thing = " ".join(word for word in rest if word)
    return (_FULL_NAMES.get(thing, thing), _participle(verb)) if verb in CHANGING and thing else ("", "")


def _participle(verb: str) -> str:
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ed"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"


def _title(text: str) -> str:
    return text[0].upper() + text[1:]
