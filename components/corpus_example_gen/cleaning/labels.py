"""Labels of a file: spelling of the tags, outside label, and labels that cannot be what they seem."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from components.common.errors import quoted, shortened
from components.common.json_lines import describe_control
from components.corpus_example_gen.settings import CorpusSettings
from components.text.tags import OUTSIDE, OUTSIDE_LABELS, PREFIXES, is_valid_tag, split_tag

BARE_TYPE = "ENTITY"
"""Type of the entities of a file whose tags are B, I and O without a type."""

_LETTERS = {letter: letter for letter in PREFIXES}
_WORDS = {
    "BEGIN": "B", "BEG": "B", "START": "B", "INSIDE": "I", "IN": "I", "MIDDLE": "M", "MID": "M", "END": "E",
    "LAST": "L", "SINGLE": "S", "UNIT": "U",
}  # fmt: skip
_SEPARATORS = "-_.:/|+=~\u2010\u2011\u2012\u2013\u2014\u2212"  # the last ones are hyphens, dashes and a minus sign
# Cyrillic and Greek letters that look like those of tags.
_LATIN = str.maketrans(
    "\u0412\u0406\u0415\u0405\u041c\u041e\u0392\u0399\u0395\u039c\u039f\u043e\u0456\u03bf", "BIESMOBIEMOoio"
)
_MOST = 0.95  # share of the labels that decides on their spelling; the others are errors, not another spelling
# Other labels than O for tokens outside entities. The second group are types in some corpora.
_NEVER_TYPES = frozenset(
    {*map(str.casefold, OUTSIDE_LABELS), "0", "outside", "none", "null", "nan", "nil", "n/a", "na", "non-entity"}
)
_MAYBE_TYPES = frozenset({"other", "no", "non", "x"})
_RUN = re.compile(r"[^\W_]+")
_BEGIN_OR_INSIDE = re.compile(r"(?i)(?:(?P<letter>[bi])|(?P<word>begin|beg|inside))(?P<number>[0-9]*)")
_CELL_WORD = re.compile(r"[^\s,;\[\]()'\"]+")  # of `['B-PER', 'O']`
_NUMBER = re.compile(r"[0-9][0-9.,]*")
_BRACKETS = re.compile(r"(?:\([^()*\s]+)?\*?\)?")  # `(PER*`, `*`, `*)`
_JOINED = re.compile(r"[|;/+&,]")
_MANY_LABELS, _LEAST_OUTSIDE = 20, 0.05  # more labels than the first, and fewer tokens outside: not a tag column
# Without `scheme: io`, labels are bare types only if nothing speaks against it. One letter may be a part of speech.
_TYPE = re.compile(r"[^\W\d_][\w.-]+")
_UNIVERSAL = "ADJ ADP ADV AUX CCONJ CONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X SPACE"
_PENN_TREEBANK = (
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS NN|SYM PDT POS PRP PRP$ RB RBR RBS RP TO UH VB VBD VBG VBN VBP "
    "VBZ WDT WP WP$ WRB ADD AFX GW HYPH NFP XX -LRB- -RRB- -X-"
)
_STTS = (  # German
    "ADJA ADJD ADV APPO APPR APPRART APZR ART CARD FM ITJ KOKOM KON KOUI KOUS NA NE NN PAV PDAT PDS PIAT PIDAT PIS "
    "PPER PPOSAT PPOSS PRELAT PRELS PRF PROAV PTKA PTKANT PTKNEG PTKVZ PTKZU PWAT PWAV PWS SGML SPELL TRUNC VAFIN "
    "VAIMP VAINF VAPP VMFIN VMINF VMPP VVFIN VVIMP VVINF VVIZU VVPP XY"
)
_PARTS_OF_SPEECH = frozenset(f"{_UNIVERSAL} {_PENN_TREEBANK} {_STTS}".split())
_LEAST_PARTS = 3  # different parts of speech; a few of them (NE, ART) are types of entities in some corpora
_LEAST_TYPES = 2  # tokens with a label; one alone is a slip
_SURE_OUTSIDE, _USES = 0.2, 5  # share of the tokens outside; tokens to a label, if there are many (names, ids)


class LabelError(Exception):
    """A label has no meaning; `problem` and `fix` are parts of a `CorpusError`.

    Attributes:
        problem: the fault.
        fix: the remedy.
        whole_file: whether the fault concerns the reading of the whole file, not this label.
    """

    def __init__(self, problem: str, fix: str, *, whole_file: bool = False) -> None:
        """Takes the parts."""
        super().__init__(problem)
        self.problem, self.fix, self.whole_file = problem, fix, whole_file


@dataclass(frozen=True)
class Spelling:
    """Form of a tag's prefix.

    Example:
        >>> Spelling("_").parse("b_PER"), Spelling("-", behind=True).parse("PER-I"), Spelling("").parse("B")
        (('B', 'PER'), ('I', 'PER'), ('B', 'ENTITY'))

    Attributes:
        separator: character between prefix and type; empty if the tags have no type.
        behind: whether the prefix follows the type.
        words: whether the prefix is a word, such as `Begin`, instead of a letter.
    """

    separator: str
    behind: bool = False
    words: bool = False

    def parse(self, label: str) -> tuple[str, str] | None:
        """Returns (prefix in upper case, type), or None if the label has another form."""
        if not self.separator:
            letter = self._letter(label)
            return (letter, BARE_TYPE) if letter else None
        head, separator, tail = (label.rpartition if self.behind else label.partition)(self.separator)
        prefix, entity_type = (tail, head) if self.behind else (head, tail)
        letter = self._letter(prefix)
        return (letter, entity_type) if separator and letter and entity_type else None

    def _letter(self, prefix: str) -> str | None:
        return (_WORDS if self.words else _LETTERS).get(_folded(prefix).upper())


def _types_with_spaces(labels: Collection[str]) -> dict[str, str]:
    """Returns the tags with spaces in their type, with underscores for them, unless another label is spelled so.

    >>> _types_with_spaces(["B-Geo Political", "I-Geo Political", "I-Geo_Political", "B-PER O", "O"])
    {'B-Geo Political': 'B-Geo_Political'}
    """
    words = {label: label.split() for label in labels if " " in label.strip()}
    tags = {label: "_".join(parts) for label, parts in words.items() if not any(map(is_tag_like, parts[1:]))}
    prefixes = {label: split_tag(tag)[0] for label, tag in tags.items()}
    if not {"B", "I"} & {*prefixes.values()}:  # `E-mail address` is a type
        return {}
    return {label: tag for label, tag in tags.items() if prefixes[label] and tag not in labels}


def _folded(text: str) -> str:
    """Returns a text with Latin letters instead of letters of other scripts and widths that look like them."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_LATIN)


