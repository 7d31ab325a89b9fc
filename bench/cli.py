"""The command `python -m bench`: runs the figures, prints the table, and writes the pages of docs/benchmarks."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

from bench import network, plot, report, servers
from bench.figures import FIGURES, FULL, QUICK, Run
from bench.growth import growth
from bench.load import LoadError
from bench.machine import Place
from bench.servers import ServerError
from bench.webhooks import webhooks

ALL = {**FIGURES, "growth": growth, "webhooks": webhooks}
RESULTS = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "results.md"
WEBHOOKS = RESULTS.with_name("webhooks.md")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measure wharf beside Distribution (built on first use), zot (if the environment's ZOT names its "
        "binary) and nginx (if it is installed). Needs wrk, curl and Go.",
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each; writes no page")
    parser.add_argument(
        "--only", nargs="+", choices=list(ALL), default=list(ALL), help="these figures; no page but that of webhooks"
    )
    parser.add_argument(
        "--servers", nargs="+", choices=list(servers.MAKERS), help="these servers; no page but that of webhooks"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wharf-bench-") as directory:
        place = Place.make(Path(directory))
        names = options.servers or servers.available()
        servers.build(names)
        network.isolate()
        run = Run(place, QUICK if options.quick else FULL, names, lambda text: print(text, file=sys.stderr, flush=True))
        failed = False
        for name in options.only:
            run.loads.append(os.getloadavg()[0])
            try:
                ALL[name](run)
            except (LoadError, ServerError, CalledProcessError) as error:  # the other figures are worth having
                failed = True
                run.say(f"{name}: {error}")
            (place.root / "large").unlink(missing_ok=True)
    print(report.table(run))
    if failed:
        sys.exit(1)
    now = datetime.now(UTC)  # noqa: TID251 - a command line dates its page
    if not options.quick and options.only == ["webhooks"]:
        WEBHOOKS.write_text(report.webhooks_page(run, "make bench ARGS='--only webhooks'", now))
        print(f"written: {WEBHOOKS}")
    if not options.quick and options.only == list(ALL) and not options.servers:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(report.page(run, "make bench", now))
        plot.draw(run, RESULTS.with_suffix(".png"))
        print(f"written: {RESULTS} and its picture")
