"""`kubectl registry doctor`: the walk from the kubeconfig to a pull, and what is broken on it.

Rule: whatever fails, the answer is findings; the exit status is 1 when one of them is `broken`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kubectl_registry.addresses import Address
from kubectl_registry.doctor.checks import examine
from kubectl_registry.doctor.findings import Finding, Verdict, broken, ok
from kubectl_registry.doctor.gather import Wish, gather
from kubectl_registry.doctor.passwords import Attempt
from kubectl_registry.errors import NotFoundError, PluginError, UsageError
from kubectl_registry.kube.api import Object
from kubectl_registry.kube.kinds import REGISTRY
from kubectl_registry.registries import name, namespace
from kubectl_registry.screen import Screen, styled
from kubectl_registry.session import Session

_MARKS = {Verdict.OK: ("✓", True), Verdict.WARNING: ("!", None), Verdict.BROKEN: ("✗", False)}
_SKIPPED = ("-", None)


def run(session: Session) -> int:
    """Carry out the command."""
    wish, screen = wishes(session), session.screen
    try:
        found, reached = _reach(session)
    except PluginError as error:
        screen_findings = [broken("cluster", str(error), "nothing else can be looked at")]
        _show(screen, "cluster", screen_findings)
        return error.status
    results: dict[str, list[Finding]] = {}
    for registry in found:
        title = f"{namespace(registry)}/{name(registry)}"
        with screen.waiting(f"Examining {title}"):
            results[title] = [*reached, *examine(gather(session, registry, wish))]
        if not screen.as_json:
            _show(screen, title, results[title])
    if screen.as_json:
        screen.object(
            [{"registry": title, "findings": [f.as_object() for f in each]} for title, each in results.items()]
        )
    return int(any(each.verdict is Verdict.BROKEN for findings in results.values() for each in findings))


def wishes(session: Session) -> Wish:
    """What the options ask for. Raises UsageError."""
    options = session.options
    if options.host:
        try:
            Address.parse(options.host, 443)
        except ValueError:
            raise UsageError(f"--host {options.host}: write HOST or HOST:PORT, without https://") from None
    if (options.host or options.user) and not options.name:
        raise UsageError("--host and --user are about one registry: name it")
    attempt = None
    if options.user:
        attempt = Attempt(options.user, "the password given", sys.stdin.readline().rstrip("\r\n"), given=True)
    return Wish(options.host, _file(options.ca), attempt, options.write)


def _file(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--ca {path}: {error}") from None


def _reach(session: Session) -> tuple[list[Object], list[Finding]]:
    """The Registries to look at. Raises PluginError when the cluster does not tell."""
    version = session.api.version().get("gitVersion", "?")
    found = session.registries()
    if not found:
        raise NotFoundError("there is no Registry here: name a namespace with -n, or look at all with -A")
    served = f"{REGISTRY.resource} is served"
    return found, [ok("cluster", f"Kubernetes {version} answers, and {served}")]


def _show(screen: Screen, title: str, findings: Sequence[Finding]) -> None:
    if screen.as_json:
        screen.object([{"registry": title, "findings": [each.as_object() for each in findings]}])
        return
    screen.line(title)
    for each in findings:
        mark, good = _MARKS.get(each.verdict, _SKIPPED)
        line = styled(f"  {mark} ", good) if mark != "-" else styled("  - ", None)
        line.append(f"{each.check}: {each.message}", style="dim" if each.verdict is Verdict.SKIPPED else "default")
        screen.line(line)
        if each.verdict in (Verdict.BROKEN, Verdict.WARNING):
            if each.meaning:
                screen.line(f"      means: {each.meaning}")
            for way in each.mend:
                screen.line(f"      mend:  {way}")
    screen.line(summary(findings))


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    wrong = [each for each in findings if each.verdict is Verdict.BROKEN]
    if not wrong:
        return "Nothing is broken."
    checks = ", ".join(dict.fromkeys(each.check for each in wrong))
    return f"Broken: {checks}. Begin with the first: one thing that is broken breaks those after it."
