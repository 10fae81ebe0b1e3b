"""Reports what a run of tests has shown about the grants: ``python -m tests.grants FOLDER [--complete]``.

FOLDER is that of the run (.local/test.…). Unless all suites were run, a grant that no call needed says nothing.
"""

from __future__ import annotations

import sys
import time

from tests.grants.check import Check, read_calls
from tests.grants.in_process import calls_file, kept_template
from tests.grants.template import Template


def main(folder: str, *options: str) -> int:
    """Print the problems; return 1 if there are any."""
    started = time.monotonic()
    calls = read_calls(calls_file(folder))
    if not calls:
        return 0  # Of the suites that have run, none calls AWS.
    check = Check(_template(folder), calls)
    problems = [*check.denied(), *(check.unused() if "--complete" in options else ())]
    for problem in sorted(set(problems)):
        print(f"Grants: {problem}")
    used = "each used by one" if "--complete" in options else "some unused, perhaps, as not all suites were run"
    result = f"{len(problems)} problems" if problems else f"all allowed by {len(check.grants)} grants, {used}"
    print(f"Grants: {len(calls)} kinds of calls, {result} ({time.monotonic() - started:.0f} s).")
    return 1 if problems else 0


def _template(folder: str) -> Template:
    if not (kept := kept_template(folder)).exists():
        from tests.infra.stacks import template_file  # noqa: PLC0415  CDK takes seconds to load.

        kept = template_file(environment="prod")
    return Template.read(kept)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
