"""Each kind of channel over real HTTP and SMTP: what arrives is what the vendor documents, and only its yes is a success."""

import base64
import hashlib
import hmac

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse

from blocks.sending.sender import Write, send, sender_for
from blocks.sending.webhook import is_ours
from blueprint.errors import ChannelFailed, InvalidInput
from blueprint.notification import Channel, Dialect, Outgoing
from blueprint.stream import Severity
from tests.fakes.chat_sink import FAILURE, SUCCESS, ChatSink, Posted, address, chat_sink
from tests.fakes.mail_sink import html_of, mail_sink

KEY = "a key of the signature"
OUT = Outgoing(id="n-1", title="Disk full", body="It is **full**.", severity=Severity.WARNING)


def channel(service: str, url: str) -> Channel:
    kind = "webhook" if service == "webhook" else "bot"
    return Channel.model_validate({"name": "ops", "kind": kind, "url": SecretStr(url), "signing_key": SecretStr(KEY)})


def _written(out: Outgoing) -> Write:
    def write(_dialect: Dialect, _most_bytes: int) -> Outgoing:
        return out

    return write


async def take(service: str, sink: ChatSink, out: Outgoing = OUT) -> Posted:
    given = out.model_copy(update={"body": "{}"}) if service == "webhook" else out
    await send(channel(service, address(service, sink.url)), _written(given))
    return sink.posted[-1]


async def test_dingtalk_gets_signed_markdown() -> None:
    async with chat_sink(SUCCESS["dingtalk"]) as sink:
        posted = await take("dingtalk", sink)
    now = posted.query["timestamp"]
    signed = base64.b64encode(hmac.digest(b"SECabc123", f"{now}\nSECabc123".encode(), hashlib.sha256)).decode()
    assert (posted.path, posted.query["access_token"], posted.query["sign"]) == ("/robot/send", "token123", signed)
    assert posted.document == {
        "msgtype": "markdown",
        "markdown": {"title": "Disk full", "text": "### Disk full\n\nIt is **full**."},
        "at": {"atMobiles": [], "isAtAll": False},
    }


async def test_lark_gets_a_signed_card() -> None:
    async with chat_sink(SUCCESS["lark"]) as sink:
        posted = await take("lark", sink)
    signed = hmac.digest(f"{posted.document['timestamp']}\nsecret12".encode(), b"", hashlib.sha256)
    assert posted.path == "/open-apis/bot/v2/hook/token-123"
    assert posted.document["sign"] == base64.b64encode(signed).decode()
    assert posted.document["msg_type"] == "interactive"
    assert posted.document["card"]["header"]["title"] == {"tag": "plain_text", "content": "Disk full"}
    assert posted.document["card"]["elements"] == [{"tag": "markdown", "content": "It is **full**."}]


async def test_wecom_slack_and_teams_get_their_own_forms() -> None:
    async with chat_sink(SUCCESS["wecom"]) as sink:
        wecom = await take("wecom", sink)
        sink.answer = SUCCESS["slack"]
        slack = await take("slack", sink)
        sink.answer = SUCCESS["teams"]
        teams = await take("teams", sink)
    assert wecom.query == {"key": "key-123"}
    assert wecom.document == {"msgtype": "markdown", "markdown": {"content": "### Disk full\nIt is **full**."}}
    assert slack.path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7ab"
    assert [block["type"] for block in slack.document["blocks"]] == ["header", "section"]
    assert slack.document["unfurl_links"] is False
    assert teams.path == "/workflows/wf123/triggers/manual/paths/invoke"
    assert teams.query["sig"] == "sig456"
    assert [part["text"] for part in teams.document["attachments"][0]["content"]["body"]] == ["Disk full", "It is **full**."]


async def test_a_webhook_gets_the_body_signed_with_its_time_and_id() -> None:
    async with chat_sink(SUCCESS["webhook"]) as sink:
        posted = await take("webhook", sink, OUT.model_copy(update={"body": "{}"}))
    headers = httpx.Headers(posted.headers)
    assert headers["x-missions-id"] == "n-1"
    assert is_ours(KEY.encode(), headers, posted.raw)
    assert not is_ours(KEY.encode(), headers, b"{ }")
    assert not is_ours(b"another key", headers, posted.raw)


@pytest.mark.parametrize("service", SUCCESS)
async def test_success_is_what_the_vendor_calls_one(service: str) -> None:
    async with chat_sink(SUCCESS[service]) as sink:
        await take(service, sink)
    assert len(sink.posted) == 1


@pytest.mark.parametrize("service", FAILURE)
async def test_an_error_in_a_200_is_a_failure_that_did_not_arrive(service: str) -> None:
    async with chat_sink(FAILURE[service]) as sink:
        with pytest.raises(ChannelFailed) as failure:
            await take(service, sink)
    assert not failure.value.may_have_arrived
    assert sink.url not in str(failure.value)


async def test_a_service_that_repeats_the_secrets_of_the_address_gives_none_away() -> None:
    async with chat_sink(lambda: PlainTextResponse(f"denied token123 {KEY} SECabc123", status_code=403)) as sink:
        with pytest.raises(ChannelFailed) as failure:
            await take("dingtalk", sink)
    assert str(failure.value) == "It answered 403: denied ••• ••• •••"


async def test_nobody_there_is_a_failure_that_did_not_arrive_and_a_server_error_may_have() -> None:
    async with chat_sink(lambda: PlainTextResponse("busy", status_code=503)) as sink:
        with pytest.raises(ChannelFailed, match="answered 503") as broken:
            await take("dingtalk", sink)
    with pytest.raises(ChannelFailed, match="can't be reached") as gone:
        await take("dingtalk", sink)
    assert (broken.value.may_have_arrived, gone.value.may_have_arrived) == (True, False)


async def test_a_mail_has_the_id_a_text_and_an_html_part_and_goes_once_to_each() -> None:
    async with mail_sink() as sink:
        body = "<p>It is <strong>full</strong>.</p>"
        await send(channel("mail", sink.url), _written(OUT.model_copy(update={"body": body})))
    [mail] = sink.mails
    assert (mail["Subject"], mail["To"], mail["X-Missions-Id"]) == ("Disk full", "ops@example.org", "n-1")
    assert "<strong>full</strong>" in html_of(mail)
    assert mail.get_content_type() == "multipart/alternative"


async def test_a_mail_server_that_refuses_is_a_failure_without_a_word_of_the_address() -> None:
    async with mail_sink() as sink:
        sink.refusal = "451 try later"
        url = sink.url.replace("mailto://", "mailto://somebody:s3cretword@")
        with pytest.raises(ChannelFailed) as failure:
            await send(channel("mail", url), _written(OUT))
    assert str(failure.value) == 'Connection error while submitting email to "127.0.0.1"'


@pytest.mark.parametrize("url", ["bogus://x", "not an address", "slack://", "mailto://", ""])
async def test_an_address_that_cannot_be_used_is_refused_without_naming_it(url: str) -> None:
    with pytest.raises(InvalidInput, match="The address of channel 'ops' is no Apprise URL"):
        sender_for(channel("bot", url))


async def test_a_webhook_needs_an_http_address() -> None:
    with pytest.raises(InvalidInput, match="no http"):
        sender_for(channel("webhook", "ftp://secret.example/x"))
