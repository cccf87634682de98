"""Free-text answers: what each is read as. Nothing unclear is a yes (R5.5)."""

import pytest

from blueprint.choosing import choose
from blueprint.policy import ToolCall
from blueprint.reading import Read, Unclear, objection, read_words
from blueprint.requests import (
    AnomalyQuestion,
    ApprovalQuestion,
    ChoiceQuestion,
    Decision,
    InformationQuestion,
    Question,
    ReviewQuestion,
)

CALL = ToolCall(id="c00001000", server="host", tool="clean_scratch", arguments={"days": 7})
MAY_IT = ApprovalQuestion(call=CALL, why="It is full.", risk="It changes something.")
WHICH = ChoiceQuestion(question="How?", options=("restart nginx", "wait an hour", "do nothing"))
ODD = AnomalyQuestion(what="The disk grew.")
LOST = AnomalyQuestion(what="Lost.", unknown_call=CALL)
PLAN = ReviewQuestion(plan_version=1, plan_digest="d", page="# Plan")
BROKEN = PLAN.model_copy(update={"can_launch": False})

YES = (
    *("yes", "y", "Y", "Yes!!!", "YES", " yes \n", "Yep.", "yes, yes", "ok", "OK", "okay.", "sure", "approve", "Approved!"),
    *("I approve", "I approve this call", "go ahead", "Go-ahead", "yes, go ahead", "do it", "Yes, do it please. Thanks!"),
    *("please do", "Hi, yes please", "ok 👍", "ok 👍🏽", "of course", "LGTM", "“yes”", "ｙｅｓ", "proceed now"),
    *("好的", "批准", "好的，谢谢", "可以。", "同意！", "はい", "承認します", "네", "ja", "Ja, bitte!", "oui", "Oui, merci"),
    *("d’accord", "sí", "Si, gracias", "¡Sí!", "да", "نعم", "tak", "evet"),
)  # fmt: skip
NO = (
    *("no", "No.", "nope", "NO!!!", "n", "no thanks", "No, thank you.", "reject", "rejected", "Reject: use the other disk"),
    *("do not proceed; switch to plan B", "don't", "Don’t do it", "please don't do that", "do not approve this", "never", "stop"),
    *("no, do not approve it", "I do not approve", "No. Why not use logrotate instead?", "no - wait for the backup"),
    *("absolutely not", "You must not restart it on prod", "👎", "nein", "Nein, danke", "non", "不要", "不行，先备份", "いいえ"),
    *("нет", "لا", "no\nRun it on the test host.", "hi, no thanks"),
)  # fmt: skip
UNCLEAR = (
    *("", " ", "\n\t", "?", "…", "!!!", "---", "ok?", "yes?", "Yes, but why?", "why", "what does it do?", "No?", "are you sure?"),
    *("sure but not on prod", "yes if the backup is done", "ok, only /tmp", "yes, except sdb", "ok tomorrow", "yes, after 18:00"),
    *("approve plan A", "yes to the previous one", "no to the previous one", "approve the other request", "approve all"),
    *("yes to all requests", "approve both calls", "yes always", "yes no", "yes and no", "yes or no", "no, yes", "no, go ahead"),
    *("no problem", "no objections", "no worries", "don't worry, go ahead", "don't stop", "never mind", "why not", "not bad"),
    *("I said yes yesterday", "he says yes", "please approve", "I would approve it", "maybe", "probably", "ok I guess", "hm ok"),
    *("I can't say yes", "not yet", "later", "wait", "seen", "got it", "fine", "whatever", "k", "1", "true", "+1", "👍", "🤔"),
    *("yes 🚫", "~~yes~~", "[ ] yes", "y̶e̶s̶", "yes\u200b", "y\u200bes", "y\u200des", "\u202eyes", "\ufeffyes", "yes\0"),
    *("yes, run clean_scratch with days 1", "clean_scratch", "approve 7", "yess", "yes/no", "нет, да", "да нет", "yes " * 6_000),
    *("好的，但不要删除", "ja aber", "si no", "no sé", "ok, mais pas demain", "да?", "可以吗？", "هل؟"),
    *("x" * 100_000, "yes" * 30_000, "please do so " * 1_500 + "x", "no\n" * 40_000),
)  # fmt: skip


def _read(text: str, question: Question = MAY_IT) -> Decision | None:
    read = read_words(text, question)
    return read.decision if isinstance(read, Read) else None


@pytest.mark.parametrize("text", YES)
def test_a_plain_yes_is_an_approval(text: str) -> None:
    assert _read(text) is Decision.APPROVE


@pytest.mark.parametrize("text", NO)
def test_a_no_is_a_reject_whatever_advice_comes_with_it(text: str) -> None:
    assert _read(text) is Decision.REJECT


@pytest.mark.parametrize("text", UNCLEAR, ids=lambda text: repr(text[:30]))
def test_what_is_not_clear_is_neither_and_the_reason_is_one_line(text: str) -> None:
    read = read_words(text, MAY_IT)
    assert isinstance(read, Unclear)
    assert 20 < len(read.reason) < 400
    assert "\n" not in read.reason


