"""Alembic's entry: runs the migrations on the connection that server.db.upgrade hands over."""

from alembic import context
from sqlmodel import SQLModel

import server.db.models

assert server.db.models.Meta.__tablename__
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
