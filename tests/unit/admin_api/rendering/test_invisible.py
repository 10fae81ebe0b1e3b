"""Characters that cannot be seen are shown on every page, and go back exactly as they came."""

from __future__ import annotations

import unicodedata

import pytest
from markupsafe import Markup

from admin_api.rendering.invisible import INVISIBLE, exact, show_invisible
from admin_api.rendering.views import templates


def test_every_control_and_format_character_of_unicode_is_shown() -> None:
    """All but the tab and line breaks, which HTML shows as spaces, by the categories of Python's Unicode."""
    hidden = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp"}}

    missed = {character for character in hidden if not INVISIBLE.fullmatch(character)}

    assert missed == {"\t", "\n", "\r"}


@pytest.mark.parametrize("text", ["Ada Lovelace", "Größe", "日本", "A-1\tB", "עברית", "\U0001f600", "é"])
def test_letters_of_every_script_stay_as_they_are(text: str) -> None:
    """Only what has no shape is replaced."""
    assert show_invisible(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\u0d15\u0d4d\u200c\u0d15",
        "\u2764\ufe0f",
        "1\ufe0f\u20e3",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
    ],
    ids=["Alireza", "Persian", "Hindi", "Malayalam", "heart", "keycap", "family", "rainbow"],
)
def test_names_in_scripts_that_need_joiners_and_pictures_can_be_read(text: str) -> None:
    """There the character changes what is seen, so it hides nothing."""
    assert show_invisible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A\u200cB", "A[U+200C]B"),
        ("\u062f\u0627\u200c\u0631", "\u062f\u0627[U+200C]\u0631"),
        ("\u0639\u0644\u06cc\u200c", "\u0639\u0644\u06cc[U+200C]"),
        ("\u0639\u0644\u06cc\u200c\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc[U+200C][U+200C]\u0631\u0636\u0627"),
        ("A-1\ufe0f", "A-1[U+FE0F]"),
        ("\u2764\ufe0f\ufe0f", "\u2764\ufe0f[U+FE0F]"),
        ("A\u200dB", "A[U+200D]B"),
        ("\U0001f468\u200d", "\U0001f468[U+200D]"),
    ],
)
def test_joiners_and_selectors_that_change_nothing_are_shown(text: str, shown: str) -> None:
    """After a letter that never joins the next, at the end, twice, or among Latin letters, nobody would see them."""
    assert show_invisible(text) == shown


def test_two_ids_that_look_alike_do_not_on_a_page() -> None:
    """The one with a zero-width space names it; a name that turns around is read in its order."""
    shown = [show_invisible(text) for text in ("A-1", "A-\u200b1", "invoice\u202efdp.csv")]

    assert shown == ["A-1", "A-[U+200B]1", "invoice[U+202E]fdp.csv"]


def test_templates_show_them_wherever_a_text_stands() -> None:
    """In text and attributes, escaped; HTML of our own and numbers are left alone."""
    template = templates.from_string('<b title="{{ x }}">{{ x }}{{ y }}{{ 5 }}</b>')

    html = template.render(x="<\u202e>", y=Markup("<i>\u200b</i>"))

    assert html == '<b title="&lt;[U+202E]&gt;">&lt;[U+202E]&gt;<i>\u200b</i>5</b>'


def test_what_comes_back_from_a_form_or_is_copied_is_exact() -> None:
    """A search for such an id finds it again."""
    html = templates.from_string('<input value="{{ x|exact }}">').render(x='"\u200b')

    assert html == '<input value="&#34;\u200b">'
    assert exact("<") == "&lt;"
