"""Seeded order files of every outcome: the same seed makes the same names and bytes."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.rules import COLUMNS, Limits

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_GOOD_TEXTS = (
    "Ada Lovelace",
    "Zoë Müller",
    "株式会社ウェイビル",
    "O'Neil; Sons, Ltd. | Co",
    'Grace "Amazing" Hopper',
    "Line one\nLine two",
    "Windows\r\nbreak",
    "tab\there",
    "😀 smile",
    "=1+1",
    "x" * 200,
)
_LATIN_TEXTS = ("Ada Lovelace", "Zoë Müller", "Café crème", "Łódź".replace("Ł", "L").replace("ź", "z"), "5 € note")
_GOOD_QUANTITIES = ("1", "007", "1000000", "42", " 3 ")
_GOOD_PRICES = ("0", "0.05", "9999999.9999", "12.50", "1.1000", "00.5")
_BAD_CELLS = (
    (0, ("", "   ", "i" * 65, "A\t1", "A\n1", "A\x00")),
    (1, ("", "n" * 201, "bell\x07", "\x85next")),
    (2, ("", " ", "p" * 201, "\x1f")),
    (3, ("0", "-3", "1.5", "1,000", "1000001", "one", "", "\uff11\uff12", "1e3", "9" * 30)),
    (4, ("-0.01", "0,10", "1.00001", "10000000", "NaN", "", ".99", "1e400", "$5", "1.")),
)
_ENDINGS = ("\n", "\r\n")


@dataclass(frozen=True)
class ChaosFile:
    """A file to upload: its name below the inbox, its bytes, and the encoding that the upload declares."""

    name: str
    body: bytes
    encoding: str = ""
    kind: str = ""
    posted: bool = False
    """Whether it goes by a presigned POST of the console instead of a PUT."""


class FileMaker:
    """Makes the files of one seed, below a folder of their own."""

    def __init__(self, rng: random.Random, folder: str, limits: Limits | None = None) -> None:
        self._rng = rng
        self._folder = folder
        self._limits = limits or Limits()
        self._made: list[ChaosFile] = []
        self._kinds: dict[str, Callable[[], tuple[str, bytes, str]]] = {
            "processed": self._good,
            "partial": lambda: self._text(bad=0.3),
            "all rejected": lambda: self._text(bad=1, rows=self._rng.randint(2, 19)),
            "too many rejected": lambda: self._text(bad=0.8, rows=40),
            "quoted": lambda: self._text(bad=0.1, quoted=True),
            "byte order mark": lambda: self._text(bad=0.1, mark=True),
            "gzip": self._gzip,
            "cp1252": lambda: self._text(bad=0.1, encoding="cp1252"),
            "columns": lambda: self._text(bad=0.1, shuffled=True),
            "stray": self._stray,
            "blank lines": lambda: self._text(bad=0.1, blank=True),
            "shared ids": lambda: self._text(bad=0, an_order=40),
            "orders of lines": lambda: self._text(bad=0.1, an_order=3),
            "duplicate": self._duplicate,
            "one key twice": self._same_key,
            "odd key": lambda: self._text(bad=0.2, name=f"ä b+c/100% & ünï=1;#?{self._number()}.csv"),
            "empty": lambda: (self._name(), b"", ""),
            "no rows": lambda: (self._name(), f"{','.join(COLUMNS)}\n{' ' * self._rng.randrange(10**4)}".encode(), ""),
            "no header": lambda: (self._name(), f"nothing,{self._number()}\n1,2\n".encode(), ""),
            "missing column": lambda: (self._name(), f"order_id,quantity\nA-{self._number()},1\n".encode(), ""),
            "column twice": lambda: (self._name(), f"{','.join(COLUMNS)},quantity\nA-{self._number()}".encode(), ""),
            "wrong encoding": lambda: (self._name(), self._text(bad=0)[1] + b"\xff\xfe,\n", ""),
            "unknown encoding": lambda: (self._name(), self._text(bad=0)[1], "utf-7"),
            "not csv": lambda: (self._name(), b"%PDF-1.7 " + str(self._number()).encode(), ""),
            "wrong name": lambda: (f"{self._name()}.txt", self._text(bad=0)[1], ""),
            "broken gzip": lambda: (f"{self._name()}.gz", gzip.compress(self._text(bad=0)[1], mtime=0)[:-9], ""),
        }
        if self._limits.file_bytes <= 16 * 2**20:
            self._kinds["too large"] = self._too_large
        if self._limits.unpacked_bytes <= 16 * 2**20:
            self._kinds["unpacks to too much"] = self._bomb

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of files, each of which a large enough number holds."""
        return tuple(self._kinds)

    def make(self, count: int) -> list[ChaosFile]:
        """Make that many files: one of each kind first, the later ones half good, half of any kind; then mix them."""
        kinds = list(self._kinds)
        self._rng.shuffle(kinds)
        common = ("processed", "processed", "partial", "quoted", "gzip", "shared ids")
        kinds += [self._rng.choice(self._rng.choice((common, kinds))) for _ in range(count - len(kinds))]
        for kind in kinds[:count]:
            name, body, encoding = self._kinds[kind]()
            posted = encoding in {"", "cp1252"} and name.isascii() and "/" not in name and self._rng.random() < 0.25
            posted = posted and name.endswith((".csv", ".csv.gz")) and 0 < len(body) < self._limits.file_bytes
            self._made.append(ChaosFile(f"{self._folder}/{name}", body, encoding, kind, posted))
        return self._made

    def make_large(self, megabytes: float) -> ChaosFile:
        """Make a file that is read in ranges."""
        _, body, _ = self._text(bad=0.01, rows=int(megabytes * 2**20 / 130), wide=True)
        return ChaosFile(f"{self._folder}/large-{self._number()}.csv", body, kind="in ranges")

    def _number(self) -> int:
        return self._rng.randrange(1, 10**9) if not self._made else len(self._made) + 10 * self._rng.randrange(10**8)

    def _name(self) -> str:
        return f"file-{self._number()}.csv"

    def _good(self) -> tuple[str, bytes, str]:
        return self._text(bad=0, rows=self._rng.choice((1, 5, 24, 25, 26, 60, 400)))

    def _gzip(self) -> tuple[str, bytes, str]:
        name, body, _ = self._text(bad=self._rng.choice((0, 0.2)))
        half = len(body) // 2
        packed = b"".join(gzip.compress(part, mtime=0) for part in (body[:half], body[half:]))
        return f"{name}.gz", packed, ""

    def _stray(self) -> tuple[str, bytes, str]:
        name, body, _ = self._text(bad=0.1, rows=30, plain=True)
        lines = body.decode().split("\n")
        pieces = ('A-1,"never closed,x,1,1', 'A-2,"a"b,x,1,1', "A-3,too,few", "A-4,x,y,1,1,too,many", "B" * 70_000)
        for piece in pieces:
            lines.insert(self._rng.randrange(1, len(lines)), piece)
        return name, "\n".join(lines).encode(), ""

    def _duplicate(self) -> tuple[str, bytes, str]:
        whole = [file for file in self._made if file.kind in {"processed", "partial", "quoted", "one key twice"}]
        body = self._rng.choice(whole).body if whole else self._good()[1]
        return f"copy-{self._name()}", body, ""

    def _same_key(self) -> tuple[str, bytes, str]:
        again = [file.name.partition("/")[2] for file in self._made if file.kind in {"processed", "one key twice"}]
        _, body, _ = self._text(bad=0.1)
        return (self._rng.choice(again) if again else self._name()), body, ""

    def _too_large(self) -> tuple[str, bytes, str]:
        return self._name(), self._good()[1] + b"\n" * self._limits.file_bytes, ""

    def _bomb(self) -> tuple[str, bytes, str]:
        body = self._good()[1] + b"\n" * self._limits.unpacked_bytes
        return f"{self._name()}.gz", gzip.compress(body, mtime=0), ""

    def _text(
        self,
        *,
        bad: float,
        rows: int = 0,
        name: str = "",
        encoding: str = "",
        mark: bool = False,
        quoted: bool = False,
        shuffled: bool = False,
        blank: bool = False,
        an_order: int = 1,
        plain: bool = False,
        wide: bool = False,
    ) -> tuple[str, bytes, str]:
        rng, tag = self._rng, f"{self._number():x}"
        delimiter = "," if plain else rng.choice(",;\t|")
        ending = "\n" if plain else rng.choice(_ENDINGS)
        order = list(range(len(COLUMNS)))
        header = [column.upper() if shuffled else column for column in COLUMNS]
        extra = shuffled and rng.random() < 0.5
        if shuffled:
            rng.shuffle(order)
        texts = _LATIN_TEXTS if encoding else _GOOD_TEXTS[:2] if wide or plain else _GOOD_TEXTS
        lines = [delimiter.join([*(header[at] for at in order), *(["note"] if extra else [])])]
        for number in range(rows or rng.randint(2, 40)):
            order_id = f"{tag}-{number // an_order}"
            cells = [order_id, rng.choice(texts), rng.choice(texts), rng.choice(_GOOD_QUANTITIES)]
            cells.append(rng.choice(_GOOD_PRICES))
            if wide:
                cells[2] = f"Gear {'x' * 80}"
            if rng.random() < bad:
                self._spoil(cells, latin=bool(encoding))
            row = [cells[at] for at in order] + (["unused"] if extra else [])
            lines.append(delimiter.join(self._quote(cell, delimiter, always=quoted) for cell in row))
            if blank and rng.random() < 0.3:
                lines.append(" " * rng.randrange(3))
        text = ending.join(lines) + (ending if rng.random() < 0.8 else "")
        body = text.encode(encoding or "utf-8")
        return name or f"file-{tag}.csv", (b"\xef\xbb\xbf" if mark else b"") + body, encoding

    def _spoil(self, cells: list[str], *, latin: bool) -> None:
        for at, values in self._rng.sample(_BAD_CELLS, self._rng.choice((1, 1, 2))):
            cells[at] = self._rng.choice([value for value in values if value.isascii() or not latin])

    def _quote(self, cell: str, delimiter: str, *, always: bool) -> str:
        special: Sequence[str] = (delimiter, '"', "\n", "\r")
        if any(char in cell for char in special) or (always and self._rng.random() < 0.7):
            return '"' + cell.replace('"', '""') + '"'
        return cell
