"""The command line: `wharfinger run`.

Rule: it reads the surroundings, wires the pure half to the rest, and says in one line what keeps it from starting.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

import uvloop
from kubernetes.aio.config import ConfigException

import wharfinger
from wharfinger import logs, runtime, settings
from wharfinger.decide.deliveries import orphan
from wharfinger.decide.mint import Mint, QuickMint, SystemMint
from wharfinger.decide.observed import Manifest, Observed, Settings
from wharfinger.decide.plan import Plan
from wharfinger.decide.reconcile import reconcile
from wharfinger.reconciler import Decisions


def decisions(found: settings.Settings) -> Decisions:
    """Return the pure half of the operator, with the operating system's randomness."""
    told = Settings(image=found.registry_image, cluster_domain=found.cluster_domain, namespace=found.lease_namespace)

    def by(mint: Mint) -> Callable[[Manifest, Observed, datetime], Plan]:
        return lambda manifest, observed, now: reconcile(manifest, observed, told, now=now, mint=mint)

    return Decisions(by(SystemMint()), orphan, quick=by(QuickMint()), told=f"{wharfinger.__version__} {told}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="wharfinger", description="The operator that keeps container registries.")
    parser.add_argument("--version", action="version", version=wharfinger.__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the operator until it is told to stop (settings: see the reference)")
    parser.parse_args(arguments)
    try:
        found = settings.read(os.environ)
        logs.configure(found.log_level)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(runtime.run(found, decisions(found)))
    except settings.SettingError as error:
        print(f"wharfinger: {error}", file=sys.stderr)
        return 2
    except ConfigException as error:
        print(f"wharfinger: no way to the API server: {error}: run it in a pod, or set KUBECONFIG", file=sys.stderr)
        return 2
    return 0
