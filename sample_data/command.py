"""The generator's command line: options, output, and a summary on standard error."""

import argparse
import gzip
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from sample_data.generate import PLAIN, Summary, write_file
from sample_data.shape import DELIMITERS, Shape

_DELIMITER_NAMES = {"tab": "\t", "\\t": "\t"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate a file by these arguments; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    compress = options.gzip or options.output.endswith(".gz")
    started = time.perf_counter()
    try:
        shape = Shape(
            quoted=options.quoted,
            multiline=options.multiline,
            hostile=options.hostile,
            unicode=options.unicode,
            delimiter=_DELIMITER_NAMES.get(options.delimiter, options.delimiter),
            crlf=options.crlf,
            bom=options.bom,
        )
        with _open_output(options.output, compress=compress) as out:
            summary = write_file(out, options.rows, bad=options.bad, seed=options.seed, shape=shape)
    except ValueError as error:
        parser.error(str(error))
    except BrokenPipeError:
        # The reader (`| head`) has ended. Python would fail once more when it flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        parser.error(f"cannot write {options.output}: {error.strerror}")
    print(_report(summary, time.perf_counter() - started), file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sample_data.generate",
        description="Make an order file of any size. The same seed makes the same file on every machine.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--rows", type=int, required=True, help="rows below the header")
    parser.add_argument("--bad", type=float, default=0.0, help="share of rows to be rejected, exactly")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another file")
    parser.add_argument("--quoted", type=float, default=PLAIN.quoted, help="share of rows with quoted cells")
    parser.add_argument("--multiline", type=float, default=PLAIN.multiline, help="share of rows of several lines")
    parser.add_argument("--hostile", type=float, default=PLAIN.hostile, help="share of good rows that look dangerous")
    parser.add_argument("--unicode", type=float, default=PLAIN.unicode, help="share of names that are not ASCII")
    parser.add_argument(
        "--delimiter", default=PLAIN.delimiter, help=f"one of {' '.join(DELIMITERS).replace('\t', 'tab')}"
    )
    parser.add_argument("--crlf", action="store_true", help="end lines as Windows does")
    parser.add_argument("--bom", action="store_true", help="begin with a byte order mark, as Excel does")
    parser.add_argument("--gzip", action="store_true", help="compress; so does an output that ends in .gz")
    parser.add_argument("--output", default="-", metavar="FILE", help="where to write; - is standard output")
    return parser


@contextmanager
def _open_output(output: str, *, compress: bool) -> Iterator[BinaryIO]:
    with ExitStack() as stack:
        target = sys.stdout.buffer if output == "-" else stack.enter_context(Path(output).open("wb"))
        if compress:
            # Without a name and a time, the same seed makes the same archive (with the same zlib).
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=target, mtime=0)
            yield cast("BinaryIO", stack.enter_context(packed))
        else:
            yield target
    sys.stdout.flush()


def _report(summary: Summary, seconds: float) -> str:
    lines = [
        f"{summary.rows:,} rows ({summary.size / 1e6:,.1f} MB) in {seconds:.1f} s: "
        f"{summary.accepted_rows:,} good, {summary.rejected_rows:,} bad"
    ]
    lines += [f"{count:>10,}  {column}: {reason}" for (column, reason), count in sorted(summary.rejected.items())]
    return "\n".join(lines)
