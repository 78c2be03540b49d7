"""The one form in which a measure is printed."""

import json


def line(
    name: str, value: float, unit: str, *, goal: str, ok: bool | None, baseline: float | None = None
) -> bool:
    """Print one measure. `ok` None = measured, with no goal of its own."""
    ratio = round(value / baseline, 2) if baseline else None
    row = {"name": name, "value": round(value, 2), "unit": unit, "baseline": baseline, "ratio": ratio}
    print(json.dumps({**row, "goal": goal, "ok": ok}), flush=True)
    return ok is not False
