"""`missions channel`: where people are told what happens (R7.2)."""

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import SecretStr

from blocks.loading import block_names, load_block
from blocks.notification_channel import NotificationChannel
from blueprint.errors import ChannelFailed, InvalidInput
from blueprint.notification import Channel, ChannelKind, ChannelState, MissionRule
from blueprint.stream import Severity
from flows.command.connections import checked_name, from_environment
from flows.command.naming import events_named
from flows.command.output import AsJson, Session, command, session, show, show_json, show_table
from flows.notifying.delivering import send_test
from flows.notifying.loop import load_channels

channels = typer.Typer(help="Notification channels: mail, chats, webhooks.", no_args_is_help=True)

Events = Annotated[list[str] | None, typer.Option("--event", help="An event that it takes, else all; may be repeated.")]
Least = Annotated[Severity, typer.Option(help="It takes nothing that matters less.")]


@channels.command("add")
@command
async def add_channel(
    name: str,
    url_env: Annotated[str, typer.Option(help="Environment variable that holds the address; it is never shown.")],
    kind: Annotated[
        ChannelKind, typer.Option(help="A person's mail or phone, a chat, or JSON to a URL of your own.")
    ] = "contact",
    signing_key_env: Annotated[str, typer.Option(help="webhook: environment variable that holds the signature's key.")] = "",
    event: Events = None,
    least: Least = Severity.OK,
    default: Annotated[bool, typer.Option(help="For Missions whose plan names no channel.")] = True,
    escalation: Annotated[bool, typer.Option("--escalation", help="Gets the last reminder of each request.")] = False,
    answer_links: Annotated[bool, typer.Option(help="With links that answer: whoever has one may answer.")] = True,
    as_json: AsJson = False,
) -> None:
    """Save a channel after it has taken a test message."""
    block = NotificationChannel(
        kind=kind,
        url=SecretStr(_given(url_env)),
        signing_key=SecretStr(from_environment(signing_key_env)),
        events=list(events_named(event)),
        least_severity=least,
        is_default=default,
        is_escalation=escalation,
        answer_links=answer_links,
    )
    async with session() as here:
        await _test(here, block.named(checked_name(name)))
        await block.asave(name, overwrite=True)
        await here.store.channel_states.answered(name)
    show_json({"name": name, "kind": kind}) if as_json else show(f"Channel {name!r} took a test message and is saved.")


@channels.command("list")
@command
async def list_channels(as_json: AsJson = False) -> None:
    """List the channels, how they do, and what they have not taken yet; never their addresses."""
    async with session() as here:
        found = await load_channels()
        states, waiting = await here.store.channel_states.all(), await here.store.deliveries.waiting()
    said = [_said(channel, states.get(channel.name, ChannelState()), waiting.get(channel.name, 0)) for channel in found]
    if as_json:
        return show_json(said)
    columns = ["NAME", "KIND", "TAKES", "MISSIONS", "ESCALATION", "STATE", "WAITING"]
    return show_table(columns, [[str(cell) for cell in row.values()] for row in said], "No notification channels.")


@channels.command("test")
@command
async def try_channel(name: str, as_json: AsJson = False) -> None:
    """Send a test message."""
    async with session() as here:
        await load_block(NotificationChannel, name)
        channel = next(channel for channel in await load_channels() if channel.name == name)
        await _test(here, channel)
    show_json({"name": name, "is_taken": True}) if as_json else show(f"Channel {name!r} took a test message.")


@channels.command("rule")
@command
async def set_rule(
    name: str,
    mission: Annotated[str, typer.Argument(help="A Mission: its id, the beginning of it, or its name.")],
    event: Events = None,
    least: Least = Severity.OK,
    off: Annotated[bool, typer.Option("--off", help="Take nothing of this Mission.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Take of it what the channel takes of all.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a channel takes of one Mission, in place of what it takes of all."""
    async with session() as here:
        found = await here.store.missions.find(mission)
        block = await load_block(NotificationChannel, name)
        own = MissionRule(mission=found.id, events=events_named(event), least_severity=least, is_off=off)
        others = [rule for rule in block.missions if rule.mission != found.id]
        block.missions = others if drop else [*others, own]
        await block.asave(name, overwrite=True)
    if as_json:
        return show_json({"name": name, "rule": None if drop else own})
    what = "what it takes of all" if drop else "nothing" if off else _takes(own.events, own.least_severity)
    return show(f"Of Mission {found.id!r} channel {name!r} takes {what}.")


@channels.command("remove")
@command
async def remove_channel(name: str, as_json: AsJson = False) -> None:
    """Remove a channel; what it has not taken yet stays in the inbox only."""
    async with session() as here:
        await load_block(NotificationChannel, name)
        await NotificationChannel.adelete(name)
        await here.store.deliveries.forget_channel(name, "the channel was removed")
        await here.store.channel_states.forget(name)
    show_json({"removed": name}) if as_json else show(f"Channel {name!r} is removed.")


async def _test(here: Session, channel: Channel) -> None:
    try:
        await send_test(here.store, channel)
    except ChannelFailed as failure:
        is_known = channel.name in await block_names(NotificationChannel)
        if not is_known:
            await here.store.channel_states.forget(channel.name)
        raise ChannelFailed(
            f"Channel {channel.name!r} did not take a test message. {failure}", may_have_arrived=failure.may_have_arrived
        ) from failure


def _given(variable: str) -> str:
    if not variable:
        raise InvalidInput("Give --url-env, the name of an environment variable that holds the channel's address.")
    return from_environment(variable)


def _said(channel: Channel, state: ChannelState, waiting: int) -> dict[str, object]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "takes": _takes(channel.rule.events, channel.rule.least_severity),
        "missions": "that name it or none" if channel.is_default else "that name it",
        "escalation": "yes" if channel.is_escalation else "",
        "state": _state(state),
        "waiting": waiting,
    }


def _takes(events: Sequence[str], least: Severity) -> str:
    return f"{', '.join(events) or 'all events'}, {least} and above"


def _state(state: ChannelState) -> str:
    if state.failing_since is not None:
        return f"fails since {state.failing_since:%Y-%m-%d %H:%M} UTC: {state.reason}"
    return f"took a message {state.answered_at:%Y-%m-%d %H:%M} UTC" if state.answered_at else "not tried yet"
