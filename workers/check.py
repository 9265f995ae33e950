"""`check`: service by service, what can be used, and how to mend what cannot."""

import asyncio
from collections.abc import Sequence

from rich.text import Text

from seconder.cli.printing import output, plain, print_json, print_table
from workers.logging import redactor
from workers.probes.application import application_probes, load_for_check
from workers.probes.base import Finding, Probe
from workers.probes.model import model_probe
from workers.probes.sandboxes import sandbox_probes
from workers.probes.slack import SlackProbes
from workers.probes.temporal import TemporalProbes
from workers.settings import Settings

_MARKS = {"ok": ("ok", "green"), "warning": ("look", "yellow"), "failed": ("failed", "bold red")}


async def check(settings: Settings, *, as_json: bool = False) -> int:
    """Ask every probe and print what it found; 0 when nothing failed, 1 otherwise."""
    probes = all_probes(settings)
    findings = await findings_of(settings, probes)
    failed = any(finding.status == "failed" for finding in findings)
    if as_json:
        named = [{"name": probe.name, **finding.model_dump()} for probe, finding in zip(probes, findings, strict=True)]
        print_json({"ok": not failed, "findings": named})
    else:
        _print(probes, findings)
    return 1 if failed else 0


def all_probes(settings: Settings) -> Sequence[Probe]:
    """Everything that can be asked; a new service adds its probes here."""
    agents, loading = load_for_check(settings)
    return [
        *TemporalProbes(settings, agents).probes(),
        *SlackProbes(settings).probes(),
        model_probe(settings, agents),
        *application_probes(settings, loading),
        *sandbox_probes(settings, agents),
    ]


async def findings_of(settings: Settings, probes: Sequence[Probe]) -> Sequence[Finding]:
    """What the probes find, all at once, in their order and without secrets."""
    redact = redactor(settings)
    findings = await asyncio.gather(*(probe.find() for probe in probes))
    return [
        finding.model_copy(
            update={"text": redact(None, "", finding.text), "how_to_fix": redact(None, "", finding.how_to_fix)}
        )
        for finding in findings
    ]


def _print(probes: Sequence[Probe], findings: Sequence[Finding]) -> None:
    named = list(zip(probes, findings, strict=True))
    print_table(
        ("service", "", "finding"),
        [(plain(probe.name, "bold"), plain(*_MARKS[finding.status]), plain(finding.text)) for probe, finding in named],
    )
    for probe, finding in named:
        if finding.how_to_fix:
            # Outside the table, on a line that is not folded: some of these are commands to copy.
            output().print(
                Text.assemble("\n", plain(probe.name, "bold"), ": ", plain(finding.how_to_fix)), soft_wrap=True
            )
