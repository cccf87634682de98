"""Answer links: one request, one purpose, until its deadline; a changed one is none of ours (R5.5)."""

from datetime import timedelta

import pytest

from flows.links.signing import BadLink
from flows.people.links import link, read_token
from tests.blocks.examples import request

SECRET = b"a key of thirty-two bytes, or so"
REQUEST = request()
TOKEN = link(REQUEST, SECRET, "https://ops.example/").removeprefix("https://ops.example/answer/")


def test_a_link_names_its_request_and_its_deadline_and_nothing_of_the_question() -> None:
    target = read_token(TOKEN, SECRET)
    assert (target.run_id, target.key, target.deadline) == (REQUEST.run_id, REQUEST.key, REQUEST.deadline)
    assert link(REQUEST, SECRET, "https://ops.example") == link(REQUEST, SECRET, "https://ops.example/")


def test_another_request_another_deadline_and_another_key_make_another_link() -> None:
    others = [REQUEST.model_copy(update=change) for change in ({"run_id": "run-2"}, {"key": "k"})]
    others.append(REQUEST.model_copy(update={"deadline": REQUEST.deadline + timedelta(seconds=1)}))
    links = {link(one, SECRET, "") for one in (REQUEST, *others)} | {link(REQUEST, b"another", "")}
    assert len(links) == 5


def test_a_link_with_any_character_changed_is_refused() -> None:
    for place, char in enumerate(TOKEN):
        changed = TOKEN[:place] + ("A" if char != "A" else "B") + TOKEN[place + 1 :]
        with pytest.raises(BadLink):
            read_token(changed, SECRET)


@pytest.mark.parametrize(
    "token",
    ["", ".", "x", TOKEN[:-1], TOKEN + "A", TOKEN + "=", TOKEN.split(".")[0], "é" * 50, "A" * 100_000],
    ids=["empty", "dot", "letter", "cut", "longer", "padded", "unsigned", "foreign", "huge"],
)
def test_what_is_no_link_is_refused(token: str) -> None:
    with pytest.raises(BadLink):
        read_token(token, SECRET)


def test_the_link_of_another_installation_is_refused() -> None:
    with pytest.raises(BadLink):
        read_token(TOKEN, b"the key of another installation")
