"""Text of unknown origin, made harmless for a terminal or a log, without hiding what was in it."""

import unicodedata

_KEPT = frozenset("\n\t")
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def inert(text: str) -> str:
    """The same text with every control, format and invisible character spelled out, as in `⟨U+001B⟩`.

    A terminal obeys escape sequences and reorders text around bidirectional controls, so that what is shown could
    be forged by whoever wrote the data. Line feeds and tabs stay.
    """
    return "".join(_shown(character) for character in text)


def inert_line(text: str) -> str:
    """The same on one line, with every run of white space as one space."""
    return inert(" ".join(text.split()))


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    return f"⟨U+{ord(character):04X}⟩"
