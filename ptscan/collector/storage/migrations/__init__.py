"""How the tables came to be: one module in ``versions`` for each change, run by Alembic, never changed afterwards."""
