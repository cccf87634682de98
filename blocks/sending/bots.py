"""Chat bots by their webhooks, as plugins of Apprise: its own report errors in a 200 as success, or let texts ping people.

Each posts what its vendor documents and believes only the vendor's word for success. The addresses stay Apprise's; for a
private installation of a service, or a relay, `base` takes the place of the vendor's host.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportIncompatibleMethodOverride=false
# Apprise's plugins have no types, and take more at `send` than is used here.

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, cast

import httpx
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark
from apprise.plugins.slack import NotifySlack, SlackMode
from apprise.plugins.wecombot import NotifyWeComBot
from apprise.plugins.workflows import NotifyWorkflows

from blocks.sending.posting import failure_of, post
from blueprint.errors import ChannelFailed, InvalidInput
from blueprint.notification import Dialect

_SLACK_SECTION_CHARS, _SLACK_HEADER_CHARS, _TITLE_CHARS = 3_000, 150, 200


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is posted to a vendor."""

    url: str
    payload: Mapping[str, Any]
    query: Mapping[str, str] = field(default_factory=dict[str, str])


class Bot:
    """What the plugins share: one POST, and a look at the answer. Errors leave as ChannelFailed."""

    dialect: ClassVar[Dialect]
    most_bytes: ClassVar[int]
    vendor: ClassVar[str] = ""
    base: str = ""
    """Stands for `vendor` when given."""

    def send(self, body: str, title: str = "", **_: object) -> bool:
        """Post one message; ChannelFailed when the vendor did not take it."""
        request = self.request(title, body)
        answer = post(request.url, json=request.payload, params=request.query or None)
        if not answer.is_success:
            raise failure_of(answer)
        if why := self.refusal(answer):
            raise ChannelFailed(f"It refused the message: {why}", may_have_arrived=False)
        return True

    def request(self, title: str, body: str) -> Request:
        """What to post where."""
        raise NotImplementedError

    def refusal(self, answer: httpx.Response) -> str:
        """Why a 200 is no success; empty when it is one."""
        raise NotImplementedError

    def at(self, path: str) -> str:
        """The address of `path` at the vendor, or at `base`."""
        return f"{(self.base or self.vendor).rstrip('/')}{path}"


class DingTalk(Bot, NotifyDingTalk):
    """A DingTalk group robot, with keyword, address or signature as its security setting."""

    dialect, most_bytes, vendor = Dialect.MARKDOWN, 18_000, "https://oapi.dingtalk.com"

    def request(self, title: str, body: str) -> Request:
        """Markdown; nobody is mentioned but the phones in the address."""
        markdown = {"title": title[:_TITLE_CHARS], "text": f"### {title}\n\n{body}"}
        payload = {"msgtype": "markdown", "markdown": markdown, "at": {"atMobiles": self.targets, "isAtAll": False}}
        return Request(url=self.at("/robot/send"), payload=payload, query={"access_token": str(self.token), **self._signed()})

    def refusal(self, answer: httpx.Response) -> str:
        """`errcode` other than 0."""
        return _code(answer, "errcode", "errmsg")

    def _signed(self) -> dict[str, str]:
        if not self.secret:
            return {}
        now = str(round(time.time() * 1000))
        signed = hmac.digest(self.secret.encode(), f"{now}\n{self.secret}".encode(), hashlib.sha256)
        return {"timestamp": now, "sign": base64.b64encode(signed).decode()}


class _LarkBot(Bot):
    dialect, most_bytes = Dialect.LARK, 18_000

    def request(self, title: str, body: str) -> Request:
        """A card: only cards show Markdown. Signed when the address has a secret, as 'lark://SECRET@TOKEN'."""
        header = {"title": {"tag": "plain_text", "content": title[:_TITLE_CHARS]}}
        card = {"config": {"wide_screen_mode": True}, "header": header, "elements": [{"tag": "markdown", "content": body}]}
        plugin = cast("Any", self)
        payload = {"msg_type": "interactive", "card": card, **_lark_signature(plugin.user or "")}
        return Request(url=self.at(f"/open-apis/bot/v2/hook/{plugin.token}"), payload=payload)

    def refusal(self, answer: httpx.Response) -> str:
        """`code`, of older servers `StatusCode`, other than 0."""
        return _code(answer, "code", "msg") if "code" in _document(answer) else _code(answer, "StatusCode", "StatusMessage")


class Feishu(_LarkBot, NotifyFeishu):
    """A Feishu custom bot."""

    vendor = "https://open.feishu.cn"


class Lark(_LarkBot, NotifyLark):
    """A Lark custom bot."""

    vendor = "https://open.larksuite.com"


