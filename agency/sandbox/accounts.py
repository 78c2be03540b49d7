"""Delivered accounts: reading, edit requests, bans."""

from typing import Any

from . import assumed, coverage, credits
from .bundles import list_where
from .call import Call
from .clock import iso_millis
from .coverage import find_account
from .errors import ApiError
from .fields import Fields
from .listing import USERNAME
from .manager import PROFILE_URLS
from .paging import page_of, pagination, read_page
from .reference import country_code
from .store import Row
from .work import Json, Work


def account_json(work: Work, account: Row) -> Json:
    return {
        "id": account["id"],
        "platform": account["platform"],
        "username": account["username"],
        "visible_name": account["visible_name"],
        "biography": account["biography"],
        "profile_picture_url": account["profile_picture_url"],
        "country": account["country_sent"] if work.prices.is_seed else account["country"],
        "link_in_bio": account["link_in_bio"],
        "profile_url": PROFILE_URLS[account["platform"]].format(username=account["username"]),
        "tokmail_email": f"{account['username']}@tokmail.example",
        "banned": account["banned"],
        "bundle_id": account["bundle_id"],
        "created_at": iso_millis(account["created_at"]),
        "updated_at": iso_millis(account["updated_at"]),
    }


def list_accounts(call: Call) -> Json:
    where, values = "1 = 1", list[Any]()
    if platforms := call.args.getlist("platform"):
        where += f" AND platform IN ({', '.join('?' * len(platforms))})"
        values.extend(platforms)
    if countries := call.args.getlist("country"):
        where += f" AND country IN ({', '.join('?' * len(countries))})"
        values.extend(country_code(country) for country in countries)
    if banned := call.args.get("banned"):
        where += " AND banned = ?"
        values.append(banned == "true")
    rows, page = page_of(call.store, "accounts", where, values, call.args)
    return {"data": [account_json(call, row) for row in rows], "pagination": page}


def get_account(call: Call, account_id: str) -> Json:
    return {"data": account_json(call, find_account(call, account_id))}


def list_account_bundles(call: Call, account_id: str) -> Json:
    find_account(call, account_id)
    return list_where(call, "saved_account_id = ?", [account_id])


def create_edit_request(call: Call, account_id: str) -> Json:
    """POST …/edit-request: paid; one open request at a time ("Account Edit Request")."""
    account = find_account(call, account_id)
    fields = Fields(call.body)
    requested = {
        "requested_username": fields.text("requested_username", required=True, maximum=24),
        "requested_visible_name": fields.text("requested_visible_name", required=True, maximum=30),
        "requested_biography": fields.text("requested_biography", maximum=80),
        "requested_profile_picture_url": fields.text("requested_profile_picture_url", maximum=2000),
        "requested_link_in_bio": fields.url("requested_link_in_bio"),
    }
    if requested["requested_username"] and not USERNAME.fullmatch(requested["requested_username"]):
        fields.refuse("requested_username", "may hold letters, digits, dots and underscores only")
    if requested["requested_link_in_bio"] and account["platform"] != "instagram":
        fields.refuse("requested_link_in_bio", "is available on Instagram only")
    fields.check()
    coverage.gate(call, account)
    if call.store.value(
        "SELECT 1 FROM edit_requests WHERE account_id = ? AND status = 'pending'", account_id
    ):
        raise ApiError(
            409, assumed.EDIT_REQUEST_OPEN, "The account has an open edit request", account_id=account_id
        )
    request_id = call.new_id()
    call.store.insert(
        "edit_requests",
        id=request_id,
        account_id=account_id,
        status="pending",
        requested=requested,
        created_at=call.now,
    )
    credits.charge(
        call,
        parts={"account_edit": call.prices.credits_for("account_edit")},
        description=f"Edit request for @{account['username']}",
        account_id=account_id,
        bundle_ids=[account["bundle_id"]] if account["bundle_id"] else [],
    )
    row = call.store.one("SELECT * FROM edit_requests WHERE id = ?", request_id)
    return credits.paid(call, _edit_request_json(row or {}))


def get_edit_request(call: Call, account_id: str) -> Json:
    find_account(call, account_id)
    row = call.store.one(
        "SELECT * FROM edit_requests WHERE account_id = ? ORDER BY seq DESC LIMIT 1", account_id
    )
    if row is None:
        raise ApiError(
            404, assumed.EDIT_REQUEST_NOT_FOUND, "The account has no edit request", account_id=account_id
        )
    return {"data": _edit_request_json(row)}


def _edit_request_json(row: Row) -> Json:
    return {
        "edit_request_id": row["id"],
        "account_id": row["account_id"],
        "status": row["status"],
        **row["requested"],
        "created_at": iso_millis(row["created_at"]),
    }


def list_account_bans(call: Call) -> Json:
    """GET /account-bans: validated reports only; the sandbox's managers report none."""
    page, per_page = read_page(call.args)
    return {"data": [], "pagination": pagination(page, per_page, 0)}