_SPELLINGS = tuple(
    Spelling(separator, behind, words)
    for words in (False, True)
    for separators, behind in ((_SEPARATORS, False), (_SEPARATORS, True), (("",), False))
    for separator in separators
)


class Labels:
    """Meaning of the labels of one file, decided from all of them.

    Example:
        >>> from configs.loading import load_config
        >>> labels = Labels({"b_PER": 1, "i_PER": 1, "o": 7}, load_config(None).corpus)
        >>> labels.read("i_PER"), labels.read("o"), labels.note
        (['I-PER'], ['O'], "read tags such as 'b_PER' as B-PER")

    Attributes:
        note: one line about a spelling other than B-PER; empty for the usual one.
        bare: whether the labels are types without prefixes: by `corpus.scheme`, or because they all look so.
    """

    def __init__(self, counts: Mapping[str, int], settings: CorpusSettings, *, joined: bool = True) -> None:
        """Decides on the spelling.

        Args:
            counts: the labels as written; empty if the file is not known, then every label has the usual spelling.
            settings: settings of the corpus.
            joined: whether commas may join the tags of several annotators.
        """
        self.note = ""
        self._joined = joined
        self.bare = settings.scheme == "io"
        self._own_outside = settings.outside
        self._known: dict[str, list[str]] = {}
        self._with_spaces = _types_with_spaces(counts)
        self._refused: dict[str, LabelError] = {}
        self._spelling: Spelling | None = None
        parts: Counter[str] = Counter()
        for label, count in counts.items():
            for part in self._split(label):
                parts[part] += count
        self._outside = {label for label in parts if label in OUTSIDE_LABELS or label == settings.outside}
        inside = Counter({label: count for label, count in parts.items() if label and label not in self._outside})
        suspects = (label for label, _ in inside.most_common() if looks_outside(label))
        self._suspect = "" if self._outside else next(suspects, "")
        self._has_tags = any(split_tag(label)[0] for label in inside)
        self._no_types = self._why_no_types(inside, parts)
        if self.bare:
            self._refuse(inside, empty="" in parts and settings.outside != "")
        elif not self._has_tags and (spelling := find_spelling(inside)):
            self._spelling = spelling
            first, form = next((one, form) for one, _ in inside.most_common() if (form := spelling.parse(one)))
            self.note = f"read tags such as {quoted(first)} as {shortened('-'.join(form))}"
        elif self._with_spaces:
            written, label = next(iter(self._with_spaces.items()))
            self.note = f"read tags with spaces in their type such as {quoted(written)} as {shortened(label)}"
        elif self._are_types(inside, parts):
            self.bare = True
            first = quoted(inside.most_common(1)[0][0])
            self.note = (
                f"read labels such as {first} as types without B- and I-: adjacent entities of a type are merged"
            )

    def read(self, label: str) -> list[str]:
        """Returns the tags of a label: a prefix, a hyphen and a type, or an outside label; several if joined by commas.

        Raises:
            LabelError: the label is not a tag.
        """
        tags = self._known.get(label)
        if tags is None:
            tags = self._known[label] = [self._tag(part) for part in self._split(label)]
        return tags

    def _split(self, label: str) -> list[str]:
        """Returns the comma-joined alternatives; a comma inside a type (`B-PER,LOC`) does not join tags."""
        label = self._with_spaces.get(label, label)
        if not self._joined or "," not in label or label == self._own_outside:
            return [label]
        parts = label.split(",")
        joined = all(parts) if self.bare else all(map(is_tag_like, parts))
        return parts if joined else [label]

    def _tag(self, label: str) -> str:
        if label == self._own_outside:
            return label if label in OUTSIDE_LABELS else OUTSIDE
        if label in OUTSIDE_LABELS:
            return label
        if error := self._refused.get(label):
            raise error
        if control := describe_control(label):
            raise LabelError(f"found {control} in the label {quoted(label)}", "Remove the character.")
        if self.bare:
            return self._bare_tag(label)
        if self._spelling:
            if _folded(label).upper() in OUTSIDE_LABELS:
                return _folded(label).upper()
            if parsed := self._spelling.parse(label):
                label = "-".join(parsed)
        if not is_valid_tag(label) or not label.isprintable():
            raise LabelError(f"found {quoted(label)}, expected a tag such as B-PER, I-PER or O", self._fix(label))
        prefix, entity_type = split_tag(label)
        if prefix and split_tag(entity_type)[0] in ("B", "I"):
            problem = f"found the type {quoted(entity_type)}, which has a tag's prefix"
            raise LabelError(problem, f"Write the type without it: {shortened(split_tag(entity_type)[1])}.")
        if any(part in OUTSIDE_LABELS or split_tag(part)[0] in ("B", "I") for part in _JOINED.split(entity_type)[1:]):
            raise LabelError(f"found {quoted(label)}, which joins several tags", "Keep one tag per token.")
        return label

    def _bare_tag(self, label: str) -> str:
        if split_tag(label)[0] in ("B", "I"):
            raise LabelError(f"found tag {quoted(label)} with a prefix under scheme io", "Set corpus.scheme to auto.")
        if not label or label.split() != [label] or not label.isprintable():
            raise LabelError(f"found {quoted(label)}, expected a type such as PERSON, or O", self._fix(label))
        return f"I-{label}"

    def _fix(self, label: str) -> str:
        """Returns the remedy for a label that is not a tag; it names a setting only if the whole file supports it."""
        if len(words := _CELL_WORD.findall(label)) > 1 and all(map(is_tag_like, words)):
            return (
                "These are the tags of a sentence. Write token, tab, tag on each line, or tokens, tab, tags in a .tsv."
            )
        if len(words) > 1 and label.startswith("[") and all(map(_NUMBER.fullmatch, words)):
            return "These are numbers of labels. Export the data set as Parquet or JSON lines, which keep their names."
        if self._no_types:
            return self._no_types[1]
        if not self._outside and (self._has_tags or self._spelling or self.bare) and looks_outside(label):
            return f"If it marks the tokens outside entities, set {_setting(label)}; otherwise correct it."
        if self._suspect and label and not self.bare and not self._has_tags and not self._spelling:
            return (
                "If the labels are types without B- and I-, set corpus.scheme to io, and corpus.outside to the label "
                f"of the tokens outside entities ({quoted(self._suspect)}?). Otherwise check corpus.tag_column."
            )
        may_be_type = label and self._outside and not Spelling("").parse(label)
        if may_be_type and not self.bare and not self._has_tags and not self._spelling:
            return (
                "Check the tag column (corpus.tag_column). If the labels are types without B- and I-, such as PERSON, "
                "set corpus.scheme to io."
            )
        return "Correct the label, or check the tag column (corpus.tag_column)."

    def _why_no_types(self, inside: Counter[str], parts: Counter[str]) -> tuple[str, str] | None:
        """Returns problem and remedy if the labels of the file cannot be bare types at all."""
        if not inside:
            return None
        column = "check the tag column (corpus.tag_column)"
        if all(map(_NUMBER.fullmatch, [*inside, *self._outside])):
            problem = "the labels of the file are numbers, which may stand for tags such as B-PER"
            return problem, f"Write the names of the tags instead of numbers, or {column}."
        outside, total = sum(parts[label] for label in self._outside), parts.total()
        if (self._outside or not self._suspect) and len(inside) > _MANY_LABELS and outside < _LEAST_OUTSIDE * total:
            problem = f"the file has {len(inside):,} labels, and {outside:,} of {total:,} tokens are outside entities"
            return problem, "Check the tag column (corpus.tag_column)."
        parts_of_speech = [label for label in inside if any(map(str.isalnum, label))]
        if not self.bare and len(parts_of_speech) >= _LEAST_PARTS and are_parts_of_speech(parts_of_speech):
            fix = "Set corpus.tag_column to the column with tags of entities, or add one."
            return "the labels are parts of speech", f"All labels are parts of speech. {fix}"
        if all(map(_BRACKETS.fullmatch, inside)) and any("(" in label for label in inside):
            problem = "the labels are brackets of CoNLL-2012, which are read in files of eleven columns and more"
            return problem, "Write the brackets as tags: B-PER, I-PER and O."
        if not self._has_tags and not find_spelling(inside) and (pairs := _pairs(inside)):
            one, other = sorted(pairs)[:2]
            problem = f"the labels {quoted(one)} and {quoted(other)} seem to have the prefixes B and I"
            return problem, "Write the tags as B-PER and I-PER, and O outside entities."
        return None

    def _are_types(self, inside: Counter[str], parts: Counter[str]) -> bool:
        """Returns whether all labels, without a setting, can only be the outside label and bare types."""
        outside = sum(parts[label] for label in self._outside)
        if inside.total() < _LEAST_TYPES or self._has_tags or self._no_types or outside < _SURE_OUTSIDE * parts.total():
            return False
        if len(inside) > max(_MANY_LABELS, inside.total() / _USES):
            return False
        if len(inside) > 1 and all(label[0] in "BIbi" for label in inside):  # `BPER`, `ILOC`
            return False
        return all(map(_is_type, inside)) and not prefixed_labels(inside)

    def _refuse(self, inside: Counter[str], *, empty: bool) -> None:
        """Refuses the labels that cannot be bare types."""
        letters = all(Spelling("").parse(label) for label in inside)
        for label in inside if letters else prefixed_labels(inside):
            problem = f"found tag {quoted(label)}, which has a prefix, under scheme io"
            self._refused[label] = LabelError(
                problem, "Set corpus.scheme to auto, which reads the prefixes.", whole_file=True
            )
        if self._no_types:
            problem, fix = self._no_types
            whole = {label: LabelError(f"found {quoted(label)}: {problem}", fix, whole_file=True) for label in inside}
            self._refused = {**whole, **({} if _pairs(inside) else self._refused)}
        if self._refused:
            return
        candidates = [label for label, _ in inside.most_common()]
        suspects = [label for label in candidates if looks_outside(label, certain=bool(self._outside))]
        if not self._outside:
            suspects = ([""] if empty else []) + suspects or candidates[:1]
        for label in suspects:
            name = quoted(label)
            problem = f"found label {name}, which looks like the label of the tokens outside entities"
            if not self._outside:
                problem = f"no token of the file is outside entities (O, OUT), and {name} looks like their label"
            fix = f"If it is, set {_setting(label)}; if it is a type, rename it or add tokens labelled O."
            if not looks_outside(label):
                problem = f"no token of the file is outside entities (O, OUT); the most frequent label is {name}"
                fix = "Check the tag column (corpus.tag_column), or set corpus.outside to the label of these tokens."
            self._refused[label] = LabelError(problem, fix, whole_file=True)


