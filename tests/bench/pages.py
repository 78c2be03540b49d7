"""Each page at four sizes: median server time, SQL queries, HTML bytes; and what a web worker holds afterwards.

The sites are asked in turns, so that their ratios are fair. Goals: at most 15 queries and 100 KB on any page, 60 ms
median, no size more than 1.3 times S1, 150 MB for a worker that has answered for all pages. Processor time is
printed beside wall time: it tells the same on a busy machine.
"""

import statistics

from tests.bench.report import line
from tests.bench.sites import Site, sites

SIZES = ("S1", "S2", "S2d", "S3")
REQUESTS, WARM_UPS = 20, 2
MOST_QUERIES, MOST_BYTES, MOST_MS, MOST_RATIO, MOST_MB = 15, 100_000, 60, 1.3, 150


def run() -> bool:
    measured = sites(*SIZES)
    results = [measure(name, measured) for name in measured[0].pages]
    for site in measured:
        held = site.worker_mb()
        results.append(line(f"memory/{site.size}", held, "MB", goal=f"<= {MOST_MB}", ok=held <= MOST_MB))
    return all(results)


def measure(name: str, measured: list[Site]) -> bool:
    times: dict[str, list[float]] = {site.size: [] for site in measured}
    used = dict.fromkeys(times, 0.0)
    for turn in range(WARM_UPS + REQUESTS):
        for site in measured:
            before = site.processor_ms()
            taken = site.milliseconds(name)
            if turn >= WARM_UPS:
                times[site.size].append(taken)
                used[site.size] += site.processor_ms() - before
    ok = True
    small = statistics.median(times[measured[0].size])
    for site in measured:
        median, page, label = (
            statistics.median(times[site.size]),
            site.pages[name],
            f"pages/{name}/{site.size}",
        )
        queries, size = int(page["queries"]), int(page["bytes"])
        ok &= line(f"{label}/time", median, "ms", goal=f"<= {MOST_MS}", ok=median <= MOST_MS)
        line(f"{label}/processor", used[site.size] / REQUESTS, "ms", goal="none", ok=None)
        ok &= line(
            f"{label}/queries", queries, "queries", goal=f"<= {MOST_QUERIES}", ok=queries <= MOST_QUERIES
        )
        ok &= line(f"{label}/html", size, "bytes", goal=f"<= {MOST_BYTES}", ok=size <= MOST_BYTES)
        if site is not measured[0]:
            is_flat = median <= MOST_RATIO * small
            ok &= line(
                f"{label}/growth",
                median,
                "ms",
                baseline=round(small, 2),
                goal=f"<= {MOST_RATIO}x",
                ok=is_flat,
            )
    return ok
