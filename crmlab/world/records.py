"""Records: what the firm's sources wrote down about the person behind each customer.

Here live the contact records that a web form, a shop counter, a call centre, a fair and a bought list
hold about people (``identities``): with typing errors, nicknames, old addresses, gaps and several
spellings of one fact. The room reads keys of persons, the days on which they became known, the rates
written below and those of ``bookings``; it returns a table in which ``customer_id`` tells which records
belong together, and one of faults. It does not know what anybody bought, and it finds, judges and
repairs no error: that is the reader's work. No fault touches what stands behind the @.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab.world import bookings, identities, streams
from crmlab.world.identities import bare, join, padded, take

_SOURCES = ("web form", "shop counter", "call centre", "fair", "bought list")
_FIRST, _AGAIN = (42, 24, 14, 8, 12), (48, 22, 22, 5, 3)  # in %: where a new customer is written down, where a known one
# In so many years everybody would once have moved (changed telephone, e-mail address), if all went evenly
_MOVED, _RENUMBERED, _REMAILED = 9, 12, 8
_WEDDINGS = 35, 300  # likewise for taking another family name: women, men; only from 20 to 50 years of age
# How likely a record has each fault, by source. No one study gives them all. They are set by what each source does: into
# the web form the customer types and machines check; the counter leaves out; the call centre hears; fair cards are
# read from handwriting; lists are old and were converted.
_RATES = {
    #                  web    counter call  fair   list
    "copy":            (0.16,  0.02,  0.03,  0.03,  0.22),  # sent or loaded twice; only a second record copies a first
    "other form":      (0.09,  0.13,  0.12,  0.14,  0.08),  # of given names that have one: Bob, or Xiao Yan for Xiaoyan
    "initial":         (0.01,  0.03,  0.01,  0.04,  0.08),
    "swapped":         (0.008, 0.006, 0.01,  0.015, 0.02),  # given name and family name
    "family first":    (0.08,  0.10,  0.06,  0.12,  0.15),  # the same in Chinese names, whose own order it is
    "second name off": (0.04,  0.18,  0.20,  0.20,  0.15),  # García López as García
    "accents off":     (0.10,  0.40,  0.55,  0.45,  0.80),  # of names with accents
    "misheard":        (0.00,  0.005, 0.04,  0.00,  0.00),  # each name, street, town
    "typo":            (0.010, 0.022, 0.025, 0.045, 0.02),  # each name, street, town, e-mail address
    "abbreviated":     (0.15,  0.45,  0.35,  0.45,  0.50),  # Street as St
    "all upper":       (0.025, 0.03,  0.01,  0.04,  0.35),
    "all lower":       (0.07,  0.03,  0.03,  0.01,  0.01),
    "stray space":     (0.022, 0.008, 0.008, 0.01,  0.02),  # each name, street, town, e-mail address
    "made up":         (0.002, 0.04,  0.01,  0.00,  0.00),  # an e-mail address, where the till insists on one
    "digit wrong":     (0.004, 0.015, 0.025, 0.025, 0.012),  # telephone, postal code
    "zero off":        (0.00,  0.00,  0.00,  0.00,  0.60),  # a spreadsheet took the postal code for a number
    "day as month":    (0.006, 0.015, 0.01,  0.02,  0.03),  # of days up to the 12th
    "year off":        (0.004, 0.01,  0.025, 0.015, 0.01),  # by one
    "out of date":     (0.00,  0.00,  0.00,  0.00,  0.20),  # address, telephone: a list is older than the day it was bought
    "no name":         (0.003, 0.04,  0.025, 0.02,  0.015),  # the given name or the family name
    "no birth_date":   (0.15,  0.55,  0.40,  0.60,  0.35),
    "no email":        (0.005, 0.38,  0.35,  0.12,  0.40),
    "no phone":        (0.35,  0.30,  0.02,  0.35,  0.25),
    "no address":      (0.12,  0.38,  0.28,  0.40,  0.03),  # all of it
    "no line":         (0.008, 0.07,  0.06,  0.08,  0.02),  # street, postal code, town: each
}  # fmt: skip
_CONSENT_SLIP = 0.03  # share of notes on consent that say the opposite
_HABITS = {  # in % for each source: how a telephone number is written (_DIALS), how a date (_dates), consent
    "phone": ((36, 16, 9, 35, 4), (50, 5, 18, 23, 4), (72, 20, 0, 8, 0), (44, 14, 18, 18, 6), (30, 36, 2, 32, 0)),
    "date": ((78, 10, 8, 2, 2, 0), (15, 50, 30, 2, 3, 0), (58, 15, 20, 2, 5, 0), (8, 44, 30, 5, 13, 0), (25, 6, 18, 16, 1, 34)),
    "consent": ((60, 34, 6), (25, 20, 55), (40, 28, 32), (68, 6, 26), (8, 1, 91)),  # yes, no, nothing said
}  # fmt: skip
_DIALS = ("0555 ", "+999 555 ", "0555-", "0555", "555 "), (" ", " ", "-", "", " ")
_KEYBOARD = "qwertyuiop asdfghjkl zxcvbnm QWERTYUIOP ASDFGHJKL ZXCVBNM 1234567890"
_HEARD = "ph:f ck:k th:t Th:T ei:ie ie:ei y:i v:w w:v z:s c:k C:K K:C d:t t:d b:p m:n n:m ll:l ss:s tt:t nn:n sh:s ea:ee ou:o"
_SHORT = r"(?:(St|Ave|Cl|Ter|Sq)(?:reet|nue|ose|race|uare)|\b([RLC])(?:oa|a|our)([dnt])e?)$"  # Street as St, Road as Rd
_WRITTEN_OUT = "äae öoe üue øoe åaa ÅAa ØOe ÖOe"  # as German and Nordic clerks write them
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_LINES, _TEXTS = ("street", "postal_code", "city"), "given_name family_name street city"
_TILL = _SOURCES.index("shop counter"), "till@example.com"

_Draw = Callable[[str], np.ndarray]  # the random numbers of the records whose texts are being rewritten, by what it decides


@dataclass(frozen=True)
class _Batch:
    """The records that are being written: a key and a source for each, and what stands in their fields by now."""

    keys: np.ndarray
    source: np.ndarray
    texts: dict[str, pa.Array]

    def occurs(self, fault: str, field: str = "") -> np.ndarray:
        return streams.uniform(self.keys, f"record: {fault} {field}") < np.array(_RATES[fault])[self.source]

    def choose_habit(self, what: str) -> np.ndarray:
        return identities.choose(self.keys, f"record: habit {what}", np.array(_HABITS[what])[self.source])

    @staticmethod
    def _draw(keys: np.ndarray, field: str, what: str) -> np.ndarray:
        return streams.uniform(keys, f"record: {field} {what}")

    def replace(self, field: str, mask: np.ndarray, texts: pa.Array) -> None:
        self.texts[field] = pc.replace_with_mask(self.texts[field], pa.array(mask), texts)

    def rewrite(self, fault: str, fields: str, how: Callable[[pa.Array, _Draw], pa.Array]) -> None:
        """Let ``how`` rewrite the fields where the fault befalls them, each by itself or all of a record."""
        for field in fields.split():
            mask = self.occurs(fault, "" if fault.startswith("all") else field)
            texts, keys = self.texts[field].filter(pa.array(mask)), self.keys[mask]
            if keys.size:
                self.replace(field, mask, how(texts, partial(self._draw, keys, field)))


_BESIDE = np.arange(0x250, dtype=np.uint32)  # the key to the right of each; at the end of a row, to the left
for _row in _KEYBOARD.split():
    _BESIDE[[ord(letter) for letter in _row]] = [ord(letter) for letter in _row[1:] + _row[-2]]


def _slip(texts: pa.Array, draw: _Draw) -> pa.Array:
    """Put one slip of the fingers into each text, never at its first letter, its last one or behind an @."""
    letters = np.asarray(texts.to_numpy(zero_copy_only=False), dtype=np.str_)
    wide = letters.dtype.itemsize // 4 + 1  # the last column stays empty, so that a doubled letter has room
    codes = letters.astype(f"U{wide}").view(np.uint32).reshape(-1, wide)
    long = ((codes == ord("@")) | (codes == 0)).argmax(axis=1)
    place = 1 + (draw("slip place") * (long - 2)).astype(np.int64)
    # a letter left out, doubled, swapped with the next, or the key beside it struck; a number keeps its length
    digits = pc.utf8_is_digit(texts).to_numpy(zero_copy_only=False)[:, None]
    kind = streams.choose(draw("slip kind"), np.where(digits, (0, 0, 0.4, 0.6), (0.23, 0.27, 0.25, 0.25)))
    kind = np.where(long < 3, -1, kind)[:, None]
    behind = np.arange(wide) - place[:, None]
    shift = (kind == 0) * (behind >= 0) - (kind == 1) * 1 * (behind > 0) + (kind == 2) * ((behind == 0) * 1 - (behind == 1))
    codes = np.take_along_axis(codes, (np.arange(wide) + shift).clip(max=wide - 1), axis=1)
    row = np.flatnonzero(kind == 3)
    codes[row, place[row]] = _BESIDE[codes[row, place[row]]]
    return pa.array(codes.view(f"U{wide}").ravel(), pa.string())


def _mishear(texts: pa.Array, draw: _Draw) -> pa.Array:
    """Take one sound of each text for another, by a rule drawn among those that fit."""
    rules = [rule.split(":") for rule in _HEARD.split()]
    fits = np.column_stack([pc.match_substring(texts, said).to_numpy(zero_copy_only=False) for said, _ in rules]).cumsum(axis=1)
    chosen = (fits <= np.floor(draw("heard") * fits[:, -1])[:, None]).sum(axis=1)  # behind the last rule where none fits
    for number, (said, heard) in enumerate(rules):
        texts = pc.if_else(pa.array(chosen == number), pc.replace_substring(texts, said, heard, max_replacements=1), texts)
    return texts


def _other_form(texts: pa.Array, draw: _Draw) -> pa.Array:
    many = np.array([len(forms) for forms in identities.FORMS.values()])
    place = pc.index_in(texts, pa.array(identities.FORMS, pa.string()))
    known = pc.fill_null(place, 0).to_numpy(zero_copy_only=False)
    form = (many.cumsum() - many)[known] + (draw("form") * many[known]).astype(np.int64)
    return pc.if_else(pc.is_valid(place), take([form for forms in identities.FORMS.values() for form in forms], form), texts)


def _space(texts: pa.Array, draw: _Draw) -> pa.Array:
    kind = streams.choose(draw("space"), np.array([0.25, 0.5, 0.25]))  # before, behind, or doubled within
    within = pc.replace_substring(texts, " ", "  ", max_replacements=1)
    return join(take([" ", "", ""], kind), pc.if_else(pa.array(kind == 2), within, texts), take(["", " ", ""], kind))


def _dates(batch: _Batch) -> pa.Array:
    parts = (part(batch.texts["birth_date"]) for part in (pc.year, pc.month, pc.day))
    year, month, day = (part.to_numpy(zero_copy_only=False) for part in parts)
    turned = batch.occurs("day as month") & (day <= 12)
    month, day = np.where(turned, day, month), np.where(turned, month, day)
    year = year + batch.occurs("year off") * np.where(streams.uniform(batch.keys, "record: year off by") < 0.5, -1, 1)
    y, m, d = padded(year), padded(month, 2), padded(day, 2)
    return pc.choose(  # the third and the fourth look alike and say different days
        pa.array(batch.choose_habit("date")), join(y, "-", m, "-", d), join(d, ".", m, ".", y), join(d, "/", m, "/", y),
        join(m, "/", d, "/", y), join(d, "/", m, "/", padded(year % 100, 2)), join(y, m, d),
    )  # fmt: skip


def _write(batch: _Batch, chinese: np.ndarray) -> None:
    """Put the faults of form into the fields, in the order in which they happen: said, heard, typed, stored, left out."""
    texts, regex = batch.texts, pc.replace_substring_regex
    batch.rewrite("other form", "given_name", _other_form)
    batch.rewrite("initial", "given_name", lambda text, _: join(pc.utf8_slice_codeunits(text, 0, 1), "."))
    batch.rewrite("second name off", "family_name", lambda text, _: regex(text, r"^(\p{Lu}\pL{2,})[ -].*$", r"\1"))
    batch.rewrite(
        "accents off", "given_name family_name",
        lambda text, draw: pc.if_else(pa.array(draw("accents") < 0.4), bare(text, _WRITTEN_OUT), bare(text)),
    )  # fmt: skip
    swapped = pa.array(np.where(chinese, batch.occurs("family first"), batch.occurs("swapped")))
    given, family = texts["given_name"], texts["family_name"]
    texts["given_name"], texts["family_name"] = pc.if_else(swapped, family, given), pc.if_else(swapped, given, family)
    texts["birth_date"] = _dates(batch)
    texts["front"], texts["back"] = (pc.utf8_slice_codeunits(texts["phone"], start, start + 4) for start in (5, 10))
    made_up = ["none@example.com", "x@example.org"]
    for fault, fields, how in (
        ("abbreviated", "street", lambda text, _: regex(text, _SHORT, r"\1\2\3")),
        ("misheard", _TEXTS, _mishear),
        ("made up", "email", lambda _, draw: take(made_up, (draw("made up") < 0.3) * 1)),
        ("typo", f"{_TEXTS} email", _slip),
        ("digit wrong", "postal_code back", _slip),
        ("zero off", "postal_code", lambda text, _: pc.utf8_ltrim(text, "0")),
        ("all lower", _TEXTS, lambda text, _: pc.utf8_lower(text)),
        ("all upper", f"{_TEXTS} email", lambda text, _: pc.utf8_upper(text)),
        ("stray space", f"{_TEXTS} email", _space),
    ):
        batch.rewrite(fault, fields, how)
    dial = batch.choose_habit("phone")
    texts["phone"] = join(take(_DIALS[0], dial), texts.pop("front"), take(_DIALS[1], dial), texts.pop("back"))
    gaps = {field: batch.occurs(f"no {field}") for field in ("birth_date", "email", "phone")}
    gaps |= {field: batch.occurs("no address") | batch.occurs("no line", field) for field in _LINES}
    nameless, given_gone = batch.occurs("no name"), streams.uniform(batch.keys, "record: which name") < 0.6  # never both names
    gaps |= {"given_name": nameless & given_gone, "family_name": nameless & ~given_gone}
    gaps["phone"] &= ~(gaps["email"] & gaps["street"])  # nobody notes a person who cannot be reached
    for field, gap in gaps.items():
        texts[field] = pc.if_else(pa.array(gap), pa.scalar(None, pa.string()), texts[field])


def _age(
    batch: _Batch, keys: np.ndarray, age: np.ndarray, birth: pa.Array, owner: np.ndarray, elapsed: np.ndarray,
    more: bookings.Bookings,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Move people house, change their telephones and e-mail addresses, and marry them; an old list keeps what was before.

    Returns the mask of the records that show each change.
    """

    def due(what: str, years: float | np.ndarray) -> np.ndarray:
        return elapsed > (streams.uniform(keys, f"person: {what}") * years * 365)[owner]

    old_home, old_phone = (batch.occurs("out of date", field) for field in ("address", "phone"))
    moved, dialled = due("moved", _MOVED / (1 + more.moving)), due("renumbered", _RENUMBERED / (1 + more.moving))
    mailed = due("remailed", _REMAILED)
    for version, fields, mask in (
        (1, _LINES, moved), (2, _LINES, old_home), (1, ["phone"], dialled), (2, ["phone"], old_phone), (1, ["email"], mailed),
    ):  # fmt: skip
        new = identities.contact(keys[owner[mask]], birth.take(pa.array(owner[mask])), version)
        for field in fields:
            batch.replace(field, mask, new[field])
    _, people, sex, *_ = identities.draw_names(keys)
    mask = due("wedding", np.array(_WEDDINGS)[sex] / (1 + more.marrying))
    mask &= (~np.isin(people, identities.KEEP_NAMES) & (age >= 20) & (age <= 50))[owner]
    wed = keys[owner[mask]]
    names, spouse = identities.FAMILY, streams.uniform(wed, "person: name of the spouse")
    name = take(names.names, names.pick(people[owner[mask]], spouse))
    both = join(batch.texts["family_name"].filter(pa.array(mask)), "-", name)
    batch.replace("family_name", mask, pc.if_else(pa.array(streams.uniform(wed, "person: keeps both names") < 0.2), both, name))
    return {
        "moved": moved & ~old_home, "new telephone": dialled & ~old_phone, "new e-mail": mailed, "married": mask,
        "old address": old_home, "old telephone": old_phone,
    }  # fmt: skip


