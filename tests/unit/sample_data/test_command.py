"""The generator's command line writes the file that was asked for, and says what it holds."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sample_data.command import main

ROOT = Path(__file__).parents[3]


def test_the_command_writes_a_file_and_a_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file has a line a row, and standard error counts good and bad ones."""
    output = tmp_path / "orders.csv"

    status = main(["--rows", "200", "--bad", "0.05", "--multiline", "0", "--hostile", "0", "--output", str(output)])

    assert status == 0
    assert output.read_bytes().startswith(b"order_id,")
    assert "200 rows" in (report := capsys.readouterr().err)
    assert "190 good, 10 bad" in report


def test_gzip_and_a_name_in_gz_compress_the_same_file(tmp_path: Path) -> None:
    """Compressed output unpacks to the plain output, and two archives of it are equal."""
    plain, named, asked = (tmp_path / name for name in ("a.csv", "b.csv.gz", "c.csv"))

    main(["--rows", "50", "--output", str(plain)])
    main(["--rows", "50", "--output", str(named)])
    main(["--rows", "50", "--gzip", "--output", str(asked)])

    assert gzip.decompress(named.read_bytes()) == plain.read_bytes()
    assert named.read_bytes() == asked.read_bytes()


def test_the_file_does_not_depend_on_pythons_hash_seed() -> None:
    """Two interpreters with different hash seeds print the same bytes on standard output."""
    command = [sys.executable, "-m", "sample_data.generate", "--rows", "2000", "--bad", "0.05", "--delimiter", "tab"]

    printed = [
        subprocess.run(
            command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    ]

    assert printed[0] == printed[1]
    assert printed[0].startswith(b"order_id\tcustomer_name\t")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bad", "2"], "bad is a share between 0 and 1, not 2.0"),
        (["--delimiter", ":"], "the delimiter is one of"),
        (["--output", "/no/such/folder/orders.csv"], "cannot write /no/such/folder/orders.csv: No such file"),
    ],
)
def test_a_wrong_argument_is_one_clear_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with status 2 and says what is wrong."""
    with pytest.raises(SystemExit) as ended:
        main(["--rows", "5", *arguments])

    assert ended.value.code == 2
    assert message in capsys.readouterr().err
