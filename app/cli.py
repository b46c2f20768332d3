"""The `deskhand` command. Exit status: 0 done, 1 problems found, 2 wrong usage."""

from __future__ import annotations

import os
import signal
import sys
import threading

import click
from sqlalchemy.exc import SQLAlchemyError

from app import cli_backup, cli_connect
from app import demo as demo_module
from app.bootstrap import build
from app.cli_channels import channels
from app.cli_config import config
from app.cli_deliveries import deliveries
from app.cli_intake import intake
from app.cli_kb import kb
from app.cli_modes import category_mode
from app.cli_package import package
from app.cli_sla import sla
from app.cli_start import start
from app.cli_triage import triage
from app.passwords import hash_password
from app.processes import AlreadyRunning, Supervisor, only_one, programs
from app.settings import Settings, SettingsError
from connectors.errors import ConnectorError
from connectors.registry import VENDORS
from connectors.store.backups import BackupFailed
from connectors.store.database import StoreUnusable
from connectors.store.names import NoSuchDelivery
from connectors.store.tenants import UnknownTenant
from connectors.store.vault import VaultError


def main() -> None:
    """Entry point: known failures end with one plain line instead of a trace."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(1)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except (
        AlreadyRunning,
        BackupFailed,
        StoreUnusable,
        NoSuchDelivery,
        UnknownTenant,
        ConnectorError,
        VaultError,
    ) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error))
        click.echo(f"The database cannot be used: {reason}. If it is new or older: deskhand migrate", err=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Support operations for the helpdesk you already have."""


cli.add_command(package)
cli.add_command(cli_backup.backup)
cli.add_command(cli_backup.restore_command)


cli.add_command(cli_connect.connect)
cli.add_command(cli_connect.doctor)
cli.add_command(cli_connect.mode)
cli.add_command(config)
cli.add_command(channels)
cli.add_command(deliveries)
triage.add_command(category_mode)
cli.add_command(triage)
cli.add_command(intake)
cli.add_command(kb)
cli.add_command(sla)


@cli.command()
@click.option("--fast", is_flag=True, help="Send every ticket at once instead of at a human pace.")
@click.option("--once", is_flag=True, help="Stop when every ticket has settled.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print the counts as JSON.")
@click.option("--port", type=int, default=None, help="Port of the web process; the helpdesk takes the next one.")
@click.option("--helpdesk", type=click.Choice(list(VENDORS)), default=next(iter(VENDORS)), show_default=True)
def demo(fast: bool, once: bool, as_json: bool, port: int | None, helpdesk: str) -> None:
    """Run everything against a simulated helpdesk and watch tickets being triaged."""
    sys.exit(demo_module.run(fast=fast, once=once, as_json=as_json, port=port, vendor=helpdesk))


@cli.command()
def up() -> None:
    """Run web, worker, clock and Redis on this machine until Ctrl-C."""
    settings = Settings.from_env(os.environ)
    with only_one(settings.var):
        deps = build(settings)
        deps.store.database.migrate()
        supervisor = Supervisor(programs(settings), env=os.environ, logs=settings.var / "log")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        supervisor.start()
        click.echo(f"Deskhand is at {settings.public_url}/console. Logs: {settings.var / 'log'}. Ctrl-C stops it.")
        stop.wait()
        click.echo("Stopping.")
        supervisor.stop()


@cli.command()
def migrate() -> None:
    """Bring the database to this version's shape; safe to run again."""
    start().store.database.migrate()
    click.echo("The database is up to date.")


@cli.command()
def prepare() -> None:
    """Derive what the worker needs from the bundled model weights; done once, checked at every start."""
    from connectors.encoder import prepare as prepare_encoder

    settings = Settings.from_env(os.environ)
    click.echo("Preparing the encoder. The first time takes about 10 s.", err=True)
    prepare_encoder(settings.models)
    click.echo("The encoder is ready.", err=True)


@cli.group()
def user() -> None:
    """People who may open the console."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.password_option(help="At least 12 characters.")
def add_user(email: str, name: str, password: str) -> None:
    """Add a console user, or give an existing one a new password."""
    email = email.strip()
    local, _, domain = email.partition("@")
    if not local or not domain or any(character.isspace() for character in email):
        raise click.BadParameter("this is not an e-mail address.", param_hint="EMAIL")
    if len(password) < 12:
        raise click.BadParameter("use at least 12 characters.", param_hint="--password")
    deps = start()
    deps.store.users.save(email=email, name=name, password_hash=hash_password(password), now=deps.now())
    click.echo(f"{email} can log in at {deps.settings.public_url}/console.")
