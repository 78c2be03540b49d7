"""Coverage, the 30-day managed subscription of a delivered account: periods, gate, cancel, reactivate."""

from datetime import datetime

from . import assumed, credits, webhooks
from .call import Call
from .clock import iso_millis
from .errors import ApiError
from .fields import Fields
from .store import Row
from .work import Json, Work


def find_account(work: Work, account_id: str) -> Row:
    account = work.store.one("SELECT * FROM accounts WHERE id = ?", account_id)
    if account is None:
        raise ApiError(404, "SAVED_ACCOUNT_NOT_FOUND", "No account with this id", account_id=account_id)
    return account


def effective_status(account: Row, now: datetime) -> str:
    """A period that has ended counts as lapsed at once, even while the recorded status lags."""
    if account["coverage_status"] in ("included", "active") and account["period_end"] <= now:
        return "lapsed"
    return str(account["coverage_status"])


def unpaid_periods(account: Row, now: datetime) -> int:
    if account["period_end"] > now:
        return 0
    return (now - account["period_end"]) // assumed.COVERAGE_PERIOD + 1


def gate(work: Work, account: Row) -> None:
    """A task on a delivered account needs Coverage; a due period is paid on the spot.

    Raises MANAGED_ACCOUNT_TASK_BLOCKED when it cannot be.
    """
    if account["banned"]:
        raise _blocked(account, "banned")
    if account["coverage_status"] in ("lapsed", "cancelled", "ended"):
        raise _blocked(account, account["coverage_status"])
    if account["period_end"] <= work.now and not renew(work, account):
        raise _blocked(account, "lapsed")


def gate_bundle(work: Work, bundle: Row) -> None:
    """The gate of a bundle that has a delivered account; other bundles pass."""
    if bundle["saved_account_id"]:
        gate(work, find_account(work, bundle["saved_account_id"]))


def task_access(account: Row, now: datetime) -> bool:
    return not account["banned"] and effective_status(account, now) in ("included", "active")


def renew(work: Work, account: Row) -> bool:
    """Pay the period that is due. False when the credits are not there: the account lapses."""
    price = _price(work)
    while account["period_end"] <= work.now:
        if price > credits.balance(work):
            work.store.update("accounts", account["id"], coverage_status="lapsed")
            _announce(work, account, "subscription.lapsed", "lapsed", 0)
            return False
        _advance(work, account, "active" if price else account["coverage_status"])
        if price:
            credits.charge(
                work,
                parts={"coverage_period": price},
                description=f"Coverage renewed for @{account['username']}",
                bundle_ids=[account["bundle_id"]] if account["bundle_id"] else [],
                account_id=account["id"],
            )
            _announce(work, account, "subscription.renewed", "active", price)
    return True


def get_subscription(call: Call, account_id: str) -> Json:
    account = find_account(call, account_id)
    status = effective_status(account, call.now)
    quote = None
    if status in ("lapsed", "cancelled"):
        quote = {
            "credits": unpaid_periods(account, call.now) * _price(call),
            "current_period_end": iso_millis(account["period_end"]),
            "lock_version": account["lock_version"],
            "quoted_at": iso_millis(call.now),
        }
    return {
        "data": {
            "account_id": account["id"],
            "status": status,
            "recorded_status": account["coverage_status"],
            "period_expired": account["period_end"] <= call.now,
            "current_period_start": iso_millis(account["period_start"]),
            "current_period_end": iso_millis(account["period_end"]),
            "credits_per_period": call.prices.of("coverage_period"),
            "unpaid_periods": unpaid_periods(account, call.now),
            "task_access": task_access(account, call.now),
            "lock_version": account["lock_version"],
            "reactivation_quote": quote,
        }
    }


def cancel_subscription(call: Call, account_id: str) -> Json:
    """POST …/cancel: blocks new and running work at once, gives nothing back."""
    account = find_account(call, account_id)
    if effective_status(account, call.now) not in ("included", "active"):
        raise _wrong_status(account, call.now)
    call.store.update(
        "accounts", account_id, coverage_status="cancelled", lock_version=account["lock_version"] + 1
    )
    _announce(call, account, "subscription.cancelled", "cancelled", 0)
    return get_subscription(call, account_id)


def reactivate_subscription(call: Call, account_id: str) -> Json:
    """POST …/reactivate: pays the unpaid periods, if the quote in the body still holds."""
    account = find_account(call, account_id)
    fields = Fields(call.body)
    expected = (
        fields.integer("expected_credits", required=True),
        fields.text("expected_current_period_end", required=True),
        fields.integer("expected_lock_version", required=True),
    )
    fields.check()
    if effective_status(account, call.now) not in ("lapsed", "cancelled"):
        raise _wrong_status(account, call.now)
    periods = unpaid_periods(account, call.now)
    price = periods * _price(call)
    if expected != (price, iso_millis(account["period_end"]), account["lock_version"]):
        raise ApiError(
            409,
            assumed.SUBSCRIPTION_QUOTE_CHANGED,
            "The quote has changed; nothing was charged",
            credits=price,
        )
    if periods:
        credits.charge(
            call,
            parts={"coverage_period": price},
            description=f"Coverage reactivated for @{account['username']}",
            account_id=account_id,
            bundle_ids=[account["bundle_id"]] if account["bundle_id"] else [],
        )
    while account["period_end"] <= call.now:
        _advance(call, account, "active")
    call.store.update(
        "accounts",
        account_id,
        coverage_status="active" if periods else "included",
        lock_version=account["lock_version"] + 1,
    )
    _announce(call, account, "subscription.reactivated", "active", price)
    answer = get_subscription(call, account_id)
    return answer | {"credits_charged": call.charged, "credits_remaining": credits.balance(call)}


def _price(work: Work) -> int:
    return work.prices.credits_for("coverage_period") if work.settings.coverage_is_charged else 0


def _advance(work: Work, account: Row, status: str) -> None:
    """Move the row, and the caller's copy of it, one period on."""
    account["coverage_status"] = status
    account["period_start"] = account["period_end"]
    account["period_end"] = account["period_end"] + assumed.COVERAGE_PERIOD
    work.store.update(
        "accounts",
        account["id"],
        coverage_status=status,
        period_start=account["period_start"],
        period_end=account["period_end"],
    )


def _announce(work: Work, account: Row, event: str, status: str, paid: int) -> None:
    webhooks.emit(
        work,
        event,
        {
            "saved_account_id": account["id"],
            "status": status,
            "current_period_end": iso_millis(account["period_end"]),
            "credits": paid,
        },
    )


def _blocked(account: Row, reason: str) -> ApiError:
    return ApiError(
        assumed.TASK_BLOCKED_STATUS,
        "MANAGED_ACCOUNT_TASK_BLOCKED",
        f"The account's Coverage does not allow tasks: {reason}",
        account_id=account["id"],
        reason=reason,
    )


def _wrong_status(account: Row, now: datetime) -> ApiError:
    return ApiError(
        409,
        assumed.SUBSCRIPTION_INVALID_STATUS,
        "The subscription's status does not allow this",
        current_status=effective_status(account, now),
    )
