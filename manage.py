#!/usr/bin/env python
"""Every command of the project: `python manage.py help`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    if sys.argv[1:2] == ["sandbox"]:
        # The imitation of TokPortal is a program of its own: no settings, no database, no Django.
        environment = os.environ | {"PYTHONPATH": os.path.dirname(os.path.abspath(__file__))}
        os.execve(sys.executable, [sys.executable, "-m", "agency.sandbox", *sys.argv[2:]], environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agency.settings")
    execute_from_command_line(sys.argv)
