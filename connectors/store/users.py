"""Console users and their log-in attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from connectors.store.database import Database
from connectors.store.schema import console_user, login_attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleUser:
    id: int
    email: str
    name: str
    password_hash: str
    session_version: int


class Users:
    def __init__(self, database: Database) -> None:
        self.database = database

    def save(self, *, email: str, name: str, password_hash: str, now: datetime) -> None:
        """Create the user, or give the one with this address a new name and password.

        Whoever is logged in with the old password is logged out.
        """
        values = {"name": name, "password_hash": password_hash}
        with self.database.write() as connection:
            connection.execute(
                self.database.insert(console_user)
                .values(email=email.lower(), created_at=now, **values)
                .on_conflict_do_update(
                    index_elements=["email"], set_=values | {"session_version": console_user.c.session_version + 1}
                )
            )

    def find(self, email: str) -> ConsoleUser | None:
        with self.database.read() as connection:
            row = connection.execute(select(console_user).where(console_user.c.email == email.lower())).one_or_none()
        if row is None:
            return None
        return ConsoleUser(
            id=row.id,
            email=row.email,
            name=row.name,
            password_hash=row.password_hash,
            session_version=row.session_version,
        )

    def end_sessions(self, user_id: int) -> None:
        """Every session the user has open stops being valid."""
        with self.database.write() as connection:
            connection.execute(
                update(console_user)
                .where(console_user.c.id == user_id)
                .values(session_version=console_user.c.session_version + 1)
            )

    def failures(self, email: str, ip: str, *, since: datetime) -> tuple[int, datetime | None, int]:
        """Failed log-ins of the pair since its last success, when the latest was, and all failures of the address."""
        with self.database.read() as connection:
            tries = connection.execute(
                select(login_attempt)
                .where(login_attempt.c.ip == ip, login_attempt.c.at >= since)
                .order_by(login_attempt.c.id)
            ).all()
        failed: list[datetime] = []
        for each in tries:
            if each.email == email.lower():
                failed = [] if each.ok else [*failed, each.at]
        return len(failed), failed[-1] if failed else None, sum(not each.ok for each in tries)

    def record_attempt(self, email: str, ip: str, *, ok: bool, now: datetime, keep_since: datetime) -> None:
        with self.database.write() as connection:
            connection.execute(delete(login_attempt).where(login_attempt.c.at < keep_since))
            connection.execute(login_attempt.insert().values(email=email.lower(), ip=ip, at=now, ok=ok))
