"""The closed lists of words that free-text answers are read by (R5.5); everything outside them decides nothing."""

import re
from collections.abc import Iterable

YES = (
    "yes", "y", "yep", "yup", "yeah", "sure", "ok", "okay", "aye", "affirmative", "absolutely", "certainly", "definitely",
    "of course", "by all means", "approve", "approved", "i approve", "we approve", "accept", "accepted", "i accept", "agree",
    "agreed", "i agree", "confirm", "confirmed", "i confirm", "granted", "permission granted", "go", "go ahead",
    "you may go ahead", "you can go ahead", "please go ahead", "go for it", "do it", "do so", "please do", "please do so",
    "proceed", "please proceed", "you may proceed", "lgtm", "looks good", "looks good to me",
    "ja", "jawohl", "genehmigt", "einverstanden", "freigegeben", "in ordnung", "mach das",
    "oui", "d'accord", "j'approuve", "approuvé", "allez y", "vas y",
    "sí", "si", "de acuerdo", "aprobado", "apruebo", "adelante", "vale", "sim", "aprovado", "sì", "va bene", "approvato",
    "akkoord", "goedgekeurd", "tak", "zgoda", "ano", "да", "согласен", "согласна", "одобряю", "разрешаю", "так", "ναι",
    "evet", "onaylıyorum", "tamam", "نعم", "موافق", "כן", "हाँ", "हां",
    "好", "好的", "是", "是的", "可以", "行", "同意", "批准", "确认", "请执行", "同意执行", "批准执行", "可以执行",
    "はい", "承認", "承認します", "許可します", "네", "예", "승인", "승인합니다",
)  # fmt: skip
NO = (
    "no", "n", "nope", "nah", "no way", "no thanks", "no thank you", "reject", "rejected", "i reject", "we reject", "i reject it",
    "deny", "denied", "decline", "declined", "refuse", "refused", "i refuse", "negative", "not approved", "i do not approve",
    "i don't approve", "i disagree", "disagree", "stop", "cancel", "abort", "never", "absolutely not", "definitely not",
    "certainly not", "of course not", "rather not", "i'd rather not", "better not", "do not", "don't", "dont", "👎", "❌",
    "nein", "nein danke", "auf keinen fall", "lieber nicht", "nicht", "abgelehnt", "non", "non merci", "refusé", "surtout pas",
    "no gracias", "rechazado", "não", "nao", "rejeitado", "no grazie", "rifiutato", "nee", "nie", "ne", "nej", "nei", "ei",
    "нет", "не надо", "ні", "όχι", "hayır", "لا", "לא", "नहीं",
    "不", "不要", "不行", "不可以", "不同意", "不批准", "拒绝", "别", "否", "いいえ", "だめ", "ダメ", "却下", "やめて",
    "아니요", "아니오", "안돼",
)  # fmt: skip
CONTINUE = (
    "continue", "go on", "carry on", "keep going", "go ahead", "proceed", "resume", "please continue", "please go on",
    "weiter", "weitermachen", "continuer", "continuez", "continúa", "continuar", "继续", "请继续", "続けて", "続行",
)  # fmt: skip
STOP = (
    "stop", "stop it", "stop here", "stop the run", "end", "end it", "end the run", "abort", "cancel", "halt", "quit",
    "do not continue", "don't continue", "do not go on", "don't go on", "stopp", "abbrechen", "aufhören", "arrête", "arrêtez",
    "para", "detener", "停", "停止", "中止", "止めて",
)  # fmt: skip
HAPPENED = (
    "happened", "it happened", "yes it happened", "it did happen", "yes it did", "it was done", "yes it was done", "发生了",
    "es ist passiert",
)  # fmt: skip
NOT_HAPPENED = (
    "not happened", "it did not happen", "it didn't happen", "did not happen", "didn't happen", "no it did not happen",
    "no it didn't happen", "no it did not", "no it didn't", "it was not done", "it wasn't done",
    "没有发生", "es ist nicht passiert",
)  # fmt: skip
LAUNCH = ("launch", "launch it", "launch the plan", "launch this plan", "please launch", "please launch it", "starten", "启动")
KEEP_DRAFT = ("keep draft", "keep the draft", "keep it as a draft", "leave it as a draft", "keep as draft", "draft")
CHANGE = ("change", "change it", "please change", "change the plan", "ändern", "修改")

GREETINGS = ("hi", "hello", "hey", "thanks", "thank you", "great", "perfect", "good", "danke", "merci", "gracias", "谢谢")
OBJECTS = ("it", "this", "this one", "this call", "the call", "exactly this call", "this request", "the request")
POLITENESS = (
    "please", "pls", "thanks", "thank you", "thx", "many thanks", "thanks a lot", "cheers", "now", "bitte", "danke", "merci",
    "s'il vous plaît", "s'il te plaît", "por favor", "gracias", "grazie", "per favore", "obrigado", "obrigada", "谢谢", "请",
    "お願いします", "👍", "✅", "🙏", "🙂", "😊", "🎉",
)  # fmt: skip

EITHER_WAY = (
    "no problem", "no problems", "no objection", "no objections", "no worries", "no doubt", "no need", "no reason not",
    "not a problem", "don't worry", "do not worry", "don't hesitate", "do not hesitate", "never mind", "do not stop",
    "don't stop", "do not wait", "don't wait", "do not cancel", "don't cancel", "do not reject", "don't reject", "why not",
)  # fmt: skip
"""What begins like a no and is often meant as a yes."""
LIMITS = (
    "not", "don't", "dont", "doesn't", "can't", "cannot", "won't", "isn't", "no", "never", "but", "only", "unless", "if",
    "except", "without", "instead", "until", "wait", "hold", "stop", "reject", "cancel", "later", "tomorrow", "first",
    "before", "after",
    "nicht", "kein", "keine", "nur", "aber", "wenn", "erst", "ohne", "pas", "mais", "seulement", "sauf", "pero", "solo",
    "excepto", "не", "но", "только", "если",
)  # fmt: skip
"""Words that take something back or set a condition: with one of them a yes is no plain yes."""
LIMITING_SIGNS = ("不", "别", "但", "只", "除", "先", "勿", "ない", "だけ", "しかし")
"""The same in scripts that set no spaces."""


def phrases(*lists: Iterable[str]) -> str:
    """A pattern that matches each of these phrases, the longest first."""
    every = sorted({phrase for one in lists for phrase in one}, key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, every))})"


def one_of(*lists: Iterable[str]) -> re.Pattern[str]:
    """Finds one of these phrases anywhere in normalised text, as whole words."""
    return re.compile(rf"(?<![\w']){phrases(*lists)}(?![\w'])")
