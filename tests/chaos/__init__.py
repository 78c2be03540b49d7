"""`make chaos`: an agency at work while everything around it fails, and its books at the end.

A real PostgreSQL, Redis, sandbox, web process, workers and beat. `plan` decides from the seed alone what people
want and when what breaks; `shop` presses the buttons; `house` starts, kills and restarts; `audit` compares.
"""