def _setting(label: str) -> str:
    """Names the setting with a label; one that YAML reads as another type as `--set` takes it.

    Example:
        >>> _setting("OUT")
        "corpus.outside to 'OUT'"
        >>> print(_setting("no"))
        corpus.outside to 'no' (--set 'corpus.outside="no"')
    """
    import yaml

    try:
        is_text = isinstance(yaml.safe_load(label), str)
    except yaml.YAMLError:
        is_text = False
    as_written = "" if is_text else f" (--set 'corpus.outside={json.dumps(label, ensure_ascii=False)}')"
    return f"corpus.outside to {quoted(label)}{as_written}"


def _is_type(label: str) -> bool:
    """Returns whether a label can only be a type.

    >>> [_is_type(label) for label in ("LAST_NAME", "work-of-art", "B_PER", "S_PER", "vitamin_B", "B", "PER,LOC", "_")]
    [True, True, False, False, False, False, False, False]
    """
    if not _TYPE.fullmatch(label) or looks_outside(label, certain=True) or is_tag_like(label):
        return False
    forms = ((spelling, form) for spelling in _SPELLINGS if (form := spelling.parse(label)))
    return all(letter not in "BI" if spelling.words else spelling.behind for spelling, (letter, _) in forms)


def find_spelling(labels: Mapping[str, int]) -> Spelling | None:
    """Returns the spelling that most labels share, or None if they are not tags.

    One letter alone is weak evidence: `E-mail` is a type. So a prefix B or I, or two prefixes, have to occur; of words
    (`Begin-PER`), both B and I, or B, E and S.

    >>> find_spelling({"PER-B": 2, "PER-I": 1}), find_spelling({"E-mail": 3})
    (Spelling(separator='-', behind=True, words=False), None)
    """
    labels = {label: count for label, count in labels.items() if _folded(label).upper() not in OUTSIDE_LABELS}
    for spelling in _SPELLINGS:
        parsed = {label: form for label in labels if (form := spelling.parse(label))}
        prefixes = {prefix for prefix, _ in parsed.values()}
        if not prefixes & {"B", "I"} and (len(prefixes) < 2 or not spelling.separator):
            continue
        if spelling.words and not ({"B", "I"} <= prefixes or ({"B", "E"} <= prefixes and prefixes & {"S", "U"})):
            continue
        if sum(labels[label] for label in parsed) >= _MOST * sum(labels.values()):
            return spelling
    return None


