"""The conversation with TokPortal about Commands: quote, send, settle, and find out what got no answer.

`now` is machine time. No transaction is open while TokPortal is asked.
"""

from campaigns.commands.sync.probing import probe_connection
from campaigns.commands.sync.quoting import PriceCheckWasCharged, quote, quote_again
from campaigns.commands.sync.sending import resolve_command, send_command, send_next, sweep_commands
from campaigns.commands.sync.settling import correct_charge

__all__ = [
    "PriceCheckWasCharged",
    "correct_charge",
    "probe_connection",
    "quote",
    "quote_again",
    "resolve_command",
    "send_command",
    "send_next",
    "sweep_commands",
]
