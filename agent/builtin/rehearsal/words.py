"""The few English words that the rehearsal model knows, and how it compares words."""

import re
from collections.abc import Iterable

INSPECTING = frozenset(
    "inspect check look examine monitor watch review report show list tell find verify test measure observe analyse analyze audit"
    " summarise summarize read get count describe scan search compare see take".split()
)
_CHANGES = {
    "clean": "clean cleanup clear purge tidy empty prune wipe",
    "remove": "remove delete drop erase",
    "restart": "restart reboot reload bounce",
    "stop": "stop kill terminate shut disable",
    "start": "start enable launch",
    "create": "create add make new init",
    "write": "write update edit set change modify patch apply",
    "move": "move rename archive rotate compress",
    "scale": "scale resize expand shrink",
    "send": "send post push publish",
    "commit": "commit merge rebase reset checkout stash",
    "install": "install upgrade uninstall",
    "run": "run execute exec",
}
_ALIKE = {"clean": {"remove", "move"}, "remove": {"clean"}}
_VERB_GROUPS = {word: group for group, words in _CHANGES.items() for word in words.split()}
CHANGING = frozenset(_VERB_GROUPS)

_SYNONYMS = {
    word: meaning
    for meaning, words in {
        "disk": "filesystem storage space partition volume df",
        "memory": "ram swap oom",
        "load": "cpu processor uptime",
        "process": "zombie task",
        "service": "systemd unit daemon",
        "error": "log journal syslog",
        "port": "socket listener listening",
        "certificate": "tls ssl cert expiry x509",
        "scratch": "temporary temp tmp",
        "host": "machine server box computer system node",
    }.items()
    for word in words.split()
}
_FILLER = frozenset(
    "a an and the this that these those it its of on in at to for with from by is are be my our your all any some please"
    " then also so just every each me us i we you do does can could would should will want need like have has what how when if"
    " there here now only time run execute".split()
)
_NEGATION = r"\b(?:do\s+not|don't|never|without|must\s+not|mustn't|not\s+to|instead\s+of)\s+(?:\w+\s+){0,2}"


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case, names in camelCase and snake_case taken apart."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")
    return re.findall(r"[a-z0-9]+", apart.lower())


def meanings(text: str | Iterable[str]) -> frozenset[str]:
    """What the words of `text` stand for: singular, and one word for those that mean the same."""
    return frozenset(_meaning(word) for word in (words_of(text) if isinstance(text, str) else text))


def content_words(text: str) -> list[str]:
    """The words of `text` that name something: no filler, no verbs that anything could follow."""
    return [word for word in words_of(text) if word not in _FILLER and word not in INSPECTING]


def verb_groups(text: str | Iterable[str]) -> frozenset[str]:
    """The kinds of change that `text` speaks of, those that mean nearly the same included."""
    groups = {_VERB_GROUPS[word] for word in (words_of(text) if isinstance(text, str) else text) if word in _VERB_GROUPS}
    return frozenset(groups.union(*(_ALIKE.get(group, set()) for group in groups)))


def without_forbidden(text: str) -> str:
    """`text` without what it forbids: "check the disk, never clean it" gives "check the disk, it"."""
    return re.sub(_NEGATION + rf"(?:{'|'.join(sorted(CHANGING))})(?:e?s|ing)?\b", " ", text, flags=re.IGNORECASE)


def _meaning(word: str) -> str:
    single = _singular(word)
    return _SYNONYMS.get(single, single)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word
