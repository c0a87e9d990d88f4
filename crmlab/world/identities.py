"""Identities: the person behind each customer, invented: name, birth date, e-mail, telephone, address.

The room reads keys of persons and returns columns of what is true of them on the day they become known. What a firm's
sources make of it, with all slips, is written in ``records``; it does not know what anybody bought.

Nobody here exists. E-mail addresses end in domains reserved for examples (RFC 2606). Telephone numbers are an invented
scheme, 0555 and eight digits, and the country code +999 is assigned to no country. Towns and postal codes are invented too.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab.world import streams

_SAME_NAME = 0.01  # share of persons with the most frequent names, in a few streets of three towns: fathers, sons, strangers
_PLAIN = "øo ØO łl ŁL đd ĐD ıi ßss"  # letters that do not come apart into a plain one and an accent
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
# The same in characters, one way for each sound: names that are heard alike can be written in more ways than this.
_SYLLABLES = (
    "晓 雅 玉 丽 雪 佳 美 淑 文 慧 春 欣 思 梦 怡 秋 | 燕 玲 红 芳 娟 丽 梅 娜 琴 婷 月 兰 华",
    "建 志 国 海 文 小 德 永 俊 子 浩 天 | 国 华 军 明 平 强 伟 峰 斌 博 刚 辉 磊 鹏 涛",
)
_FREQUENT = "丽 静 艳 敏 芳 娜 秀英 娟 霞 英 梅 婷 慧 兰 云", "伟 磊 强 军 勇 涛 杰 明 超 刚 鹏 波 浩 峰 斌"
_SURNAMES = """
王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 韩 冯 邓 曹 彭 曾 肖 田 董 潘 袁
蔡 蒋 余 杜 叶 程 魏 苏 吕 丁 任 姚 沈 钟 崔 谭 范 廖 金 石 贾 夏 傅 白 邹 孟 熊 秦 侯 薛 雷 龙 段 郝 孔 邵
毛 顾 欧阳 司徒
"""
CHINESE, KEEP_NAMES = 5, (3, 5, 7)  # places among the peoples; those where a wedding changes no family name
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


def _combine(lists: str) -> list[str]:
    """Join every first stem with every second one, except one with itself; a second stem that is a word gets a space."""
    first, second = (stems.split() for stems in lists.split("|"))
    return [a + " " * b[0].isupper() + b for a in first for b in second if a.lower() != b.lower()]


def _write_out(pinyin: str, characters: str) -> list[str]:
    """Write in characters what ``_combine`` makes of ``pinyin``, in the same order."""
    sounds, signs = ([stems.split() for stems in lists.split("|")] for lists in (pinyin, characters))
    first, second = (list(zip(*each, strict=True)) for each in zip(sounds, signs, strict=True))
    return [x + y for a, x in first for b, y in second if a.lower() != b.lower()]


def bare(texts: pa.Array, pairs: str = "") -> pa.Array:
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
        self.plain = pc.replace_substring_regex(pc.utf8_lower(bare(self.names)), "[^a-z]", "")

    def pick(self, block: np.ndarray, draw: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.ends, block + draw, side="right").clip(max=self.ends.size - 1)


_FIELDS = [[field.strip() for field in people.split("|")] for people in _PEOPLES.split(";")]
GIVEN = _Names(
    (fields[1 + sex], *((_combine(_PINYIN[sex]), 0.62) if place == CHINESE else ([], 0.0)))
    for place, fields in enumerate(_FIELDS) for sex in range(2)
)  # fmt: skip
_GIVEN_SIGNS = [
    sign for sex in range(2) for sign in (*_FREQUENT[sex].split(), *_write_out(_PINYIN[sex], _SYLLABLES[sex]))
]  # fmt: skip
FAMILY = _Names((fields[3], _combine("|".join(fields[4:])), 0.4 * bool(fields[4])) for fields in _FIELDS)
_TOWN, _STREET = _combine(_TOWNS), _combine(_STREETS)
_HOST = [f"{host}example.{end}" for host in ("", *(f"{host}." for host in _HOSTS.split())) for end in ("com", "org", "net")]
FORMS = {name: forms.split("/") for name, _, forms in (entry.partition(":") for entry in _NICKNAMES.split())}
FORMS |= {
    a + b: [f"{a} {b.title()}", f"{a}-{b.title()}", f"{a} {b}"]
    for first, second in (stems.split("|") for stems in _PINYIN) for a in first.split() for b in second.split()
}  # fmt: skip


def draw_number(keys: np.ndarray, mechanism: str, options: int, version: int = 0) -> np.ndarray:
    """Draw a whole number from 0 to ``options`` less one for each key."""
    return (streams.uniform(keys, mechanism, 0, version) * options).astype(np.int64)


def choose(keys: np.ndarray, mechanism: str, weights: object, version: int = 0) -> np.ndarray:
    """Draw the place of one of the ``weights`` for each key."""
    return streams.choose(streams.uniform(keys, mechanism, 0, version), np.asarray(weights, dtype=float))


def padded(numbers: np.ndarray, digits: int = 1) -> pa.Array:
    """Return whole numbers as text, with leading zeros up to ``digits``."""
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), digits, "0")


def join(*parts: pa.Array | str) -> pa.Array:
    """Put texts one behind the other, row by row."""
    return pc.binary_join_element_wise(*parts, "")


def take(options: Iterable[str | None] | pa.Array, places: np.ndarray) -> pa.Array:
    """Return the texts at some places of a list."""
    return pa.array(options, pa.string()).take(pa.array(places))


def draw_names(keys: np.ndarray) -> tuple[np.ndarray, ...]:
    """Draw whether one of the same-named, the people, sex (0 woman, 1 man), given name and family name: places in the lists."""
    same, sex = streams.uniform(keys, "person: same name") < _SAME_NAME, draw_number(keys, "person: sex", 2)
    people = choose(keys, "person: people", [float(fields[0]) for fields in _FIELDS])
    people = np.where(same, np.where(streams.uniform(keys, "person: same people") < 0.6, 0, CHINESE), people)
    given, family = (
        streams.uniform(keys, f"person: {name}") * np.where(same, 0.15, 1) for name in ("given name", "family name")
    )
    return same, people, sex, GIVEN.pick(2 * people + sex, given), FAMILY.pick(people, family)


def contact(keys: np.ndarray, birth: pa.Array, version: int = 0) -> dict[str, pa.Array]:
    """Draw address, telephone and e-mail address; version 0 is what a person has on their first day."""
    same, people, _, given, family = draw_names(keys)
    rank = choose(keys, "person: town", 1 / (4 + np.arange(len(_TOWN))), version)
    town = np.where(same, rank % 3, rank) * 31 % len(_TOWN)  # so that the largest towns do not begin alike
    street = draw_number(keys, "person: street", len(_STREET), version)
    street = np.where(same, street % 12, street)
    house = 1 + (streams.uniform(keys, "person: house", 0, version) ** 2 * 160).astype(np.int64)  # few streets are long
    door = take(["", *"abcd"], np.maximum(draw_number(keys, "person: door", 40, version) - 35, 0))
    # one code for each street of a town; 37 and 1000 have no common factor, so no two towns share their first three digits
    code = padded((town * 37 + 12) % 1000 * 100 + (street * 7 + town * 3) % 100, 5)
    dial = padded(draw_number(keys, "person: telephone", 10**8, version), 8)
    first, last = take(GIVEN.plain, given), take(FAMILY.plain, family)
    alias = (take(words.split(), draw_number(keys, f"person: alias {words[:4]}", 9, version)) for words in _ALIASES)
    shape = choose(keys, "person: e-mail shape", (30, 16, 14, 14, 8, 8, 10), version)
    local = pc.choose(
        pa.array(shape), join(first, ".", last), join(first, last), join(pc.utf8_slice_codeunits(first, 0, 1), ".", last),
        join(last, ".", first), join(first, "_", last), join(first, "."), join(*alias),
    )  # fmt: skip
    # frequent names are long taken, and given names or an alias alone all the more: the address ends in a number
    kind = choose(keys, "person: e-mail number", (30, 25, 15, 30), version)
    kind = np.where(shape >= 5, 4, np.where(family - FAMILY.starts[people] < 30, np.maximum(kind, 1), kind))
    year, digits = pc.year(birth).to_numpy(zero_copy_only=False), streams.uniform(keys, "person: e-mail digits", 0, version)
    number = np.select([kind == 1, kind == 2, kind == 3], [year % 100, year, 1 + digits * 999], 1000 + digits * 99000)
    number = pc.if_else(pa.array(kind == 0), "", padded(number.astype(np.int64), 2))
    host = take(_HOST, choose(keys, "person: e-mail host", 1 / (1 + np.arange(len(_HOST))), version))
    return {
        "email": join(local, number, "@", host),
        "phone": join("0555 ", pc.utf8_slice_codeunits(dial, 0, 4), " ", pc.utf8_slice_codeunits(dial, 4, 8)),
        "street": join(padded(house), door, " ", take(_STREET, street)), "postal_code": code, "city": take(_TOWN, town),
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
    >>> from crmlab.world import identities, streams
    >>> born = np.full(3, np.datetime64("1980-05-17"))
    >>> identities.people(streams.make_keys(7, "person", np.arange(3)), born)["family_name"].to_pylist()
    ['Yu', 'Zhang', 'Xia']
    """
    birth = pa.array(born, pa.date32())
    *_, given, family = draw_names(keys)
    names = {"given_name": take(GIVEN.names, given), "family_name": take(FAMILY.names, family)}
    return names | {"birth_date": birth} | contact(keys, birth)


def in_characters(keys: np.ndarray) -> dict[str, pa.Array]:
    """Return ``given_name`` and ``family_name`` of each key in Chinese characters; null where the name is not Chinese."""
    _, people, _, given, family = draw_names(keys)
    other = people != CHINESE
    places = given - GIVEN.starts[2 * CHINESE], family - FAMILY.starts[CHINESE]
    signs = _GIVEN_SIGNS, _SURNAMES.split()
    return {
        field: pa.array(listed, pa.string()).take(pa.array(place, mask=other))
        for field, listed, place in zip(("given_name", "family_name"), signs, places, strict=True)
    }
