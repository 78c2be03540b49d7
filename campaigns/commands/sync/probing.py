"""While calls pause: find out whether TokPortal answers again."""

from datetime import datetime

from agency.connections import claim_probe, tokportal
from agency.models import Connection
from agency.tokportal import Lane, TokPortalError


def probe_connection(*, now: datetime) -> bool:
    """Whether calls go on from now. One process asks at a time, with the cheapest question that there is.

    Its answer is heeded like any other's (`agency.connections.learn_from`), which is what ends the pause.
    """
    connection = Connection.objects.active()
    if connection is None or not connection.is_paused or not claim_probe(connection, now=now):
        return False
    try:
        tokportal(connection, Lane.PERSON).me()
    except TokPortalError:
        return False
    return True