def prefixed_labels(labels: Mapping[str, int]) -> list[str]:
    """Returns the labels that have a prefix and thus cannot be types, in any spelling.

    A label has a prefix if most labels share its spelling, or if its type also occurs with another prefix or without.

    >>> prefixed_labels({"PER": 2, "I_PER": 1, "E-mail": 1})
    ['I_PER']
    """
    spelling = find_spelling(labels)
    if spelling:
        return [label for label in labels if spelling.parse(label)]
    twins = (label for spelling in _SPELLINGS if not spelling.words for label in _with_twins(labels, spelling))
    return list(dict.fromkeys([*twins, *_pairs(labels)]))


def are_parts_of_speech(labels: Iterable[str]) -> bool:
    """Returns whether all labels are parts of speech: universal ones, or those of the Penn Treebank or STTS (German).

    >>> are_parts_of_speech(["DET", "NOUN"]), are_parts_of_speech(["ART", "VVFIN"]), are_parts_of_speech(["ART", "PER"])
    (True, True, False)
    """
    return _PARTS_OF_SPEECH.issuperset(labels)


def _pairs(labels: Mapping[str, int]) -> list[str]:
    """Returns the labels that occur twice, with a B or Begin and with an I or Inside in the same place.

    Without a separator (`BPER`, `IPER`), most labels have to be such a pair.

    >>> _pairs({"(B)PER": 1, "(I)PER": 1, "LOC": 1}), _pairs({"BPER": 2, "IPER": 1}), _pairs({"BIRD": 1, "IRD": 1})
    (['(B)PER', '(I)PER'], ['BPER', 'IPER'], [])
    """
    places: dict[tuple[str, ...], dict[str, str]] = {}
    glued: dict[tuple[str, ...], dict[str, str]] = {}
    for label in labels:
        text = _folded(label)
        for run in _RUN.finditer(text):
            if mark := _BEGIN_OR_INSIDE.fullmatch(run[0]):
                rest = text[: run.start()], mark["number"], text[run.end() :]
                places.setdefault(rest, {})[run[0][0].upper()] = label
        if len(text) > 1:
            for letter, before, behind in ((text[0], "", text[1:]), (text[-1], text[:-1], "")):
                if letter in "BIbi":
                    glued.setdefault((before, behind, str(letter.isupper())), {})[letter.upper()] = label
    pairs = [label for place in places.values() if len(place) > 1 for label in place.values()]
    joined = [label for place in glued.values() if len(place) > 1 for label in place.values()]
    if 2 * sum(labels[label] for label in set(joined)) >= sum(labels.values()):
        pairs += joined
    return list(dict.fromkeys(pairs))


