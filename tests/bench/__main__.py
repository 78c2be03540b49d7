"""`python -m tests.bench [name]`: run one bench or all of them. Exits 1 when a goal is missed."""

import importlib
import sys

BENCHES = ("demo", "pages", "search", "first_page", "lighthouse", "limit")


def main() -> None:
    wanted = sys.argv[1:] or BENCHES
    if unknown := set(wanted) - set(BENCHES):
        sys.exit(f"There is no bench called {', '.join(sorted(unknown))}. There are: {', '.join(BENCHES)}.")
    results = [importlib.import_module(f"tests.bench.{name}").run() for name in wanted]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
