"""PostgreSQL and Redis for a machine that has none, and the command that starts everything."""
