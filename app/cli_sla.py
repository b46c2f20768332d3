"""`deskhand sla`: what is promised, compared with the helpdesk's own clocks."""

from __future__ import annotations

import click

from app.cli_sla_explain import explain
from app.cli_sla_import import import_native
from app.cli_sla_simulate import sla_simulate


@click.group()
def sla() -> None:
    """Service levels: explain a ticket's clocks, take over the helpdesk's own policies."""


sla.add_command(explain)
sla.add_command(import_native)
sla.add_command(sla_simulate)
