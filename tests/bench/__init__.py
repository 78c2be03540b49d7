"""`make bench`: what is fast and stays so. Each measure is a JSON line; goals are ratios or counts, not hopes.

    {"name", "value", "unit", "baseline", "ratio", "goal", "ok"}

`baseline` is what `value` is compared with in the same run, and `ratio` is value / baseline.
"""
