"""The format of a generated file: delimiter, line ends, quoting, and shares of unusual rows."""

from dataclasses import dataclass

COLUMNS = ("order_id", "customer_name", "product_name", "quantity", "unit_price")
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Shape:
    """A file's format, apart from the number and defects of its rows. The four shares are probabilities of a row.

    `unicode` applies to customers and to products independently.
    """

    quoted: float = 0.03
    multiline: float = 0.002
    hostile: float = 0.001
    unicode: float = 0.15
    delimiter: str = ","
    crlf: bool = False
    bom: bool = False

    def __post_init__(self) -> None:
        for name in ("quoted", "multiline", "hostile", "unicode"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share between 0 and 1, not {getattr(self, name)}")
        if self.quoted + self.multiline + self.hostile > 1:
            raise ValueError("quoted, multiline and hostile rows are more than all rows")
        if self.delimiter not in DELIMITERS:
            raise ValueError(f"the delimiter is one of , ; tab |, not {self.delimiter!r}")

    @property
    def line_end(self) -> str:
        """The end of a row, and the line break inside a cell."""
        return "\r\n" if self.crlf else "\n"

    @property
    def header(self) -> str:
        """The first line with its end, after a byte order mark if `bom` is set."""
        return ("\ufeff" if self.bom else "") + self.delimiter.join(COLUMNS) + self.line_end

    def cell(self, text: str) -> str:
        """Write one cell by RFC 4180, with quotes only where it needs them."""
        if self.delimiter in text or '"' in text or "\n" in text or "\r" in text:
            return quote(text)
        return text

    def row(self, cells: list[str]) -> str:
        """Write a row's cells, without the line end."""
        return self.delimiter.join(map(self.cell, cells))


def quote(text: str) -> str:
    """Put a cell in quotes and double those inside."""
    return '"' + text.replace('"', '""') + '"'
