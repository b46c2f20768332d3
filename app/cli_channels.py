"""`deskhand channels`: where messages go. Secrets are typed or read from a file, and never arguments."""

from __future__ import annotations

import re
import secrets
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from app import channel_tests
from app.bootstrap import Deps
from app.cli_start import ON_TENANT, one, start
from app.settings import RECORD
from app.sla.links import pager_hook
from connectors.opsgenie import HOSTS
from connectors.recorder import FILE
from connectors.store.tenants import (
    OPSGENIE_KEY,
    OPSGENIE_REGION,
    OUT_WEBHOOK_SECRET,
    OUT_WEBHOOK_URL,
    PAGER_KEY,
    PAGER_SECRET,
    chat_address,
)
from triage.messages import Message

PAGER, OPSGENIE, WEBHOOK, PAGER_WEBHOOK, CHAT, MAIL = "pager", "opsgenie", "webhook", "pager-webhook", "chat:", "mail"
KEPT = {
    PAGER: (PAGER_KEY,),
    OPSGENIE: (OPSGENIE_KEY, OPSGENIE_REGION),
    WEBHOOK: (OUT_WEBHOOK_URL, OUT_WEBHOOK_SECRET),
    PAGER_WEBHOOK: (PAGER_SECRET,),
}
"""Which secrets make up a channel."""
OTHER_PAGER = {PAGER: OPSGENIE, OPSGENIE: PAGER}
WANTED = {
    PAGER: "the integration's routing key",
    OPSGENIE: "the API integration's key",
    WEBHOOK: "the https address, and on a second line the secret to sign with (without one, one is made)",
    PAGER_WEBHOOK: "the secret that the pager signs its webhooks with",
    CHAT: "the https address of the channel's incoming webhook",
}


class Channel(click.ParamType[str]):
    """A channel's name, one of `known`."""

    name = "channel"

    def __init__(self, known: tuple[str, ...]) -> None:
        self.known = known

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if re.fullmatch(r"chat:\S{1,60}", value) if value.startswith(CHAT) else value in self.known:
            return value
        names = [each + "NAME" if each == CHAT else each for each in self.known]
        self.fail(f"there are: {', '.join(names)}.", param, ctx)


SET = Channel((PAGER, OPSGENIE, WEBHOOK, PAGER_WEBHOOK, CHAT))
TESTED = Channel((PAGER, OPSGENIE, WEBHOOK, CHAT, MAIL))


@click.group()
def channels() -> None:
    """Where messages go: the pager, chat channels, a webhook of your own."""


@channels.command("set")
@click.argument("channel", type=SET)
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read it from here.")
@click.option("--region", type=click.Choice(list(HOSTS)), default="us", show_default=True, help="Of Opsgenie.")
@click.option("--new", is_flag=True, help="Of pager-webhook: make a secret, for a pager that signs nothing.")
@ON_TENANT
def set_channel(channel: str, path: Path | None, region: str, new: bool, tenant: str | None) -> None:
    """Keep a channel's secret, typed at the prompt, from standard input or from a file.

    \b
    pager          PagerDuty and others by Events API v2: the routing key
    opsgenie       the API integration's key
    chat:NAME      the address of a channel's incoming webhook
    webhook        your own program: its address, and a second line with the secret to sign with
    pager-webhook  the secret of the pager's webhooks, by which it says that somebody took a page
    """
    deps = start()
    chosen = one(deps, tenant).id
    if new and channel != PAGER_WEBHOOK:
        raise click.UsageError("--new makes the secret of pager-webhook only.")
    lines = [secrets.token_urlsafe(32)] if new else _read(channel, path)
    values, made = _values(channel, lines, region)
    store = deps.store
    for name, value in values.items():
        store.tenants.set_secret(chosen, name, value)
    click.echo(f"{channel} is set.")
    other = OTHER_PAGER.get(channel)
    if other and _is_set(deps, chosen, other):
        store.installations.forget(chosen, KEPT[other])
        click.echo(f"{other} was removed: a helpdesk has one pager.")
    if channel == PAGER_WEBHOOK:
        click.echo(f"The pager posts its webhooks to {pager_hook(deps, chosen)}")
        if new:
            click.echo(f"with the header Deskhand-Secret: {lines[0]}")
    if made:
        click.echo(f"Calls are signed with {made}")
        click.echo("This secret is not shown again.")


