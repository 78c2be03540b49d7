"""Profile, markets and prices."""

from ..reading import values
from ..results import Countries, CreditCosts, Me, Platform
from .calls import Calls


class Reference(Calls):
    def me(self) -> Me:
        """GET /me: whose key this is. A success proves the key."""
        return Me.from_json(self._read("getCurrentUser", "/me"))

    def list_countries(self) -> Countries:
        """GET /countries: where new accounts can be ordered, and where only existing ones are served."""
        return Countries.from_json(self._read("listCountries", "/countries"))

    def list_platforms(self) -> tuple[Platform, ...]:
        """GET /platforms. A platform that is listed may still be refused when ordered (YouTube is)."""
        listed = values(self._read("listPlatforms", "/platforms"), "platforms")
        return tuple(platform for platform in map(Platform.from_json, listed) if platform.value)

    def get_credit_costs(self) -> CreditCosts:
        """GET /credit-costs: this workspace's prices, for estimates."""
        return CreditCosts.from_json(self._read("getCreditCosts", "/credit-costs"))
