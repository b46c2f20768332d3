"""Alembic's entry point; the engine comes from `Database.migrate`."""

from alembic import context

from connectors.store.schema import metadata

engine = context.config.attributes["engine"]
ONE_AT_A_TIME = 7_103_371_001
"""The number of our lock in PostgreSQL."""

with engine.connect().execution_options(deskhand_write=True) as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # A table that is made anew is dropped first, with every row that points to it. Cannot change in a transaction.
        connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            if not sqlite:
                for setting in ("lock_timeout = '60s'", "statement_timeout = 0"):
                    connection.exec_driver_sql(f"SET LOCAL {setting}")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
            # One transaction from the first step to the last: a migration that is killed has changed nothing.
            context.configure(
                connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True
            )
            with context.begin_transaction():
                context.run_migrations()
            if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                raise ValueError(f"a row of {broken[0]} points to none of {broken[2]}: nothing was changed")
    finally:
        if sqlite:
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=ON")
