"""What happens in the sample agency, as data. Days count from 90 days ago; day 90 is today."""

from dataclasses import dataclass
from typing import Literal

DAYS = 90
How = Literal["whole", "slowly", "unpublished", "untouched", "account", "unready", "waiting"]


@dataclass(frozen=True, slots=True)
class Staff:
    username: str
    role: str
    first_name: str
    last_name: str
    clients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brand:
    """A client of the agency."""

    slug: str
    name: str
    colour: str
    contact: str
    budget: int | None  # credits, for all its campaigns


@dataclass(frozen=True, slots=True)
class Work:
    """A campaign. Days are offsets from the first day."""

    client: str
    slug: str
    name: str
    starts: int
    ends: int
    budget: int | None
    markets: tuple[tuple[str, str], ...]
    goal: str
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Launch:
    """One bundle, from its order on.

    `how`: whole = configured, published, reviewed by us; slowly = videos wait in review for us; unpublished =
    filled but not handed over; untouched = ordered only; account = the account only is set up; unready =
    published too early and refused; waiting = handed over today.
    """

    day: int
    campaign: str
    country: str
    platform: str
    videos: int
    how: How = "whole"
    edits: int = 0
    warming: tuple[str, ...] = ()
    title: str = ""


STAFF = (
    Staff("owner", "owner", "Olive", "Owner"),
    Staff("manager", "manager", "Max", "Manager", ("acme", "nordlys")),
    Staff("analyst", "analyst", "Ada", "Analyst", ("acme",)),
)

BRANDS = (
    Brand("acme", "Acme", "#b4552d", "marketing@acme.example.com", 900),
    Brand("nordlys", "Nordlys", "#2b7a5d", "hello@nordlys.example.com", 700),
    Brand("lumen", "Lumen", "#7a3fb0", "brand@lumen.example.com", None),
)

CAMPAIGNS = (
    Work(
        "acme",
        "autumn-2026",
        "Autumn 2026",
        0,
        60,
        420,
        (("USA", "tiktok"), ("USA", "instagram"), ("UK", "tiktok")),
        "Make the new running shoe known in two markets",
        (
            "Three ways to lace the new runner #acme",
            "What 100 km does to a sole",
            "Rain test: the short version",
            "Our tester's first week, in her own words",
            "Small details you only see up close",
            "Packing for a weekend run",
        ),
    ),
    Work(
        "acme",
        "holiday-2026",
        "Holiday 2026",
        55,
        125,
        400,
        (("USA", "tiktok"), ("FR", "tiktok"), ("FR", "instagram")),
        "Sell the gift box before mid December",
        (
            "The gift box, opened once more #giftideas",
            "Unboxing the new drop #unboxing",
            "Which colour goes to whom?",
            "Le coffret, ouvert pour vous",
            "Wrapping it without tape",
            "Last orders for the holidays",
        ),
    ),
    Work(
        "nordlys",
        "winter-trails",
        "Winter trails",
        5,
        110,
        None,
        (("UK", "instagram"), ("DE", "tiktok"), ("DE", "instagram")),
        "Reach hikers before the first snow",
        (
            "Five layers, explained on the trail",
            "Der erste Frost: was in den Rucksack gehört",
            "Headlamp or moonlight?",
            "How we mend a jacket",
            "Tea at 1,800 metres",
            "Winter trails that start at a station",
        ),
    ),
    Work(
        "lumen",
        "glow-week",
        "Glow week",
        30,
        100,
        250,
        (("FR", "instagram"), ("USA", "instagram")),
        "Introduce the evening serum",
        (
            "Evening routine in forty seconds",
            "Ce que la niacinamide fait, et ce qu'elle ne fait pas",
            "Texture, up close",
            "One bottle, four weeks",
        ),
    ),
)

LAUNCHES = (
    Launch(2, "autumn-2026", "USA", "tiktok", 6, title="Runner US, first wave"),
    Launch(3, "autumn-2026", "USA", "instagram", 4),
    Launch(8, "winter-trails", "UK", "instagram", 6, edits=1),
    Launch(9, "winter-trails", "DE", "tiktok", 6, title="Winter trails DE"),
    Launch(16, "autumn-2026", "UK", "tiktok", 5),
    Launch(24, "winter-trails", "DE", "instagram", 4),
    Launch(33, "glow-week", "FR", "instagram", 4, warming=("soin du visage", "routine du soir", "sérum")),
    Launch(36, "glow-week", "USA", "instagram", 3, title="Glow week US"),
    Launch(45, "winter-trails", "UK", "instagram", 3),
    Launch(58, "holiday-2026", "USA", "tiktok", 6, title="Holiday US"),
    Launch(61, "holiday-2026", "FR", "tiktok", 5),
    Launch(75, "winter-trails", "DE", "tiktok", 4, title="Winter trails DE, second wave"),
    Launch(82, "holiday-2026", "FR", "instagram", 4, "slowly"),
    Launch(84, "glow-week", "USA", "instagram", 2, "slowly"),
    Launch(86, "winter-trails", "UK", "instagram", 3, "waiting"),
    Launch(87, "holiday-2026", "USA", "tiktok", 3, "account"),
    Launch(88, "holiday-2026", "FR", "tiktok", 4, "unready"),
    Launch(88, "winter-trails", "DE", "instagram", 3, title="Winter trails DE, stories"),
    Launch(89, "glow-week", "USA", "instagram", 2, "waiting"),
    Launch(89, "holiday-2026", "USA", "tiktok", 3, "unpublished", title="Holiday US, last orders"),
    Launch(89, "glow-week", "FR", "instagram", 2, "untouched"),
)

# What colleagues do in TokPortal's web UI: day, what, how much or what for.
TOP_UPS = ((0, 600, "Top-up"), (40, 800, "Top-up"))
WEB_ORDERS = (
    (50, "nordlys-winter-trails-de-webui", "DE", 2),  # carries our prefix: its owner can be told
    (79, "", "USA", 1),  # carries nothing: somebody must say whose it was
)