def _share(batch: _Batch, shared: bookings.Shared, owner: np.ndarray, seen: dict[str, np.ndarray], noted: float) -> None:
    """Put the telephone of a household, its home, and the number of a switchboard into the records of those who have them."""
    home = shared.at_home[owner]
    new = identities.contact(shared.home[owner[home]], _no_birth(home))
    for fault, fields, own in (
        ("shared telephone", ("phone",), ("new telephone", "old telephone")), ("shared home", _LINES, ("moved", "old address")),
    ):  # fmt: skip
        seen[fault] = mask = home & ~(seen[own[0]] | seen[own[1]])
        for field in fields:
            batch.replace(field, mask, new[field].filter(pa.array(mask[home])))
    at_work = shared.employed[owner] & (streams.uniform(batch.keys, "record: at work") < noted)
    batch.replace("phone", at_work, identities.contact(shared.firm[owner[at_work]], _no_birth(at_work))["phone"])
    seen["switchboard"] = at_work
    for masked in ("shared telephone", "new telephone", "old telephone"):
        seen[masked] = seen[masked] & ~at_work


def _no_birth(mask: np.ndarray) -> pa.Array:
    """Return birth dates for keys that are no persons: nothing but e-mail addresses would read them."""
    return pa.array(np.zeros(mask.sum(), dtype="datetime64[D]"))


