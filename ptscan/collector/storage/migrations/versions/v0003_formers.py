"""Version 3: an agent that was enrolled again says which one it was before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is new; of agents that were enrolled again before, nothing is known."""
    op.add_column("agents", sa.Column("former_id", sa.Text(), nullable=True))


def downgrade() -> None:
    """There is no way back: a backup is."""
    raise NotImplementedError("restore a backup")
