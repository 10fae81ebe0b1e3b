"""Generated files hold what their ground truth says, judged by Python's csv module and by rules written out here."""

import csv
import io
import re
from collections import Counter

import pytest

from sample_data.defects import DEFECTS, LONGEST_ROW
from sample_data.generate import GeneratedRow, generate, write_file
from sample_data.oddities import HOSTILE_NAMES
from sample_data.shape import COLUMNS, DELIMITERS, Shape

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
UNUSUAL = Shape(quoted=0.2, multiline=0.1, hostile=0.2, unicode=0.4)


def parse(row: GeneratedRow, delimiter: str = ",") -> list[str]:
    """Read the one row that a text is, strictly."""
    (cells,) = csv.reader(io.StringIO(row.text, newline=""), delimiter=delimiter, strict=True)
    return cells


def faults(cells: list[str]) -> list[str]:
    """Name the columns whose cells break the policy."""
    order_id, customer, product, quantity, unit_price = (cell.strip(" ") for cell in cells)
    good = {
        "order_id": 1 <= len(order_id) <= 64 and not CONTROL.search(order_id) and not re.search(r"[\t\r\n]", order_id),
        "customer_name": 1 <= len(customer) <= 200 and not CONTROL.search(customer),
        "product_name": 1 <= len(product) <= 200 and not CONTROL.search(product),
        "quantity": bool(re.fullmatch("[0-9]+", quantity)) and 1 <= int(quantity) <= 1_000_000,
        "unit_price": bool(re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,4})?", unit_price)),
    }
    return [column for column in COLUMNS if not good[column]]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("crlf", [False, True])
def test_good_rows_are_five_good_cells(delimiter: str, crlf: bool) -> None:
    """Every good row parses strictly to five cells that keep every rule."""
    shape = Shape(quoted=0.2, multiline=0.1, hostile=0.2, unicode=0.4, delimiter=delimiter, crlf=crlf)

    wrong = [row for row in generate(5_000, seed=3, shape=shape) if faults(parse(row, delimiter))]

    assert wrong == []


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_bad_rows_break_one_rule_in_the_column_they_name(delimiter: str) -> None:
    """A bad row breaks the rules in the column that its truth names, or cannot be read as five cells at all."""
    for row in generate(5_000, bad=1, seed=4, shape=Shape(delimiter=delimiter)):
        if row.reason == "text_after_quote":
            with pytest.raises(csv.Error, match="expected after"):
                parse(row, delimiter)
        elif row.reason == "row_too_long":
            assert len(row.text.rstrip("\r\n")) > LONGEST_ROW
        elif row.bad_column == "row":
            assert len(parse(row, delimiter)) != 5
        else:
            assert faults(parse(row, delimiter)) == [row.bad_column], row


@pytest.mark.parametrize(
    ("rows", "bad", "expected"),
    [(0, 0.5, 0), (1, 1, 1), (10, 0, 0), (1_000, 0.01, 10), (997, 0.013, 13), (300, 0.5, 150), (200, 1, 200)],
)
def test_the_number_of_bad_rows_is_exact(rows: int, bad: float, expected: int) -> None:
    """A share of bad rows is met to the row, whatever the seed."""
    for seed in range(5):
        made = list(generate(rows, bad=bad, seed=seed))

        assert len(made) == rows
        assert sum(row.bad_column is not None for row in made) == expected == round(rows * bad)


def test_bad_rows_are_spread_over_every_reason() -> None:
    """Each way to be bad occurs, and all but the heavy one equally often."""
    counts = Counter((row.bad_column, row.reason) for row in generate(10_000, bad=0.1) if row.reason)

    assert set(counts) == {(defect.column, defect.reason) for defect in DEFECTS}
    del counts["row", "row_too_long"]
    assert max(counts.values()) - min(counts.values()) <= 1


