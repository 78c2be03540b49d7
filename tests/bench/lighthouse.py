"""Lighthouse on the sign-in page and four main pages at S1: performance, accessibility, best practices, 95 at least.

It needs node, and fetches Lighthouse from npm once, into `.local`. Without them it says so and measures nothing.
"""

import json
import os
import shutil
import subprocess
import sys

from agency.environment import BASE_DIR
from tests.bench.report import line
from tests.bench.sites import sites

VERSION = "12"
FOLDER = BASE_DIR / ".local/lighthouse"
PROGRAM = FOLDER / "node_modules/.bin/lighthouse"
PAGES = ("sign-in", "today", "campaign_detail", "bundle_detail", "bundle_list")
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = 95
ATTEMPTS = 3
DEVICES = {
    "desktop": ["--preset=desktop"],
    "phone": [],
}  # a phone on slow 4G is what Lighthouse plays by itself
CHROME = "--headless=new --no-sandbox --disable-dev-shm-usage"


def run() -> bool:
    if not fetched():
        sys.stderr.write("#### NO LIGHTHOUSE: it needs node and npm. Nothing was measured. ####\n")
        return True
    (site,) = sites("S1")
    results = []
    for name in PAGES:
        path = "/sign-in/" if name == "sign-in" else str(site.pages[name]["path"])
        cookies = {} if name == "sign-in" else site.cookies
        for device, options in DEVICES.items():
            report = lighthouse(site.url + path, cookies, options)
            for category in CATEGORIES:
                score = round(report["categories"][category]["score"] * 100)
                label = f"lighthouse/{name}/{device}/{category}"
                results.append(line(label, score, "points", goal=f">= {LEAST}", ok=score >= LEAST))
                if score < LEAST:
                    explain(report, category)
    return all(results)


def fetched() -> bool:
    if shutil.which("npm") is None:
        return False
    if not PROGRAM.exists():
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]
        subprocess.run([*command, f"lighthouse@{VERSION}"], check=False)
    return PROGRAM.exists()


def lighthouse(
    url: str, cookies: dict[str, str], options: list[str]
) -> dict[str, dict[str, dict[str, float]]]:
    """Its report. On a busy machine it now and then loses the trace and asks to be run again."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
    command = [str(PROGRAM), url, *options, "--output=json", "--quiet"]
    command += [f"--only-categories={','.join(CATEGORIES)}", f"--extra-headers={json.dumps(headers)}"]
    command += [f"--chrome-flags={CHROME}"]
    environment = os.environ | {"CHROME_PATH": os.environ.get("CHROMIUM") or "/usr/bin/chromium"}
    for _ in range(ATTEMPTS):
        done = subprocess.run(command, env=environment, cwd=FOLDER, stdout=subprocess.PIPE, check=False)
        if done.returncode == 0:
            report: dict[str, dict[str, dict[str, float]]] = json.loads(done.stdout)
            return report
    raise RuntimeError(f"Lighthouse failed {ATTEMPTS} times on {url}")


def explain(report: dict[str, dict[str, dict[str, float]]], category: str) -> None:
    """To stderr: what cost points."""
    refs: list[dict[str, str]] = report["categories"][category]["auditRefs"]  # type: ignore[assignment]
    for ref in refs:
        audit = report["audits"][ref["id"]]
        if audit.get("score") is not None and audit["score"] < 0.9:
            sys.stderr.write(f"  {category}: {audit['title']} {audit.get('displayValue', '')}\n")
