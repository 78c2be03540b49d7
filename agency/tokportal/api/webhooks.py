"""Webhook endpoints and TokPortal's log of its deliveries."""

from collections.abc import Iterator

from ..errors import NotFound
from ..reading import EMPTY, values
from ..results import Answer, Delivery, WebhookEndpoint, WebhookEventType
from .calls import Body, Calls, Key, nothing

_ONE = "/webhooks/{webhook_id}"


class Webhooks(Calls):
    def list_webhook_events(self) -> tuple[WebhookEventType, ...]:
        """GET /webhooks/events: what this server can send. Subscribing to anything else is refused."""
        listed = values(self._read("listWebhookEvents", "/webhooks/events"), "events")
        return tuple(kind for kind in map(WebhookEventType.from_json, listed) if kind.type)

    def list_webhooks(
        self, *, enabled: bool | None = None, event: str | None = None
    ) -> Iterator[WebhookEndpoint]:
        """GET /webhooks: the endpoints, without their secrets."""
        found = self._pages(
            "listWebhookEndpoints",
            "/webhooks",
            WebhookEndpoint.from_json,
            query={"enabled": enabled, "event": event},
            names=("webhooks", "endpoints"),
        )
        return (endpoint for endpoint in found if endpoint.id)

    def create_webhook(
        self, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[WebhookEndpoint]:
        """POST /webhooks, body url, events, description, enabled. The signing secret is told only in this
        answer.

        Takes no key (ValueError). After an unknown outcome: list, delete the stray one, create again.
        """
        return self._change(
            "createWebhookEndpoint",
            "POST",
            "/webhooks",
            WebhookEndpoint.from_json,
            body=body,
            key=key,
            dry_run=dry_run,
            takes_key=False,
        )

    def get_webhook(self, webhook_id: str) -> WebhookEndpoint:
        """GET /webhooks/{id}. Raises NotFound."""
        return WebhookEndpoint.from_json(self._read("getWebhookEndpoint", _ONE, {"webhook_id": webhook_id}))

    def update_webhook(
        self, webhook_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[WebhookEndpoint]:
        """PATCH /webhooks/{id}: url, events, description, enabled."""
        return self._change(
            "updateWebhookEndpoint",
            "PATCH",
            _ONE,
            WebhookEndpoint.from_json,
            {"webhook_id": webhook_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def delete_webhook(self, webhook_id: str, *, key: Key = None, dry_run: bool = False) -> Answer[None]:
        """DELETE /webhooks/{id}. An endpoint that is gone already counts as deleted (status 404)."""
        try:
            return self._change(
                "deleteWebhookEndpoint",
                "DELETE",
                _ONE,
                nothing,
                {"webhook_id": webhook_id},
                key=key,
                dry_run=dry_run,
            )
        except NotFound as gone:
            return Answer(
                result=None,
                status=404,
                request_id=gone.request_id,
                replayed=False,
                dry_run=dry_run,
                credits_charged=None,
                credits_remaining=None,
                credits_would_charge=None,
                cost_breakdown={},
                server_time=None,
                raw=EMPTY,
            )

    def list_deliveries(
        self, webhook_id: str, *, event_type: str | None = None, success: bool | None = None
    ) -> Iterator[Delivery]:
        """GET /webhooks/{id}/deliveries."""
        found = self._pages(
            "listWebhookDeliveries",
            f"{_ONE}/deliveries",
            Delivery.from_json,
            ids={"webhook_id": webhook_id},
            query={"event_type": event_type, "success": success},
            names=("deliveries",),
        )
        return (delivery for delivery in found if delivery.id)

    def retry_delivery(
        self, webhook_id: str, delivery_id: str, *, key: Key = None, dry_run: bool = False
    ) -> Answer[Delivery]:
        """POST …/deliveries/{delivery_id}/retry: the same event, freshly signed, to the current URL."""
        return self._change(
            "retryWebhookDelivery",
            "POST",
            f"{_ONE}/deliveries/{{delivery_id}}/retry",
            Delivery.from_json,
            {"webhook_id": webhook_id, "delivery_id": delivery_id},
            key=key,
            dry_run=dry_run,
        )

    def test_webhook(self, webhook_id: str, *, key: Key = None, dry_run: bool = False) -> Answer[Delivery]:
        """POST /webhooks/{id}/test: TokPortal sends a signed webhook.test and answers with its delivery."""
        return self._change(
            "testWebhookEndpoint",
            "POST",
            f"{_ONE}/test",
            Delivery.from_json,
            {"webhook_id": webhook_id},
            key=key,
            dry_run=dry_run,
        )
