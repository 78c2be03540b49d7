"""The organisation's credits: one running balance, a history that names no bundle, and the true books."""

import uuid
from datetime import timedelta
from typing import Any

from . import assumed
from .clock import iso_millis
from .errors import ApiError, ControlError
from .paging import page_of, read_date
from .work import Json, Work


def balance(work: Work) -> int:
    return work.store.value("SELECT balance_after FROM credit_entries ORDER BY seq DESC LIMIT 1") or 0


def add_entry(
    work: Work,
    *,
    kind: str,
    amount: int,
    description: str,
    breakdown: dict[str, int] | None = None,
    bundle_ids: list[str] | None = None,
    account_id: str | None = None,
    external_ref: str | None = None,
) -> None:
    """Write one history row; the balance is the row's `balance_after`."""
    work.store.insert(
        "credit_entries",
        id=f"txn_{uuid.uuid4().hex}",
        type=kind,
        amount=amount,
        description=description,
        breakdown=breakdown,
        balance_after=balance(work) + amount,
        created_at=work.now,
        origin=work.origin,
        operation=work.operation,
        bundle_ids=bundle_ids or [],
        account_id=account_id,
        external_ref=external_ref,
        api_key=work.api_key,
        idempotency_key=work.idempotency_key,
        request_id=work.request_id,
    )


def require(work: Work, credits: int, parts: dict[str, int]) -> None:
    """Raise INSUFFICIENT_CREDITS unless so many credits are there."""
    available = balance(work)
    if credits > available:
        raise ApiError(
            402,
            "INSUFFICIENT_CREDITS",
            f"This costs {credits} credits and {available} are left",
            required=credits,
            available=available,
            missing=credits - available,
            breakdown=work.prices.breakdown(parts),
        )


def charge(
    work: Work,
    *,
    parts: dict[str, int],
    description: str,
    bundle_ids: list[str] | None = None,
    account_id: str | None = None,
    external_ref: str | None = None,
) -> None:
    """Debit the sum of `parts` at once, in this transaction. Raises INSUFFICIENT_CREDITS."""
    total = sum(parts.values())
    require(work, total, parts)
    work.charged += total
    for part, credits in parts.items():
        work.cost_parts[part] = work.cost_parts.get(part, 0) + credits
    if total:
        add_entry(
            work,
            kind="debit",
            amount=-total,
            description=description,
            breakdown=work.prices.breakdown(parts),
            bundle_ids=bundle_ids,
            account_id=account_id,
            external_ref=external_ref,
        )


def paid(work: Work, data: Json) -> Json:
    """The envelope of a paid write."""
    return {
        "data": data,
        "credits_charged": work.charged,
        "credits_remaining": balance(work),
        "cost_breakdown": work.prices.breakdown(work.cost_parts),
    }


def top_up(work: Work, credits: int, description: str) -> None:
    if credits <= 0:
        raise ControlError("a top-up needs a positive number of credits")
    add_entry(work, kind="credit", amount=credits, description=description)


def balance_json(work: Work) -> Json:
    expirations = [
        {
            "amount": row["amount"],
            "expires_at": (row["created_at"] + assumed.TOP_UP_LIFETIME).isoformat(timespec="microseconds"),
            "source": "topup",
        }
        for row in work.store.all(
            "SELECT amount, created_at FROM credit_entries "
            "WHERE type = 'credit' AND created_at > ? ORDER BY seq",
            work.now - assumed.TOP_UP_LIFETIME,
        )
    ]
    soon = work.now + assumed.EXPIRING_SOON - assumed.TOP_UP_LIFETIME
    expiring = work.store.value(
        "SELECT sum(amount) FROM credit_entries WHERE type = 'credit' AND created_at > ? AND created_at <= ?",
        work.now - assumed.TOP_UP_LIFETIME,
        soon,
    )
    total = balance(work)
    return {
        "data": {
            "total_credits": total,
            "credits": total,
            "expiring_within_7_days": min(expiring or 0, total),
            "upcoming_expirations": expirations,
            "last_updated": work.now.isoformat(timespec="microseconds"),
        }
    }


def history(work: Work, args: dict[str, str]) -> Json:
    """GET /credits/history: newest first, filtered by nothing but days."""
    where, values = ["1 = 1"], list[Any]()
    if date_from := args.get("date_from"):
        where.append("created_at >= ?")
        values.append(read_date("date_from", date_from).isoformat())
    if date_to := args.get("date_to"):
        where.append("created_at < ?")
        values.append((read_date("date_to", date_to) + timedelta(days=1)).isoformat())
    rows, pagination = page_of(work.store, "credit_entries", " AND ".join(where), values, args)
    return {
        "data": [
            {
                "id": row["id"],
                "type": row["type"],
                "amount": row["amount"],
                "description": row["description"],
                "breakdown": row["breakdown"],
                "balance_after": row["balance_after"],
                "created_at": row["created_at"].isoformat(timespec="microseconds"),
            }
            for row in rows
        ],
        "pagination": pagination,
    }


def books(work: Work) -> list[Json]:
    """The true owner of every entry, which the API itself never tells. Oldest first."""
    return [
        {
            "entry_id": row["id"],
            "type": row["type"],
            "amount": row["amount"],
            "balance_after": row["balance_after"],
            "description": row["description"],
            "breakdown": row["breakdown"],
            "created_at": iso_millis(row["created_at"]),
            "origin": row["origin"],
            "operation": row["operation"],
            "bundle_ids": row["bundle_ids"],
            "account_id": row["account_id"],
            "external_ref": row["external_ref"],
            "idempotency_key": row["idempotency_key"],
            "request_id": row["request_id"],
        }
        for row in work.store.all("SELECT * FROM credit_entries ORDER BY seq")
    ]