def test_bad_rows_are_spread_over_the_file() -> None:
    """Every tenth of a file has its share of the bad rows, more or less."""
    made = list(generate(20_000, bad=0.05))

    for start in range(0, 20_000, 2_000):
        assert 60 <= sum(row.reason is not None for row in made[start : start + 2_000]) <= 140


def test_the_same_seed_makes_the_same_file() -> None:
    """Two runs agree to the byte, and another seed makes another file."""
    files = [io.BytesIO() for _ in range(3)]

    for file, seed in zip(files, (5, 5, 6), strict=True):
        write_file(file, 3_000, bad=0.02, seed=seed, shape=UNUSUAL)

    assert files[0].getvalue() == files[1].getvalue() != files[2].getvalue()


def test_a_longer_file_names_each_customer_of_an_order_once() -> None:
    """Orders have several lines, and customers come back; ordinary lines of an order name one customer."""
    plain = Shape(quoted=0, multiline=0, hostile=0)
    lines = [parse(row) for row in generate(5_000, shape=plain)]

    customers_by_order: dict[str, set[str]] = {}
    for order_id, customer, *_ in lines:
        customers_by_order.setdefault(order_id, set()).add(customer)
    orders_by_customer = Counter(name for names in customers_by_order.values() for name in names)

    assert all(len(names) == 1 for names in customers_by_order.values())
    assert 1.5 < len(lines) / len(customers_by_order) < 5
    assert orders_by_customer.most_common(1)[0][1] > 10 > min(orders_by_customer.values())


def test_shares_are_met_roughly() -> None:
    """Quoted, multi-line, hostile and Unicode rows occur about as often as was asked for."""
    texts = [row.text for row in generate(20_000, shape=Shape(quoted=0.05, multiline=0.02, hostile=0, unicode=0))]

    assert 0.06 < sum('"' in text for text in texts) / len(texts) < 0.08
    assert 0.015 < sum("\n" in text[:-1] for text in texts) / len(texts) < 0.025
    assert all(text.isascii() for text in texts)


def test_every_hostile_name_is_used() -> None:
    """Nothing in the list of hostile names is left out of the files that ask for many of them."""
    cells = {
        cell.strip(" ") for row in generate(5_000, shape=Shape(quoted=0, multiline=0, hostile=1)) for cell in parse(row)
    }

    assert set(HOSTILE_NAMES) <= cells


def test_a_file_has_its_header_line_ends_and_byte_order_mark() -> None:
    """A file is written in the shape that was asked for, and the summary counts what it holds."""
    file = io.BytesIO()

    summary = write_file(
        file, 500, bad=0.1, shape=Shape(delimiter=";", crlf=True, bom=True, quoted=0, multiline=0, hostile=0)
    )

    written = file.getvalue()
    assert written.startswith(b"\xef\xbb\xbforder_id;customer_name;product_name;quantity;unit_price\r\n")
    assert written.endswith(b"\r\n")
    assert (summary.rows, summary.accepted_rows, summary.rejected_rows) == (500, 450, 50)
    assert summary.size == len(written)


@pytest.mark.parametrize(
    "wrong",
    [{"delimiter": ":"}, {"quoted": -0.1}, {"unicode": 1.5}, {"quoted": 0.6, "multiline": 0.6}],
)
def test_an_impossible_shape_is_refused(wrong: dict[str, float]) -> None:
    """An unknown delimiter and an impossible share are errors."""
    with pytest.raises(ValueError, match=r"delimiter|share|more than all"):
        Shape(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rows", "bad", "seed"), [(-1, 0, 1), (1, 1.1, 1), (1, -0.1, 1), (1, 0, -1)])
def test_impossible_numbers_are_refused_before_the_first_row(rows: int, bad: float, seed: int) -> None:
    """Wrong arguments are errors at the call, not at the first row."""
    with pytest.raises(ValueError, match=r"negative|share"):
        generate(rows, bad=bad, seed=seed)