def _with_twins(labels: Collection[str], spelling: Spelling) -> Iterable[str]:
    parsed = {label: form for label in labels if (form := spelling.parse(label))}
    prefixes: dict[str, set[str]] = {}
    for prefix, entity_type in parsed.values():
        prefixes.setdefault(entity_type, set()).add(prefix)
    for label, (_, entity_type) in parsed.items():
        if prefixes[entity_type] & {"B", "I"} and (len(prefixes[entity_type]) > 1 or entity_type in labels):
            yield label


def looks_outside(label: str, *, certain: bool = False) -> bool:
    """Returns whether a label looks like one of the tokens outside entities; `certain` leaves out possible types.

    >>> looks_outside("_"), looks_outside("Other"), looks_outside("Other", certain=True), looks_outside("PER")
    (True, True, False, False)
    """
    folded = _folded(label).casefold()
    if folded in _NEVER_TYPES or not any(char.isalnum() for char in label):
        return True
    return not certain and folded in _MAYBE_TYPES


def is_tag_like(word: str) -> bool:
    """Returns whether a word is a tag in any spelling, or an outside label.

    >>> [is_tag_like(word) for word in ("B-PER", "i_per", "PER-B", "I", "o", "PERSON")]
    [True, True, True, True, True, False]
    """
    if is_valid_tag(word) or word.upper() in OUTSIDE_LABELS:
        return True
    return word.isprintable() and any(
        form[0] in "BI" for spelling in _SPELLINGS if not spelling.words and (form := spelling.parse(word)) is not None
    )