def _overwrite(batch: _Batch, keys: np.ndarray, owner: np.ndarray, block: bookings.Bookings) -> dict[str, np.ndarray]:
    """Write Chinese names in characters, and fill in the e-mail address of the till: nothing is typed, so nothing mistyped."""
    signs = identities.in_characters(keys)
    mask = streams.uniform(batch.keys, "record: in characters") < block.characters
    mask &= signs["given_name"].is_valid().to_numpy(zero_copy_only=False)[owner]
    for field, sign in signs.items():
        kept = mask & batch.texts[field].is_valid().to_numpy(zero_copy_only=False)
        batch.replace(field, kept, sign.take(pa.array(owner[kept])))
    source, address = _TILL
    till = (batch.source == source) & (streams.uniform(batch.keys, "record: till") < block.till_address)
    batch.replace("email", till, take([address], np.zeros(till.sum(), dtype=np.int64)))
    return {"characters": mask, "till address": till}


def records(
    keys: np.ndarray, ids: pa.Array, person: dict[str, pa.Array], agreed: np.ndarray, since_day: np.ndarray, last_day: int,
    opening: datetime.date, block: bookings.Bookings, shared: bookings.Shared,
) -> tuple[pa.Table, pa.Table]:  # fmt: skip
    """Write the contact records that the firm's sources have of each person: one to four, with faults.

    Parameters
    ----------
    keys, ids : array of uint64, pyarrow.Array
        One key and one customer id for each person; their records depend on these and on their own row alone.
    person : dict of str to pyarrow.Array
        What is true of them on their first day (:func:`crmlab.world.identities.people`).
    agreed : array of bool
        Whether each agreed to be written to; a source may note it wrongly, or not at all.
    since_day, last_day, opening : array of int, int, datetime.date
        The day on which each became known and the last day of the firm, both counted from the day on which it opened.
    block : Bookings
        The rates of further faults.
    shared : Shared
        With whom each has home and telephone in common.

    Returns
    -------
    records : pyarrow.Table
        ``record_id``, ``source``, ``created`` (date32), ``given_name``, ``family_name``, ``birth_date`` (text, as written),
        ``email``, ``phone``, ``street``, ``postal_code``, ``city``, ``consent`` and ``customer_id``, which is the truth; in
        the order of ``keys``, each person's records by time.
    faults : pyarrow.Table
        ``record_id``, ``customer_id`` and ``fault``: what misleads whoever looks for records of one person.

    Examples
    --------
    >>> from crmlab.world import bookings, identities, records, streams
    >>> keys, root, block = streams.make_keys(7, "person", np.arange(3)), np.arange(3), bookings.Bookings()
    >>> person = identities.people(keys, np.full(3, np.datetime64("1980-05-17")))
    >>> yes, opening, shared = np.ones(3, dtype=bool), datetime.date(2021, 1, 1), bookings.share(block, 7, keys, root)
    >>> table, faults = records.records(keys, pa.array(list("abc")), person, yes, np.zeros(3), 999, opening, block, shared)
    >>> table["customer_id"].to_pylist(), table["given_name"].to_pylist()
    (['a', 'a', 'a', 'b', 'c', 'c'], ['GUOPING', 'Guoping', 'Gupoing', 'Yan', 'Guohui', 'Guohui'])
    >>> faults["fault"].unique().to_pylist()
    ['moved', 'new telephone']
    """
    since_day = np.asarray(since_day, dtype=np.int64)
    days = bookings.record_days(block, keys, since_day, last_day)
    owner, number = np.nonzero(days <= last_day)
    day = days[owner, number]
    first_keys, own_keys = (bookings.record_keys(keys[owner], order) for order in (np.zeros_like(number), number))
    # a copy is written with the random numbers and on the day of the first record: only its identity and date are its own
    source = identities.choose(first_keys, "record: source", _FIRST)
    copy = (number == 1) & (streams.uniform(own_keys, "record: copy") < np.array(_RATES["copy"])[source])
    source = np.where((number == 0) | copy, source, identities.choose(own_keys, "record: source", _AGAIN))
    texts = {field: column.take(pa.array(owner)) for field, column in person.items()}
    batch = _Batch(np.where(copy, first_keys, own_keys), source, texts)
    age = opening.year + since_day // 365 - pc.year(person["birth_date"]).to_numpy(zero_copy_only=False)
    elapsed = np.where(copy, 0, day - since_day[owner])
    seen = {"copy": copy} | _age(batch, keys, age, person["birth_date"], owner, elapsed, block)
    _share(batch, shared, owner, seen, block.switchboard[1])
    _write(batch, (identities.draw_names(keys)[1] == identities.CHINESE)[owner])
    seen |= _overwrite(batch, keys, owner, block)
    silent, slip = batch.choose_habit("consent") == 2, streams.uniform(batch.keys, "record: consent slip") < _CONSENT_SLIP
    consent = np.where(silent, 2, np.where(agreed[owner] ^ slip, 0, 1))
    front = {
        "record_id": record_ids(own_keys), "source": take(_SOURCES, source),
        "created": pa.array(np.datetime64(opening) + day),
    }  # fmt: skip
    owners = take(ids, owner)
    written = {"consent": take(["yes", "no", None], consent), "customer_id": owners}
    return pa.table(front | batch.texts | written), _faults(front["record_id"], owners, batch.texts, seen)


