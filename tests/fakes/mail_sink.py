"""A small SMTP server on loopback that takes mails, or refuses them, as told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(kw_only=True)
class MailSink:
    """The mails that came, and what is said to the next ones."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    refusal: str = ""
    """'451 try later', for example, in place of taking a mail."""

    @property
    def url(self) -> str:
        """Its Apprise address."""
        return f"mailto://127.0.0.1:{self.port}/?from=missions@example.org&to=ops@example.org&mode=insecure"

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One SMTP session."""

        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 sink")
        while line := (await reader.readline()).decode("utf-8", "replace").strip():
            match line.split(" ")[0].upper():
                case "EHLO" | "HELO":
                    await say("250 sink")
                case "DATA":
                    await say("354 go on")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    if not self.refusal:
                        self._keep(raw)
                    await say(self.refusal or "250 taken")
                case "QUIT":
                    await say("221 bye")
                    break
                case _:
                    await say("250 ok")
        writer.close()

    def _keep(self, raw: bytes) -> None:
        plain = raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        self.mails.append(message_from_bytes(plain, policy=policy.default))


@asynccontextmanager
async def mail_sink() -> AsyncGenerator[MailSink]:
    """A server on a free port."""
    sink = MailSink()
    server = await asyncio.start_server(sink.speak, "127.0.0.1", 0, limit=2**24)
    sink.port = server.sockets[0].getsockname()[1]
    async with server:
        yield sink


def html_of(mail: EmailMessage) -> str:
    """The HTML part of a mail."""
    part = mail.get_body(preferencelist=("html",))
    assert part is not None
    return str(part.get_content())
