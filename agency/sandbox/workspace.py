"""The key's owner and what the API lists about itself."""

from . import credits
from .call import Call
from .errors import invalid
from .work import Json

EMAIL = "ops@agency.example"
PROFILE_FIELDS = ("website", "company_name", "niche", "organic_strategy")


def get_me(call: Call) -> Json:
    """GET /me: 200 proves the key."""
    balance = credits.balance(call)
    return {
        "data": {"email": EMAIL, "credits": balance, "total_credits": balance, **call.store.recall("me", {})}
    }


def update_me(call: Call) -> Json:
    if not isinstance(call.body, dict):
        raise invalid(body="must be a JSON object")
    known = {name: value for name, value in call.body.items() if name in PROFILE_FIELDS}
    call.store.remember("me", call.store.recall("me", {}) | known)
    return get_me(call)


def get_credit_costs(call: Call) -> Json:
    return {"data": call.prices.credit_costs(call.store.recall("allowance"))}
