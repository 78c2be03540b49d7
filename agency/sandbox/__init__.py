"""An imitation of the TokPortal API: its own process and storage, imports nothing else of this project.

Start it with ``python manage.py sandbox``; README.md beside this file says how to steer it.
The contract it follows is TokPortal's public API, version 2026-05-25.
"""
