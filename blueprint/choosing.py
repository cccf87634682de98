"""Finds which of the offered options a person's words name: by number, letter, place or words (R5.5)."""

import re
from collections.abc import Sequence

from blueprint.wording import normal

_LEAD = re.compile(
    r"(?:yes|ok|okay|please|i|i'd|we|let's|choose|chose|take|use|pick|approve|want|prefer|go with|go for|do|bitte|nimm|选|请选)\s"
)
_TAIL = re.compile(r"(?:\s(?:please|thanks|thank you|bitte|谢谢))+$")
_KIND = r"(?:option|plan|choice|variant|number|no|nr|#|way|方案|选项)"
_NUMBER = re.compile(rf"(?:the )?{_KIND}? ?(\d)")
_LETTER = re.compile(rf"(?:the )?{_KIND}? ?([a-i])")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_PLACE = re.compile(rf"(?:the )?({'|'.join(_PLACES)}|1st|2nd|3rd|[4-9]th|last)(?: (?:one|option|way|plan|choice))?")
_SIGNS = "一二三四五六七八九"
_SIGN = re.compile(rf"(?:选)?第([{_SIGNS}])(?:个|项|种)?")
_AND_OR = re.compile(r"\s(?:or|and|oder|und)\s|\s?/\s?|或|和")


def choose(text: str, options: Sequence[str]) -> tuple[str, ...]:
    """The options that the words can mean: one when they are clear, several when not, none when they name none."""
    places, words = set[int](), normal(text)
    for core in _cores(words):
        places |= _named(core, options)
    if not places and len(parts := _AND_OR.split(_cores(words)[-1])) > 1:
        mentioned = [_named(part, options) for part in parts]
        places = {place for named in mentioned for place in named} if all(mentioned) else places
    return tuple(options[place] for place in sorted(places))


def _cores(words: str) -> list[str]:
    """The words, and what is left when 'please' behind them and then 'I'd', 'take' … before them are dropped, one by one."""
    cores = [words, _TAIL.sub("", words)]
    while lead := _LEAD.match(cores[-1]):
        cores.append(cores[-1][lead.end() :])
    return cores


def _named(words: str, options: Sequence[str]) -> set[int]:
    """Every way to understand the words, all at once: where two differ, nobody knows which was meant."""
    return {place for place in (*_by_place(words, len(options)), *_by_words(words, options)) if 0 <= place < len(options)}


def _by_place(words: str, count: int) -> list[int]:
    found: list[int] = []
    if number := _NUMBER.fullmatch(words):
        found.append(int(number[1]) - 1)
    if letter := _LETTER.fullmatch(words):
        found.append(ord(letter[1]) - ord("a"))
    if place := _PLACE.fullmatch(words):
        found.append(_index(place[1], count))
    if sign := _SIGN.fullmatch(words):
        found.append(_SIGNS.index(sign[1]))
    return found


def _index(place: str, count: int) -> int:
    if place == "last":
        return count - 1
    return int(place[0]) - 1 if place[0].isdigit() else _PLACES.index(place)


def _by_words(words: str, options: Sequence[str]) -> list[int]:
    """Options that are these words, else those that begin with them."""
    offered = [normal(option) for option in options]
    same = [place for place, option in enumerate(offered) if option == words]
    return same or [place for place, option in enumerate(offered) if words and option.startswith(f"{words} ")]
