"""A launch as its page shows it. The number of queries does not grow with its countries."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, prefetch_related_objects

from campaigns.launches.chain import PREFETCHED, RELATED, rows_of
from campaigns.launches.models import Launch, LaunchLine, LaunchQuerySet, Step
from campaigns.launches.steps import Dot, Mark, current, dots
from campaigns.models import Campaign


@dataclass(frozen=True, slots=True)
class LineView:
    line: LaunchLine
    dots: list[Dot]
    charged: int
    price: int | None = None  # of the order, where it changed since it was seen

    @property
    def now(self) -> Dot | None:
        return current(self.dots)

    @property
    def is_moving(self) -> bool:
        return self.now is not None and self.now.mark in (Mark.BUSY, Mark.NEXT)

    @property
    def has_stopped(self) -> bool:
        return self.now is not None and self.now.mark == Mark.STOPPED

    @property
    def asks_price(self) -> bool:
        """Going on orders, and so it shows what that costs."""
        return self.has_stopped and self.now is not None and self.now.step == Step.ORDER

    @property
    def order_price(self) -> int:
        return self.line.credits if self.price is None else self.price


def lines_of(launch: Launch, *, now: datetime, new_prices: dict[int, int] | None = None) -> list[LineView]:
    """`now` is machine time. `new_prices`: of lines whose order costs something else today."""
    today = launch.connection.upstream_now(now).date()
    lines = list(launch.lines.select_related(*RELATED).order_by("pk"))
    prefetch_related_objects(lines, *PREFETCHED)
    views = []
    for line in lines:
        rows = rows_of(line)
        charged = sum(command.credits_charged or 0 for command in rows.commands)
        price = (new_prices or {}).get(line.pk)
        views.append(LineView(line, dots(line, rows, today=today), charged, price))
    return views


def latest_launches(campaign: Campaign) -> LaunchQuerySet:
    """The newest first, with how many `markets` each has and how many are `finished`."""
    finished = Count("lines", filter=Q(lines__finished_at__isnull=False))
    return campaign.launches.annotate(markets=Count("lines"), finished=finished).order_by("-pk")
