"""Records: the person behind each customer, and what the firm's sources wrote down about them.

Here live invented people (names, birth date, e-mail, telephone, address) and the contact records that
a web form, a shop counter, a call centre, a fair and a bought list hold about them: with typing
errors, nicknames, old addresses, gaps and several spellings of one fact. The room reads keys of
persons, the days on which they became known and the rates written below; it returns columns, and a
table in which ``customer_id`` tells which records belong together. It does not know what anybody
bought, and it finds, judges and repairs no error: that is the reader's work.

Nobody here exists. E-mail addresses end in domains reserved for examples (RFC 2606), and no fault
touches what stands behind the @. Telephone numbers are an invented scheme, 0555 and eight digits, and
the country code +999 is assigned to no country. Towns and postal codes are invented too.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab.world import streams

_SOURCES = ("web form", "shop counter", "call centre", "fair", "bought list")
_FIRST, _AGAIN = (42, 24, 14, 8, 12), (48, 22, 22, 5, 3)  # in %: where a new customer is written down, where a known one
_HOW_MANY = 65, 22, 9, 4  # in %: one record, two, three, four, so 1.52 on average
_SAME_NAME = 0.01  # share of persons with the most frequent names, in a few streets of three towns: fathers, sons, strangers
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
_PLAIN = "øo ØO łl ŁL đd ĐD ıi ßss"  # letters that do not come apart into a plain one and an accent
_WRITTEN_OUT = "äae öoe üue øoe åaa ÅAa ØOe ÖOe"  # as German and Nordic clerks write them
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
# Peoples: share in %, women, men, family names by falling frequency, and two lists of stems that combine to rare family
# names; "_" is a space. Chinese comes in pinyin, and _PINYIN has the syllables of its given names of two, women and men.
_PEOPLES = """
30 | Sarah Emma Elizabeth Olivia Margaret Susan Jennifer Patricia Catherine Jessica Emily Charlotte Rebecca Helen Alice Laura
Zoë Hannah Victoria Rachel Lucy Ruth Deborah Christine Samantha Eleanor Chloë Siobhán | James John David Michael Robert William
Thomas Richard Daniel Matthew Christopher Andrew Joseph Edward Anthony Stephen Benjamin Samuel Alexander Nicholas George Peter
Oliver Simon Patrick Timothy Philip Seán | Smith Jones Taylor Brown Williams Wilson Johnson Davies Evans Wright Walker Roberts
Green Hall Wood Clarke Thompson Jackson White Harris Martin Cooper King Lee Baker Allen Young Hill Scott Moore Turner Parker
Edwards Collins Stewart Morris Murphy Cook Rogers Morgan Bell Kelly O'Brien O'Connor MacDonald Campbell Fraser Ryan Price | Ash
Black Brad Cran East Fair Gold Hart Hay Lang Nor Oak Rad Red Stan Swan Thorn Wal Wes Whit Win | bury by den field ford ham land
ley man ridge ton well wick wood worth ; 11 | Anna Julia Sophie Katharina Lena Ingrid Greta Astrid Heike Annika Freja Sanne
Bärbel Märta | Lukas Stefan Thomas Jonas Jürgen Lars Johannes Matthias Björn Søren Friedrich Wolfgang Anders Håkon Pieter |
Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Bauer Schäfer Krüger Jansen Hansen Nielsen Sørensen
Johansson de_Vries van_den_Berg Bakker Visser Schröder Groß Jäger Åkesson Øvergård Mäkinen | Alten Birken Eichen Feld Gold Hoch
Kirch Linden Neu Ober Rosen Schön Stein Stern Wald Weiden | bach bauer berg er felder haus hofer mann meier müller stein thal ;
8 | Marie Giulia Camille Chiara Hélène Francesca Élodie Martina Amélie Margaux Alessia Geneviève | Pierre Marco Jean Luca
Nicolas Francesco Giuseppe François Antoine Giovanni Rémi Étienne Benoît | Martin Rossi Bernard Dubois Russo Durand Ferrari
Moreau Esposito Laurent Bianchi Lefèvre Romano Roux Colombo Girard Ricci Fournier Marino Mercier Gauthier Conti De_Luca Légaré
D'Angelo | Beau Bel Clair Grand Mont Roche Saint Vau Ville | champ court fort lieu mare pré val ; 6 | María Carmen Lucía Ana
Sofía Isabel Dolores Beatriz Inês Catarina Mónica | José Antonio Manuel Francisco Juan Carlos Javier Miguel João Andrés Jesús
Gonçalo | García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Silva Santos Ferreira Martín Jiménez Ruiz Díaz
Moreno Muñoz Álvarez Oliveira Costa Romero Núñez Ibáñez | García Rodríguez Fernández López Martínez Pérez Gómez Ruiz Torres |
García González Sánchez Castro Ortiz Rubio Peña Vidal ; 5 | Anna Ekaterina Katarzyna Olena Ivana Aleksandra Natalia Jelena
Zuzana Věra | Ivan Piotr Tomasz Aleksandr Dmitri Marek Milan Nikola Bogdan Paweł Ondřej | Novak Nowak Horvat Kovač Wójcik Marić
Petrović Shevchenko Wróbel Babić Zając Đorđević | Bor Drag Gavril Klim Lazar Mart Nikol Pavl Petr Rom Stan Tim Zor | ić ović
enko chuk iuk ak ; 25 | Li Jing Yan Min Fang Na Xiuying Juan Xia Ying Mei Ting Hui Lan Yun | Wei Lei Qiang Jun Yong Tao Jie
Ming Chao Gang Peng Bo Hao Feng Bin | Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng
Liang Xie Song Tang Han Feng Deng Cao Peng Zeng Xiao Tian Dong Pan Yuan Cai Jiang Yu Du Ye Cheng Wei Su Lü Ding Ren Yao Shen
Zhong Cui Tan Fan Liao Jin Shi Jia Xia Fu Bai Zou Meng Xiong Qin Hou Xue Lei Long Duan Hao Kong Shao Mao Gu Ouyang Situ | | ; 5
| Priya Anjali Sunita Lakshmi Deepika Kavita Ananya Pooja Meera Sneha Divya | Rahul Amit Rajesh Sanjay Vijay Arjun Suresh Anil
Vikram Venkatesh | Sharma Patel Singh Kumar Gupta Reddy Khan Nair Joshi Rao Das Iyer Mehta Verma Shah Desai Chatterjee Banerjee
Mukherjee Menon Kulkarni Malhotra Chaudhary Agarwal Venkataraman | | ; 4 | Fatima Mariam Aisha Layla Noor Zainab Salma Huda
Rania Yasmin | Mohammed Ahmed Ali Omar Hassan Yousef Hussein Khalid Ibrahim Mustafa Karim | Al-Sayed Hassan Ibrahim El-Masry
Al-Hashimi Haddad Mansour Khalil Nasser Saleh Hamdan Khoury Aziz | | ; 2.5 | Ayşe Fatma Zeynep Elif Emine Gül Özlem Merve
Çiğdem | Mehmet Ahmet Emre Murat Hüseyin Okan Cem Barış Oğuz | Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Özdemir Arslan
Doğan Kılıç Çetin Kara Koç Kurt Şimşek Polat | | ; 3.5 | Amina Ngozi Chidinma Abena Wanjiku Folake Thandiwe Akosua | Emmanuel
Chukwuemeka Kwame Oluwaseun Kofi Sipho Tendai | Okafor Mensah Adeyemi Nkosi Dlamini Owusu Okonkwo Mwangi Kamau Boateng Diallo
Traoré Ndiaye Balogun Otieno Asante | |
"""
_PINYIN = (
    "Xiao Ya Yu Li Xue Jia Mei Shu Wen Hui Chun Xin Si Meng Yi Qiu | yan ling hong fang juan li mei na qin ting yue lan hua",
    "Jian Zhi Guo Hai Wen Xiao De Yong Jun Zi Hao Tian | guo hua jun ming ping qiang wei feng bin bo gang hui lei peng tao",
)
_CHINESE, _KEEP_NAMES = 5, (3, 5, 7)  # places among the peoples; those where a wedding changes no family name
_NICKNAMES = """
James:Jim/Jamie John:Jack/Johnny David:Dave Michael:Mike/Mick Robert:Bob/Rob/Bobby William:Bill/Will Thomas:Tom Daniel:Dan
Richard:Rick/Dick Matthew:Matt Christopher:Chris Andrew:Andy/Drew Joseph:Joe Edward:Ed/Ted Anthony:Tony Stephen:Steve Zoë:Zoey
Benjamin:Ben Samuel:Sam Alexander:Alex/Sandy Nicholas:Nick Timothy:Tim Philip:Phil Patrick:Pat/Paddy Elizabeth:Liz/Beth/Betty
Margaret:Maggie/Peggy Susan:Sue Jennifer:Jenny Patricia:Pat/Trish Catherine:Kate/Cathy Jessica:Jess Rebecca:Becky
Victoria:Vicky Deborah:Debbie Christine:Chris/Tina Samantha:Sam Eleanor:Ellie/Nell Sarah:Sara/Sally Katharina:Kathi/Käthe
Johannes:Hans Friedrich:Fritz Giuseppe:Beppe Giovanni:Gianni Francisco:Paco José:Pepe Dolores:Lola Aleksandra:Sasha/Ola
Katarzyna:Kasia Aleksandr:Sasha Dmitri:Dima Ekaterina:Katya Mohammed:Mohamed/Muhammad/Mohd Ahmed:Ahmad Yousef:Youssef/Yusuf
Hussein:Hussain Fatima:Fatimah Lakshmi:Laxmi Chukwuemeka:Emeka Oluwaseun:Seun Venkatesh:Venky
"""
_TOWNS = "Quill Thistle Velmar Sable Orrin Tessel Wyvern Lantern Brindle Marrow Corvel Osmer | haven mere stead port wick dale"
_STREETS = """
Alder Juniper Mill Church Station Copper Willow Harbour Orchard Lantern Foundry Weaver Chapel Cedar Market Saffron Thorn Quarry
Bishop Meadow Tanner Swallow Hazel Cooper Priory Bridge Garden Walnut Ferry Beacon Mason Clover Granary Rowan Abbey Falcon
Linden Potter Summer Cobble Heather | Street Road Lane Avenue Close Terrace Court Square Way
"""
_HOSTS = "mail post inbox harbour quill home office cedar letters north studio works lantern river campus"
_ALIASES = "blue red silent happy lucky tiny golden wild rainy", "bird teapot fox piano rider garden comet panda otter"
_LINES, _TEXTS = ("street", "postal_code", "city"), "given_name family_name street city"


def _combine(lists: str) -> list[str]:
    """Join every first stem with every second one, except one with itself; a second stem that is a word gets a space."""
    first, second = (stems.split() for stems in lists.split("|"))
    return [a + " " * b[0].isupper() + b for a in first for b in second if a.lower() != b.lower()]


def _bare(texts: pa.Array, pairs: str = "") -> pa.Array:
    """Return texts without accents, some letters written out by ``pairs``."""
    for pair in (pairs + " " + _PLAIN).split():
        texts = pc.replace_substring(texts, pair[0], pair[1:])
    return pc.replace_substring_regex(pc.utf8_normalize(texts, "NFD"), r"\pM", "")


class _Names:
    """Blocks of names with their shares: block b is where ``ends`` runs from b to b + 1."""

    def __init__(self, blocks: Iterable[tuple[str, list[str], float]]) -> None:
        """Each block is (frequent names, rare names, share of the rare ones)."""
        names: list[str] = []
        ends: list[np.ndarray] = []
        self.starts = np.array([], dtype=np.int64)
        for number, (common, rare, share) in enumerate(blocks):
            zipf = 1 / (4 + np.arange(len(common.split())))  # as Mandelbrot wrote the law: the first ranks held back
            weights = np.append(zipf / zipf.cumsum()[-1] * (1 - share), np.full(len(rare), share / max(len(rare), 1)))
            self.starts = np.append(self.starts, len(names))
            ends.append(number + weights.cumsum() / weights.cumsum()[-1])
            names += [name.replace("_", " ") for name in common.split() + rare]
        self.names, self.ends = pa.array(names), np.concatenate(ends)
        self.plain = pc.replace_substring_regex(pc.utf8_lower(_bare(self.names)), "[^a-z]", "")

    def pick(self, block: np.ndarray, draw: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.ends, block + draw, side="right").clip(max=self.ends.size - 1)


_FIELDS = [[field.strip() for field in people.split("|")] for people in _PEOPLES.split(";")]
_GIVEN = _Names(
    (fields[1 + sex], *((_combine(_PINYIN[sex]), 0.62) if place == _CHINESE else ([], 0.0)))
    for place, fields in enumerate(_FIELDS) for sex in range(2)
)  # fmt: skip
_FAMILY = _Names((fields[3], _combine("|".join(fields[4:])), 0.4 * bool(fields[4])) for fields in _FIELDS)
_TOWN, _STREET = _combine(_TOWNS), _combine(_STREETS)
_HOST = [f"{host}example.{end}" for host in ("", *(f"{host}." for host in _HOSTS.split())) for end in ("com", "org", "net")]
_FORMS = {name: forms.split("/") for name, _, forms in (entry.partition(":") for entry in _NICKNAMES.split())}
_FORMS |= {
    a + b: [f"{a} {b.title()}", f"{a}-{b.title()}", f"{a} {b}"]
    for first, second in (stems.split("|") for stems in _PINYIN) for a in first.split() for b in second.split()
}  # fmt: skip


def _number(keys: np.ndarray, mechanism: str, options: int, version: int = 0) -> np.ndarray:
    return (streams.uniform(keys, mechanism, 0, version) * options).astype(np.int64)


def _choose(keys: np.ndarray, mechanism: str, weights: object, version: int = 0) -> np.ndarray:
    return streams.choose(streams.uniform(keys, mechanism, 0, version), np.asarray(weights, dtype=float))


def _text(numbers: np.ndarray, digits: int = 1) -> pa.Array:
    """Return whole numbers as text, with leading zeros up to ``digits``."""
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), digits, "0")


def _join(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _take(options: Iterable[str | None] | pa.Array, places: np.ndarray) -> pa.Array:
    return pa.array(options, pa.string()).take(pa.array(places))


def _draw_names(keys: np.ndarray) -> tuple[np.ndarray, ...]:
    """Draw whether one of the same-named, the people, sex (0 woman, 1 man), given name and family name: places in the lists."""
    same, sex = streams.uniform(keys, "person: same name") < _SAME_NAME, _number(keys, "person: sex", 2)
    people = _choose(keys, "person: people", [float(fields[0]) for fields in _FIELDS])
    people = np.where(same, np.where(streams.uniform(keys, "person: same people") < 0.6, 0, _CHINESE), people)
    given, family = (
        streams.uniform(keys, f"person: {name}") * np.where(same, 0.15, 1) for name in ("given name", "family name")
    )
    return same, people, sex, _GIVEN.pick(2 * people + sex, given), _FAMILY.pick(people, family)


def _contact(keys: np.ndarray, birth: pa.Array, version: int = 0) -> dict[str, pa.Array]:
    """Draw address, telephone and e-mail address; version 0 is what a person has on their first day."""
    same, people, _, given, family = _draw_names(keys)
    rank = _choose(keys, "person: town", 1 / (4 + np.arange(len(_TOWN))), version)
    town = np.where(same, rank % 3, rank) * 31 % len(_TOWN)  # so that the largest towns do not begin alike
    street = _number(keys, "person: street", len(_STREET), version)
    street = np.where(same, street % 12, street)
    house = 1 + (streams.uniform(keys, "person: house", 0, version) ** 2 * 160).astype(np.int64)  # few streets are long
    door = _take(["", *"abcd"], np.maximum(_number(keys, "person: door", 40, version) - 35, 0))
    # one code for each street of a town; 37 and 1000 have no common factor, so no two towns share their first three digits
    code = _text((town * 37 + 12) % 1000 * 100 + (street * 7 + town * 3) % 100, 5)
    dial = _text(_number(keys, "person: telephone", 10**8, version), 8)
    first, last = _take(_GIVEN.plain, given), _take(_FAMILY.plain, family)
    alias = (_take(words.split(), _number(keys, f"person: alias {words[:4]}", 9, version)) for words in _ALIASES)
    shape = _choose(keys, "person: e-mail shape", (30, 16, 14, 14, 8, 8, 10), version)
    local = pc.choose(
        pa.array(shape), _join(first, ".", last), _join(first, last), _join(pc.utf8_slice_codeunits(first, 0, 1), ".", last),
        _join(last, ".", first), _join(first, "_", last), _join(first, "."), _join(*alias),
    )  # fmt: skip
    # frequent names are long taken, and given names or an alias alone all the more: the address ends in a number
    kind = _choose(keys, "person: e-mail number", (30, 25, 15, 30), version)
    kind = np.where(shape >= 5, 4, np.where(family - _FAMILY.starts[people] < 30, np.maximum(kind, 1), kind))
    year, digits = pc.year(birth).to_numpy(zero_copy_only=False), streams.uniform(keys, "person: e-mail digits", 0, version)
    number = np.select([kind == 1, kind == 2, kind == 3], [year % 100, year, 1 + digits * 999], 1000 + digits * 99000)
    number = pc.if_else(pa.array(kind == 0), "", _text(number.astype(np.int64), 2))
    host = _take(_HOST, _choose(keys, "person: e-mail host", 1 / (1 + np.arange(len(_HOST))), version))
    return {
        "email": _join(local, number, "@", host),
        "phone": _join("0555 ", pc.utf8_slice_codeunits(dial, 0, 4), " ", pc.utf8_slice_codeunits(dial, 4, 8)),
        "street": _join(_text(house), door, " ", _take(_STREET, street)), "postal_code": code, "city": _take(_TOWN, town),
    }  # fmt: skip


def people(keys: np.ndarray, born: np.ndarray) -> dict[str, pa.Array]:
    """Draw the person behind each key: what is true of them on the day they become known.

    Parameters
    ----------
    keys : array of uint64
        One key for each person; their row depends on it alone, not on who else is asked for.
    born : array of datetime64[D]
        The day on which each was born.

    Returns
    -------
    dict of str to pyarrow.Array
        ``given_name``, ``family_name``, ``birth_date`` (date32), ``email``, ``phone``, ``street``, ``postal_code``, ``city``.

    Examples
    --------
    >>> from crmlab.world import records, streams
    >>> born = np.full(3, np.datetime64("1980-05-17"))
    >>> records.people(streams.make_keys(7, "person", np.arange(3)), born)["family_name"].to_pylist()
    ['Yu', 'Zhang', 'Xia']
    """
    birth = pa.array(born, pa.date32())
    *_, given, family = _draw_names(keys)
    names = {"given_name": _take(_GIVEN.names, given), "family_name": _take(_FAMILY.names, family)}
    return names | {"birth_date": birth} | _contact(keys, birth)


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
        return _choose(self.keys, f"record: habit {what}", np.array(_HABITS[what])[self.source])

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
    many = np.array([len(forms) for forms in _FORMS.values()])
    place = pc.index_in(texts, pa.array(_FORMS, pa.string()))
    known = pc.fill_null(place, 0).to_numpy(zero_copy_only=False)
    form = (many.cumsum() - many)[known] + (draw("form") * many[known]).astype(np.int64)
    return pc.if_else(pc.is_valid(place), _take([form for forms in _FORMS.values() for form in forms], form), texts)


def _space(texts: pa.Array, draw: _Draw) -> pa.Array:
    kind = streams.choose(draw("space"), np.array([0.25, 0.5, 0.25]))  # before, behind, or doubled within
    within = pc.replace_substring(texts, " ", "  ", max_replacements=1)
    return _join(_take([" ", "", ""], kind), pc.if_else(pa.array(kind == 2), within, texts), _take(["", " ", ""], kind))


def _dates(batch: _Batch) -> pa.Array:
    parts = (part(batch.texts["birth_date"]) for part in (pc.year, pc.month, pc.day))
    year, month, day = (part.to_numpy(zero_copy_only=False) for part in parts)
    turned = batch.occurs("day as month") & (day <= 12)
    month, day = np.where(turned, day, month), np.where(turned, month, day)
    year = year + batch.occurs("year off") * np.where(streams.uniform(batch.keys, "record: year off by") < 0.5, -1, 1)
    y, m, d = _text(year), _text(month, 2), _text(day, 2)
    return pc.choose(  # the third and the fourth look alike and say different days
        pa.array(batch.choose_habit("date")), _join(y, "-", m, "-", d), _join(d, ".", m, ".", y), _join(d, "/", m, "/", y),
        _join(m, "/", d, "/", y), _join(d, "/", m, "/", _text(year % 100, 2)), _join(y, m, d),
    )  # fmt: skip


def _write(batch: _Batch, chinese: np.ndarray) -> None:
    """Put the faults of form into the fields, in the order in which they happen: said, heard, typed, stored, left out."""
    texts, regex = batch.texts, pc.replace_substring_regex
    batch.rewrite("other form", "given_name", _other_form)
    batch.rewrite("initial", "given_name", lambda text, _: _join(pc.utf8_slice_codeunits(text, 0, 1), "."))
    batch.rewrite("second name off", "family_name", lambda text, _: regex(text, r"^(\p{Lu}\pL{2,})[ -].*$", r"\1"))
    batch.rewrite(
        "accents off", "given_name family_name",
        lambda text, draw: pc.if_else(pa.array(draw("accents") < 0.4), _bare(text, _WRITTEN_OUT), _bare(text)),
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
        ("made up", "email", lambda _, draw: _take(made_up, (draw("made up") < 0.3) * 1)),
        ("typo", f"{_TEXTS} email", _slip),
        ("digit wrong", "postal_code back", _slip),
        ("zero off", "postal_code", lambda text, _: pc.utf8_ltrim(text, "0")),
        ("all lower", _TEXTS, lambda text, _: pc.utf8_lower(text)),
        ("all upper", f"{_TEXTS} email", lambda text, _: pc.utf8_upper(text)),
        ("stray space", f"{_TEXTS} email", _space),
    ):
        batch.rewrite(fault, fields, how)
    dial = batch.choose_habit("phone")
    texts["phone"] = _join(_take(_DIALS[0], dial), texts.pop("front"), _take(_DIALS[1], dial), texts.pop("back"))
    gaps = {field: batch.occurs(f"no {field}") for field in ("birth_date", "email", "phone")}
    gaps |= {field: batch.occurs("no address") | batch.occurs("no line", field) for field in _LINES}
    nameless, given_gone = batch.occurs("no name"), streams.uniform(batch.keys, "record: which name") < 0.6  # never both names
    gaps |= {"given_name": nameless & given_gone, "family_name": nameless & ~given_gone}
    gaps["phone"] &= ~(gaps["email"] & gaps["street"])  # nobody notes a person who cannot be reached
    for field, gap in gaps.items():
        texts[field] = pc.if_else(pa.array(gap), pa.scalar(None, pa.string()), texts[field])


def _age(batch: _Batch, keys: np.ndarray, age: np.ndarray, birth: pa.Array, owner: np.ndarray, elapsed: np.ndarray) -> None:
    """Move people house, change their telephones and e-mail addresses, and marry them; an old list keeps what was before."""

    def due(what: str, years: float | np.ndarray) -> np.ndarray:
        return elapsed > (streams.uniform(keys, f"person: {what}") * years * 365)[owner]

    for version, fields, mask in (
        (1, _LINES, due("moved", _MOVED)), (2, _LINES, batch.occurs("out of date", "address")),
        (1, ["phone"], due("renumbered", _RENUMBERED)), (2, ["phone"], batch.occurs("out of date", "phone")),
        (1, ["email"], due("remailed", _REMAILED)),
    ):  # fmt: skip
        new = _contact(keys[owner[mask]], birth.take(pa.array(owner[mask])), version)
        for field in fields:
            batch.replace(field, mask, new[field])
    _, people, sex, *_ = _draw_names(keys)
    mask = due("wedding", np.array(_WEDDINGS)[sex]) & (~np.isin(people, _KEEP_NAMES) & (age >= 20) & (age <= 50))[owner]
    wed = keys[owner[mask]]
    name = _take(_FAMILY.names, _FAMILY.pick(people[owner[mask]], streams.uniform(wed, "person: name of the spouse")))
    both = _join(batch.texts["family_name"].filter(pa.array(mask)), "-", name)
    batch.replace("family_name", mask, pc.if_else(pa.array(streams.uniform(wed, "person: keeps both names") < 0.2), both, name))


def records(
    keys: np.ndarray, ids: pa.Array, person: dict[str, pa.Array], agreed: np.ndarray, since_day: np.ndarray, last_day: int,
    opening: datetime.date,
) -> pa.Table:  # fmt: skip
    """Write the contact records that the firm's sources have of each person: one to four, with faults.

    Parameters
    ----------
    keys, ids : array of uint64, pyarrow.Array
        One key and one customer id for each person; their records depend on these and on their own row alone.
    person : dict of str to pyarrow.Array
        What is true of them on their first day (:func:`people`).
    agreed : array of bool
        Whether each agreed to be written to; a source may note it wrongly, or not at all.
    since_day, last_day, opening : array of int, int, datetime.date
        The day on which each became known and the last day of the firm, both counted from the day on which it opened.

    Returns
    -------
    pyarrow.Table
        ``record_id``, ``source``, ``created`` (date32), ``given_name``, ``family_name``, ``birth_date`` (text, as written),
        ``email``, ``phone``, ``street``, ``postal_code``, ``city``, ``consent`` and ``customer_id``, which is the truth; in
        the order of ``keys``, each person's records by time.

    Examples
    --------
    >>> from crmlab.world import records, streams
    >>> keys = streams.make_keys(7, "person", np.arange(3))
    >>> person = records.people(keys, np.full(3, np.datetime64("1980-05-17")))
    >>> yes, opening = np.ones(3, dtype=bool), datetime.date(2021, 1, 1)
    >>> table = records.records(keys, pa.array(list("abc")), person, yes, np.zeros(3), 999, opening)
    >>> table["customer_id"].to_pylist(), table["given_name"].to_pylist()
    (['a', 'a', 'a', 'b', 'c', 'c'], ['GUOPING', 'Guoping', 'Gupoing', 'Yan', 'Guohui', 'Guohui'])
    """
    since_day = np.asarray(since_day, dtype=np.int64)
    owner, number, day = _draw_occasions(keys, since_day, last_day)
    owner_keys = streams.mix(streams.mix(keys[owner]))
    first_keys, own_keys = (
        streams.mix(owner_keys ^ streams.mix(order.astype(np.uint64))) for order in (np.zeros_like(number), number)
    )
    # a copy is written with the random numbers and on the day of the first record: only its identity and date are its own
    source = _choose(first_keys, "record: source", _FIRST)
    copy = (number == 1) & (streams.uniform(own_keys, "record: copy") < np.array(_RATES["copy"])[source])
    source = np.where((number == 0) | copy, source, _choose(own_keys, "record: source", _AGAIN))
    texts = {field: column.take(pa.array(owner)) for field, column in person.items()}
    batch = _Batch(np.where(copy, first_keys, own_keys), source, texts)
    age = opening.year + since_day // 365 - pc.year(person["birth_date"]).to_numpy(zero_copy_only=False)
    _age(batch, keys, age, person["birth_date"], owner, np.where(copy, 0, day - since_day[owner]))
    _write(batch, (_draw_names(keys)[1] == _CHINESE)[owner])
    silent, slip = batch.choose_habit("consent") == 2, streams.uniform(batch.keys, "record: consent slip") < _CONSENT_SLIP
    consent = np.where(silent, 2, np.where(agreed[owner] ^ slip, 0, 1))
    created = pa.array(np.datetime64(opening) + day)
    front = {"record_id": _record_ids(own_keys), "source": _take(_SOURCES, source), "created": created}
    return pa.table(front | batch.texts | {"consent": _take(["yes", "no", None], consent), "customer_id": _take(ids, owner)})


def _draw_occasions(keys: np.ndarray, since_day: np.ndarray, last_day: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw when each person is written down: for each record the person's place, its number from 0, and the day."""
    n_records = np.where(last_day > since_day, 1 + _choose(keys, "person: how many records", _HOW_MANY), 1)
    later = np.column_stack([streams.uniform(keys, "person: record day", 0, number) for number in (1, 2, 3)])
    later = np.sort(np.where(np.arange(1, 4) < n_records[:, None], later, 1), axis=1, kind="stable")
    owner = np.repeat(np.arange(keys.size), n_records)
    number = np.arange(owner.size) - np.repeat(n_records.cumsum() - n_records, n_records)
    after = 1 + (later[owner, number - 1] * (last_day - since_day)[owner]).astype(np.int64)
    return owner, number, since_day[owner] + np.where(number > 0, after, 0)


def _record_ids(keys: np.ndarray) -> pa.Array:
    """Make an "R" and twelve signs of base 32 out of two draws, so that no key can be read back from them."""
    signs = pa.array([a + b for a in _SIGNS for b in _SIGNS])
    halves = [_number(keys, "record: identity", 2**30, half) for half in range(2)]
    return _join("R", *(_take(signs, half >> bits & 1023) for half in halves for bits in (0, 10, 20)))