@channels.command("remove")
@click.argument("channel", type=SET)
@ON_TENANT
def remove(channel: str, tenant: str | None) -> None:
    """Forget a channel's secret. What waits for it is parked when its turn comes."""
    deps = start()
    chosen = one(deps, tenant).id
    if not _is_set(deps, chosen, channel):
        click.echo(f"{channel} is not set.", err=True)
        sys.exit(1)
    deps.store.installations.forget(chosen, _names(channel))
    click.echo(f"{channel} is removed.")


@channels.command("list")
@ON_TENANT
def list_channels(tenant: str | None) -> None:
    """Which channels are set; never what they hold."""
    deps = start()
    chosen = one(deps, tenant).id
    settings = deps.settings
    if settings.messages == RECORD:
        click.echo(f"Nothing is sent: DESKHAND_MESSAGES=record keeps every message in {settings.var / FILE}")
    names = deps.store.tenants.secret_names(chosen)
    chats = [CHAT + name.removeprefix(chat_address("")) for name in names if name.startswith(chat_address(""))]
    for channel in (*KEPT, *chats):
        click.echo(f"{channel:<16} {'set' if _is_set(deps, chosen, channel) else 'not set'}")
    click.echo(f"{MAIL:<16} {'set' if settings.smtp_url else 'not set: see DESKHAND_SMTP_URL'}")
    click.echo(f"The pager's webhooks come to {pager_hook(deps, chosen)}")


@channels.command("test")
@click.argument("channel", type=TESTED)
@click.option("--to", default="", help="Of mail: who gets it.")
@click.option("--wait", type=click.IntRange(1, 600), default=30, show_default=True, help="Seconds.")
@ON_TENANT
def try_channel(channel: str, to: str, wait: int, tenant: str | None) -> None:
    """Send one message the way every other goes, and say what became of it. A test page is resolved at once."""
    deps = start()
    chosen = one(deps, tenant).id
    if (channel == MAIL) != bool(to):
        raise click.UsageError("--to is for mail, which needs it.")
    if channel != MAIL and deps.settings.messages != RECORD and not _is_set(deps, chosen, channel):
        raise click.UsageError(f"{channel} is not set: `deskhand channels set {channel}`.")
    try:
        for said in channel_tests.send(deps, chosen, _message(channel, to, deps.now()), wait_s=wait):
            click.echo(said)
    except channel_tests.NotSent as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _read(channel: str, path: Path | None) -> list[str]:
    wanted = WANTED[CHAT if channel.startswith(CHAT) else channel]
    if path is not None:
        text = path.read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        text = click.prompt(wanted[0].upper() + wanted[1:], hide_input=True, prompt_suffix=": ")
    else:
        text = sys.stdin.read()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= (2 if channel == WEBHOOK else 1):
        raise click.UsageError(f"Give {wanted}.")
    return lines


def _values(channel: str, lines: list[str], region: str) -> tuple[dict[str, str], str]:
    """The secrets by name, and one that was made here."""
    if channel == OPSGENIE:
        return {OPSGENIE_KEY: lines[0], OPSGENIE_REGION: region}, ""
    if channel == WEBHOOK:
        made = "" if len(lines) == 2 else secrets.token_urlsafe(32)
        return {OUT_WEBHOOK_URL: _address(lines[0]), OUT_WEBHOOK_SECRET: made or lines[1]}, made
    if channel.startswith(CHAT):
        return {chat_address(channel.removeprefix(CHAT)): _address(lines[0])}, ""
    return {KEPT[channel][0]: lines[0]}, ""


def _address(text: str) -> str:
    """The address is a secret itself, so a refusal does not quote it."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        fits = False
    if not fits:
        raise click.UsageError("This is no address that begins with https:// and holds no user name.")
    return text


def _names(channel: str) -> tuple[str, ...]:
    return KEPT[channel] if channel in KEPT else (chat_address(channel.removeprefix(CHAT)),)


def _is_set(deps: Deps, tenant: str, channel: str) -> bool:
    return bool(deps.store.tenants.secret(tenant, _names(channel)[0]))


def _message(channel: str, to: str, now: datetime) -> Message:
    if channel == MAIL:
        return channel_tests.mail(to)
    if channel == WEBHOOK:
        return channel_tests.call(now)
    if channel.startswith(CHAT):
        return channel_tests.post(channel.removeprefix(CHAT))
    return channel_tests.page()