#: Which field of a record shows a fault; where it is empty, nothing misleads.
_SHOWN = {
    "moved": "street", "old address": "street", "shared home": "street", "new telephone": "phone", "old telephone": "phone",
    "shared telephone": "phone", "switchboard": "phone", "new e-mail": "email", "till address": "email",
    "married": "family_name",
}  # fmt: skip


def _faults(record_ids: pa.Array, owners: pa.Array, texts: dict[str, pa.Array], seen: dict[str, np.ndarray]) -> pa.Table:
    """List what a record shows that misleads, record by record; an address of the till hides a new one of the person's own."""
    seen = seen | {"new e-mail": seen["new e-mail"] & ~seen["till address"]}
    rows, kinds = [], []
    for kind, (fault, mask) in enumerate(seen.items()):
        if field := _SHOWN.get(fault):
            mask = mask & texts[field].is_valid().to_numpy(zero_copy_only=False)
        rows.append(np.flatnonzero(mask))
        kinds.append(np.full(rows[-1].size, kind))
    order = np.argsort(np.concatenate(rows), kind="stable")
    shown, fault_kinds = pa.array(np.concatenate(rows)[order]), pa.array(np.concatenate(kinds)[order])
    faults = pa.array(list(seen), pa.string()).take(fault_kinds)
    return pa.table({"record_id": record_ids.take(shown), "customer_id": owners.take(shown), "fault": faults})


def record_ids(keys: np.ndarray) -> pa.Array:
    """Make an "R" and twelve signs of base 32 out of two draws, so that no key can be read back from them."""
    signs = pa.array([a + b for a in _SIGNS for b in _SIGNS])
    halves = [identities.draw_number(keys, "record: identity", 2**30, half) for half in range(2)]
    return join("R", *(take(signs, half >> bits & 1023) for half in halves for bits in (0, 10, 20)))
