"""What orders are made from: prices, countries, platforms and the balance, kept on the Connection."""

from datetime import datetime, timedelta

from agency.connections import tokportal
from agency.models import Connection
from agency.tokportal import Balance, Countries, Lane

STALE_AFTER = timedelta(hours=1)


def refresh_reference(connection: Connection, *, now: datetime, lane: Lane = Lane.BACKGROUND) -> None:
    """Read everything again (five calls). `now` is machine time. Raises what `agency.tokportal` raises."""
    api = tokportal(connection, lane)
    me, costs, countries = api.me(), api.get_credit_costs(), api.list_countries()
    platforms = [
        {"value": platform.value, "name": platform.name, "enabled": platform.enabled}
        for platform in api.list_platforms()
    ]
    Connection.objects.filter(pk=connection.pk).update(
        owner_email=me.email or connection.owner_email,
        prices=dict(costs.raw),
        countries=_country_rows(countries),
        platforms=platforms,
        reference_at=now,
    )
    note_pool(connection, api.get_balance(), at=connection.upstream_now(now))
    connection.refresh_from_db()


def refresh_balance(connection: Connection, *, now: datetime) -> None:
    """Read what is left in the pool (one call). Raises what `agency.tokportal` raises."""
    note_pool(connection, tokportal(connection).get_balance(), at=connection.upstream_now(now))


def note_pool(connection: Connection, balance: Balance, *, at: datetime) -> None:
    """Keep a balance and what of it expires soon. `at` is TokPortal's time."""
    if balance.total is not None:
        connection.note_balance(balance.total, at=at, expiring_credits=balance.expiring_within_7_days)


def is_stale(connection: Connection, *, now: datetime) -> bool:
    return connection.reference_at is None or now - connection.reference_at >= STALE_AFTER


def _country_rows(countries: Countries) -> list[dict[str, object]]:
    """`videos_only`: no new accounts there, only work on existing ones."""
    open_codes = {country.code for country in countries.open}
    rows = [{"code": country.code, "name": country.name, "videos_only": False} for country in countries.open]
    return rows + [
        {"code": country.code, "name": country.name, "videos_only": True}
        for country in countries.videos_only
        if country.code not in open_codes
    ]