class WeCom(Bot, NotifyWeComBot):
    """A WeCom group robot."""

    dialect, most_bytes, vendor = Dialect.WECOM, 3_900, "https://qyapi.weixin.qq.com"

    def request(self, title: str, body: str) -> Request:
        """Markdown, at most 4,096 bytes."""
        payload = {"msgtype": "markdown", "markdown": {"content": f"### {title}\n{body}"}}
        return Request(url=self.at("/cgi-bin/webhook/send"), payload=payload, query={"key": str(self.key)})

    def refusal(self, answer: httpx.Response) -> str:
        """`errcode` other than 0."""
        return _code(answer, "errcode", "errmsg")


class Slack(Bot, NotifySlack):
    """A Slack incoming webhook."""

    dialect, most_bytes, vendor = Dialect.SLACK, 11_000, "https://hooks.slack.com"

    def request(self, title: str, body: str) -> Request:
        """Blocks: a header and sections, which hold 3,000 characters each. No preview of any link is made."""
        if self.mode not in (SlackMode.WEBHOOK, SlackMode.WEBHOOK_GOV):
            raise InvalidInput("Only Slack's incoming webhooks are spoken to: slack://TOKEN_A/TOKEN_B/TOKEN_C.")
        header = {"type": "header", "text": {"type": "plain_text", "text": title[:_SLACK_HEADER_CHARS], "emoji": False}}
        sections = [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in _parts(body)]
        payload = {"text": title, "blocks": [header, *sections], "unfurl_links": False, "unfurl_media": False}
        host = self if self.mode is SlackMode.WEBHOOK or self.base else _Government()
        return Request(url=host.at(f"/services/{self.token_a}/{self.token_b}/{self.token_c}"), payload=payload)

    def refusal(self, answer: httpx.Response) -> str:
        """Anything but the word ok."""
        return "" if answer.text.strip() == "ok" else answer.text or "an empty answer"


class _Government(Bot):
    vendor = "https://hooks.slack-gov.com"


class Teams(Bot, NotifyWorkflows):
    """A Microsoft Teams workflow that posts what a webhook brings."""

    dialect, most_bytes = Dialect.MARKDOWN, 24_000

    def request(self, title: str, body: str) -> Request:
        """An Adaptive Card."""
        texts = [_text(title, weight="Bolder", size="Medium"), *(_text(part) for part in body.split("\n\n") if part.strip())]
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": texts,
            "msteams": {"width": "full"},
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        query = {"api-version": str(self.api_version), "sp": "/triggers/manual/run", "sv": "1.0", "sig": str(self.signature)}
        return Request(url=self._address(), payload={"type": "message", "attachments": [attachment]}, query=query)

    def refusal(self, answer: httpx.Response) -> str:
        """Older connectors say in a 200 that Teams answered 4xx."""
        return answer.text if "error" in answer.text.lower() and answer.status_code == HTTPStatus.OK else ""

    def _address(self) -> str:
        port = f":{self.port}" if self.port else ""
        automated = "/powerautomate/automations/direct" if self.power_automate else ""
        routed = f"/cu/{self.routing_id}" if automated and self.routing_id else ""
        host = self.base.rstrip("/") or f"https://{self.host}{port}"
        return f"{host}{automated}{routed}/workflows/{self.workflow}/triggers/manual/paths/invoke"


BOTS = (DingTalk, Feishu, Lark, WeCom, Slack, Teams)


def _lark_signature(secret: str) -> dict[str, str]:
    """As Lark documents it: the key is timestamp and secret, and nothing is signed with it."""
    if not secret:
        return {}
    now = str(round(time.time()))
    return {"timestamp": now, "sign": base64.b64encode(hmac.digest(f"{now}\n{secret}".encode(), b"", hashlib.sha256)).decode()}


def _text(text: str, **look: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **look}


def _parts(text: str) -> list[str]:
    """Sections of whole lines."""
    parts = [""]
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), _SLACK_SECTION_CHARS):
            piece = line[start : start + _SLACK_SECTION_CHARS]
            if len(parts[-1]) + len(piece) + 1 > _SLACK_SECTION_CHARS:
                parts.append(piece)
            else:
                parts[-1] = f"{parts[-1]}\n{piece}" if parts[-1] else piece
    return [part for part in parts if part.strip()]


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _code(answer: httpx.Response, name: str, words: str) -> str:
    """The vendor's code and words when it is not 0; an answer without it is no success either."""
    document = _document(answer)
    if document.get(name) == 0:
        return ""
    return f"{name} {document.get(name)}: {document.get(words)}" if name in document else f"no {name} in {answer.text[:200]!r}"