def test_the_corpus_is_large_enough_and_holds_nothing_twice() -> None:
    corpus = [*YES, *NO, *UNCLEAR]
    assert len(set(corpus)) == len(corpus) > 80


@pytest.mark.parametrize("text", [*YES, *NO])
def test_words_behind_a_yes_or_around_any_answer_never_make_a_yes(text: str) -> None:
    for changed in (f"{text} but not on prod", f"not {text}", f"{text}?", f"{text} unless it rains", f"{text} to the other one"):
        assert _read(changed) is not Decision.APPROVE, changed


@pytest.mark.parametrize(
    ("question", "text", "decision"),
    [
        (ODD, "continue", Decision.CONTINUE),
        (ODD, "Go on, but leave out sdb", Decision.CONTINUE),
        (ODD, "继续", Decision.CONTINUE),
        (ODD, "stop. Call the data centre.", Decision.STOP),
        (ODD, "do not continue", Decision.STOP),
        (ODD, "continue, but only if the backup is done", None),
        (ODD, "continue, no, stop", None),
        (ODD, "yes", None),
        (ODD, "use the second disk instead", None),
        (LOST, "it happened", Decision.HAPPENED),
        (LOST, "No, it did not happen.", Decision.NOT_HAPPENED),
        (LOST, "stop", Decision.STOP),
        (LOST, "it happened, I think", None),
        (LOST, "yes", None),
        (LOST, "no", None),
        (PLAN, "launch it", Decision.LAUNCH),
        (PLAN, "Yes, launch it!", Decision.LAUNCH),
        (PLAN, "change: run it every hour, not daily", Decision.CHANGE),
        (PLAN, "change: run the second one first", Decision.CHANGE),
        (PLAN, "keep it as a draft", Decision.KEEP_DRAFT),
        (PLAN, "launch, but hourly", None),
        (PLAN, "no", None),
        (BROKEN, "launch it", None),
        (BROKEN, "change. Use UTC.", Decision.CHANGE),
        (InformationQuestion(questions=("When?",)), "At two, but not on Sunday?", Decision.ANSWER),
        (InformationQuestion(questions=("When?",)), "?", None),
    ],
)
def test_each_kind_of_question_has_its_words(question: Question, text: str, decision: Decision | None) -> None:
    assert _read(text, question) is decision


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        *[
            (text, "wait an hour")
            for text in ("2", "#2", "option 2", "b", "B.", "plan B", "the second", "2nd", "Second one, please")
        ],
        *[(text, "wait an hour") for text in ("Wait an hour", "wait", "I'd take the second", "第二个", "②", "approve plan b")],
        *[(text, "do nothing") for text in ("3", "the last one", "do nothing", "c", "yes, do nothing")],
        *[(text, "") for text in ("restart it at night instead", "not the second, ask Bob", "第三方来做")],
    ],
)
def test_a_choice_is_named_by_number_letter_place_or_words_or_is_another_way(text: str, choice: str) -> None:
    assert read_words(text, WHICH) == Read(decision=Decision.CHOOSE, choice=choice)


@pytest.mark.parametrize("text", ["1 or 2", "a or b", "the first or the second", "yes", "no", "the second?", "4", "restrat"])
def test_a_choice_that_is_not_clear_is_refused_with_the_options(text: str) -> None:
    read = read_words(text, WHICH)
    assert isinstance(read, Unclear)
    assert "1: 'restart nginx'; 2: 'wait an hour'; 3: 'do nothing'" in read.reason


def test_where_number_letter_and_words_differ_nobody_knows_which_was_meant() -> None:
    assert choose("1", ["3 days", "1 day"]) == ("3 days", "1 day")
    assert choose("plan a", ["Plan B: wait", "Plan A: restart"]) == ("Plan B: wait", "Plan A: restart")
    assert choose("Plan A: restart", ["Plan B: wait", "Plan A: restart"]) == ("Plan A: restart",)


@pytest.mark.parametrize(
    "comment",
    [
        *("but not on prod", "Only after the backup.", "don't", "if it is safe", "no", "wait", "why?", "except sdb"),
        *("不要", "nur einmal", "mais pas maintenant", "ok, but tomorrow", "Reject", "cancel it"),
    ],
)
def test_a_typed_yes_whose_comment_takes_it_back_is_no_plain_yes(comment: str) -> None:
    assert "is no plain yes" in objection(Decision.APPROVE, comment)
    assert objection(Decision.LAUNCH, comment)
    assert objection(Decision.REJECT, comment) == objection(Decision.CONTINUE, comment) == ""


@pytest.mark.parametrize("comment", ["", "  ", "Thanks.", "Ticket OPS-12", "yes", "Tell me the size afterwards", "谢谢"])
def test_a_harmless_comment_leaves_a_yes_a_yes(comment: str) -> None:
    assert objection(Decision.APPROVE, comment) == ""
