"""Class names and concept names as people write them."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_BULLET = re.compile(r"^\s*(?:[-*+•‣◦·–—]+\s*|\(?\d{1,3}[.):](?!\d)\s*)")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_OPEN_ASIDE = re.compile(r"[(\[].*$")
_ARTICLE = re.compile(r"^(?:an?|the)\s+")
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_SPOKEN = re.compile(
    r"_|[^\w'(),]+"
)  # "doesn't", "shooting goal (soccer)" and "out of it, but" read well as they are

# What class names of public data sets mean where a language model or a text encoder would read something else.
_WHOLE_NAMES = {"bowl": "bowling", "fall floor": "fall on the floor", "golf part": "golf putt"}
_PARTS = {
    "accordian": "accordion",
    "balancebeam": "balance beam",
    "bielman": "biellmann",
    "blowdrying": "blow drying",
    "calfrope": "calf rope",
    "discuss throw": "discus throw",
    "doublebass": "double bass",
    "firemaking": "fire making",
    "fullbody": "full body",
    "grandpiano": "grand piano",
    "hocky": "hockey",
    "horizontalbar": "horizontal bar",
    "hulahoop": "hula hoop",
    "jazzdrum": "jazz drum",
    "jetski": "jet ski",
    "play melodic": "play melodica",
    "scuplting": "sculpting",
    "shotput": "shot put",
    "skate boarding": "skateboarding",
    "skijet": "jet ski",
    "sky diving": "skydiving",
    "spagetti": "spaghetti",
    "unevenbar": "uneven bars",
    "updog": "upward dog",
    "vacumming": "vacuuming",
    "yo yo": "yo-yo",
    "yoyo": "yo-yo",
}
_PART = re.compile(rf"\b(?:{'|'.join(_PARTS)})\b")


def spoken_class(class_name: str) -> str:
    """Write a class name as it would be said.

    Args:
        class_name: Label of the data set, such as "clean_and_jerk", "ApplyEyeMakeup" or "Closing [something]".

    Returns:
        Lower-case words, such as "clean and jerk", "apply eye makeup" or "closing something"; what a known label
        misspells is put right.
    """
    words = " ".join(_NOT_SPOKEN.sub(" ", _CAMEL_HUMP.sub(" ", class_name)).lower().split())
    return _WHOLE_NAMES.get(words) or _PART.sub(lambda found: _PARTS[found[0]], words)


def normalised_concept(answer: str) -> str:
    """Reduce one line of an answer to the bare concept.

    Bullets, numbering, remarks in parentheses, articles, quotation marks and closing punctuation go; letters become
    small and white space single.

    Args:
        answer: A line such as "1. A Punching bag (hanging)".

    Returns:
        The concept, such as "punching bag"; "" when nothing is left.
    """
    text = unicodedata.normalize("NFKC", answer).replace("’", "'")
    while _BULLET.match(text):
        text = _BULLET.sub("", text, count=1)
    while _ASIDE.search(text):
        text = _ASIDE.sub(" ", text)
    text = " ".join(_OPEN_ASIDE.sub(" ", text).replace("_", " ").lower().split())
    text = text.strip(" \"'`*“”.,;:!?")
    return _ARTICLE.sub("", text)


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that was probably meant.

    Args:
        name: A name that is not known.
        known: Names that are.

    Returns:
        " (did you mean 'x'?)", or "" when no known name is near.
    """
    near = get_close_matches(name, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
