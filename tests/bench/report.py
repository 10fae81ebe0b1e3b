"""The figures of a benchmark as tables, and their goals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / ".local/bench.json"
OURS, TUTORIAL, READY = "waybill", "DictReader + Table.batch_writer", "BatchWriteItem, body ready made"
SILENT = "waybill, not sending"
MB = 1024 * 1024


def keep(part: str, found: Any) -> None:
    """Write one part's figures to the file of results, beside those of the other parts."""
    document = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    document[part] = found
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")


def show(found: dict[str, Any]) -> str:
    """Write everything down as text, tables in Markdown."""
    parts = [f"Measured on {found['date']} on {found['machine']}."]
    parts += [_files(int(rows), cases) for rows, cases in found["files"].items()]
    parts += [_orders(found["orders"])] if found.get("orders") else []
    parts += [_memory(found["memory"])] if "memory" in found else []
    parts += [_imports(found["imports"]), _goals(found)]
    return "\n\n".join(parts) + "\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lay a table out in Markdown."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def _files(rows: int, cases: dict[str, dict[str, float]]) -> str:
    ours = cases[OURS]["cpu_s"]
    body = [
        [
            name,
            f"{case['cpu_s'] / rows * 1e6:.1f}",
            f"{rows / case['cpu_s']:,.0f}",
            f"{case['cpu_s'] / ours:.1f}",
            f"{case['import_cpu_s'] + case['cpu_s']:.2f}",
            f"{case['peak_bytes'] / MB:.0f}",
        ]
        for name, case in sorted(cases.items(), key=lambda pair: pair[1]["cpu_s"])
    ]
    head = [f"{rows:,} rows", "CPU µs a row", "rows a CPU second", "times ours", "CPU s with imports", "peak MB"]
    return table(head, body)


def _orders(files: dict[str, dict[str, float]]) -> str:
    body = [
        [f"{int(rows):,}", f"{case['cpu_s'] / int(rows) * 1e6:.1f}", f"{case['peak_bytes'] / MB:.0f}"]
        for rows, case in files.items()
    ]
    return table(["rows, each an order of its own", "CPU µs a row", "peak MB"], body)


def _imports(cases: dict[str, dict[str, float]]) -> str:
    return table(["Import", "CPU ms"], [[name, f"{case['import_cpu_s'] * 1000:.0f}"] for name, case in cases.items()])


def _memory(sizes: dict[str, dict[str, float]]) -> str:
    rows = [name for name in next(iter(sizes.values())) if name.isdigit()]
    head = ["memory"] + [f"{what} of {int(name):,} rows" for name in rows for what in ("seconds", "USD")]
    body = [
        [f"{memory} MB", *(text for name in rows for text in (f"{each[name]:.2f}", f"{each[f'{name} usd']:.7f}"))]
        for memory, each in sizes.items()
    ]
    return table(head, body)


def _goals(found: dict[str, Any]) -> str:
    rows = [[what, f"{value:.2f}", goal, "yes" if met else "NO"] for what, value, goal, met in goals(found)]
    return table(["Figure", "Measured", "Must be", "Reached"], rows)


def goals(found: dict[str, Any]) -> list[tuple[str, float, str, bool]]:
    """List the goals: name, figure, bound in words, whether it is met."""
    result = []

    def least(what: str, value: float, bound: float) -> None:
        result.append((what, value, f"at least {bound:g}", value >= bound))

    def most(what: str, value: float, bound: float) -> None:
        result.append((what, value, f"at most {bound:g}", value <= bound))

    files = found["files"]
    for rows in (rows for rows in files if int(rows) >= 100_000):
        cases, count = files[rows], f"{int(rows):,} rows"
        if TUTORIAL in cases:
            least(f"CPU of the tutorial's form over ours, {count}", _ratio(cases, TUTORIAL), 15)
            if rows == "100000":
                least(f"the same with imports, {count}", _whole(cases, TUTORIAL) / _whole(cases, OURS), 10)
        if READY in cases:
            least(f"CPU of a call with its body ready made over ours, {count}", _ratio(cases, READY), 4)
        if SILENT in cases:
            most(f"own CPU with sending over without, {count}", 1 / _ratio(cases, SILENT), 1.6)
    if "1000000" in files:
        peak = files["1000000"][OURS]["peak_bytes"]
        most("peak MB at 1,000,000 rows", peak / MB, 110)
        if "1000000" in found.get("orders", {}):
            most("peak MB at 1,000,000 orders", found["orders"]["1000000"]["peak_bytes"] / MB, 110)
        if "100000" in files:
            most("peak at 1,000,000 rows over that at 100,000", peak / files["100000"][OURS]["peak_bytes"], 1.1)
    if found.get("lambda", {}).get("rows") == 1_000_000:
        most("seconds for 1,000,000 rows with 14.5 % of a CPU and answers after 8 ms", found["lambda"]["wall_s"], 120)
    imports = {name: case["import_cpu_s"] for name, case in found["imports"].items()}
    most("import of the processor over the usual set", imports["processor"] / imports["usual processor"], 0.65)
    if "console" in imports:
        most("import of the console over the usual set", imports["console"] / imports["usual console"], 0.7)
    return result


def _ratio(cases: dict[str, dict[str, float]], name: str) -> float:
    return cases[name]["cpu_s"] / cases[OURS]["cpu_s"]


def _whole(cases: dict[str, dict[str, float]], name: str) -> float:
    return cases[name]["cpu_s"] + cases[name]["import_cpu_s"]
