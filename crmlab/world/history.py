"""History: a block of persons lives through the months, and every mechanism has its turn.

A block is some of those who could come through the firm's own channels, with everyone whom they
bring, and whom these bring. Persons of different blocks never meet, so blocks can be lived through
in any order, on any number of workers, with the same result. This room knows the order of the
mechanisms within a month, and what must be carried from month to month; it decides nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab import tables
from crmlab.world import buying, campaigns, giving, luck, market, records, sales, service, survey
from crmlab.world.setting import Book, Setting, cents, days, named, numbered, words

State = dict[str, np.ndarray]
#: Sums by month over customers: whole numbers (money in cents, opinions in millionths), so that blocks add up exactly.
SUMS = ("prospects", "invited", "won", "orders", "revenue", "goods_cost", "service_cost", "campaign_cost", "acquisition_cost",
        "served", "customers", "left", "satisfaction", "loyalty", "donated")  # fmt: skip
#: Tables by person; ``contact_records`` and ``truth_records`` are made together.
BY_PERSON = (
    "customers", "contact_records", "interactions", "prospects", "stage_events", "survey", "tickets", "orders", "contracts",
    "campaign_targets", "referrals", "donations", "customer_months", "truth_customers", "truth_failures", "truth_survey",
    "truth_campaigns", "truth_records", "truth_donors",
)  # fmt: skip
_LOST = sales.OUTCOMES.index("lost")
_TOLD = {"person": np.int64, "who": np.uint64, "won": float, "left": float, "years": float, "agreed": bool}
_CARRIED = ("need", "channel", "region", "age", "years", "fit", "lean", "pull", "desk", "expectation", "quality", "weight",
            "mood", "rate", "spend", "lift", "consent", "who")  # fmt: skip


@dataclass(slots=True)
class Life:
    """What a block has lived through so far."""

    book: Book = field(default_factory=Book)
    people: list[State] = field(default_factory=list)  # everyone who came, in order of coming
    count: int = 0
    known: list[State] = field(default_factory=list)  # customers, when all is over
    sums: dict[str, np.ndarray] = field(default_factory=dict)
    distrust: np.ndarray = field(default_factory=lambda: np.zeros(0))  # by month


def live(
    setting: Setting, desks: sales.Desks, start: int, stop: int, wanted: frozenset[str] = frozenset(BY_PERSON)
) -> tuple[dict[str, pa.Table], dict[str, np.ndarray]]:
    """Let the persons from ``start`` to ``stop`` live through all months: tables by name, and sums by month."""
    sums = {name: np.zeros(setting.months, dtype=np.int64) for name in SUMS}
    life = Life(sums=sums, distrust=giving.climate(setting)[1])
    numbers, who, day = market.reached(setting, np.arange(start, stop))
    joining: list[list[State]] = [[] for _ in range(setting.months)]
    active: State = {}
    gone: State = {}
    friends: State | None = None
    _welcome(setting, desks, life, market.draw(setting, who, day) | {"number": numbers}, joining)
    growing: list[list[np.ndarray]] = [[] for _ in range(setting.months)]  # whose cross-selling will succeed
    for t in range(setting.months):
        if friends is not None and friends["who"].size:
            parent = {name: friends[name] for name in ("need", "person")}
            brought = market.draw(setting, friends["who"], friends["day"], parent)
            brought |= {"parent": parent["person"], "month": np.full(parent["person"].size, t)}
            first = life.count
            _welcome(setting, desks, life, brought, joining)
            _refer(life, brought, first)
        for state in joining[t]:
            active = _join(active, giving.join(setting, buying.join(setting, state)))
        if not active:
            continue
        for person in growing[t]:
            _grow(active, person)
        friends, active, gone = _month(setting, desks, life, active, gone, growing, t)
    if active and setting.industry.contract:
        buying.contracts(setting, life.book, active)
    for state in (active, gone):
        if state:
            _customers(setting, desks, life, state)
    _end_runs(setting, life)
    return _tables(setting, life, wanted), life.sums


def _welcome(setting: Setting, desks: sales.Desks, life: Life, them: State, joining: list[list[State]]) -> None:
    """New prospects: into the register, through the pipeline, and, where won, onto the list of those who will join."""
    size = them["who"].size
    if not size:
        return
    person = life.count + np.arange(size)
    nobody = np.full(size, -1)
    known = {"parent": nobody, "month": nobody, "number": nobody} | them
    life.people.append({name: known[name] for name in ("parent", "month", "number", "who")})
    life.count += size
    run = sales.run(
        setting, desks, life.book, person, them, 0, entry=them["entry"], day=them["day"],
        number=np.ones(size, dtype=np.int64), kind="new", lean=them["lean"],
    )  # fmt: skip
    come = np.bincount(setting.month(them["day"]), minlength=setting.months)
    life.sums["prospects"] += come
    if "parent" not in them:
        life.sums["invited"] += come
    won_month = setting.month(np.where(np.isnan(run.won), -1, run.won))
    life.sums["won"] += np.bincount(won_month[won_month >= 0], minlength=setting.months)
    if "parent" in them:
        reward = round(100 * setting.industry.referral_reward)
        life.sums["acquisition_cost"] += reward * np.bincount(won_month[won_month >= 0], minlength=setting.months)
    for month in np.unique(won_month[won_month >= 0]):
        new = won_month == month
        carried = {name: them[name][new] for name in _CARRIED}
        more = {"person": person[new], "won": run.won[new], "opted_out": np.full(new.sum(), np.nan)}
        more["agreed"] = carried["consent"].copy()
        joining[month].append(carried | more)


def _end_runs(setting: Setting, life: Life) -> None:
    """Whoever leaves is no prospect for a further product any more: his run is lost.

    The way through the stages is drawn when it begins, before it is known who will leave; here it is cut. Under
    contract it ends on the day of leaving. Without, the firm finds out when the stage ends in which he left. What
    remains is what the firm worked for, and pays.
    """
    rows, price = life.book.rows, np.round(100 * np.array(setting.industry.stage_cost)).astype(np.int64)
    if not rows["prospects"]:
        return
    gone = np.full(life.count, np.inf)
    for them in life.known:
        gone[them["person"]] = np.where(np.isnan(them["left"]), np.inf, them["left"])
    names = np.concatenate([_run(person, told) for person, told in rows["prospects"]])
    begun = np.concatenate([told["created"].values for _, told in rows["prospects"]])[np.argsort(names)]
    names = np.sort(names)

    def left(person: np.ndarray, told: dict) -> np.ndarray:
        """Until when a run can go on; one that began in vain, after he had left, goes its way."""
        return np.where(begun[np.searchsorted(names, _run(person, told))] < gone[person], gone[person], np.inf)

    walked, stages = [], []
    for person, told in rows["stage_events"]:
        until = left(person, told)
        there = told["entered"].values < until
        person, told, until = person[there], _some(told, there), until[there]
        ends = told["left"].values
        late = np.isfinite(until) & ~(ends <= until)
        if setting.industry.contract:
            ends = np.where(late, until, ends)
        outcome = np.where(late & ~np.isnan(ends), _LOST, told["outcome"].values)
        told |= {"left": days(ends), "outcome": words(outcome, sales.OUTCOMES)}
        month = setting.month(told["entered"].values)
        cost = price[told["stage"].values] * (1 + setting.shifts["operating_cost"][month])
        np.add.at(life.sums["acquisition_cost"], month, np.round(cost).astype(np.int64))
        walked.append((person, told))
        stages.append((_run(person, told), told["stage"].values, np.where(late, ends, np.inf)))
    rows["stage_events"] = walked
    runs, stage, ends = (np.concatenate(part) for part in zip(*stages, strict=True))
    place, cut = np.searchsorted(names, runs), ends != np.inf
    furthest, end = np.zeros(names.size, dtype=np.int64), np.full(names.size, np.inf)
    np.maximum.at(furthest, place, stage)
    end[place[cut]] = ends[cut]  # one stage at most is cut in each run
    for person, told in rows["prospects"]:
        mine = np.searchsorted(names, _run(person, told))
        cut = end[mine] != np.inf
        told["closed"] = days(np.where(cut, end[mine], told["closed"].values))
        told["outcome"] = words(
            np.where(cut, np.where(np.isnan(end[mine]), 2, 1), told["outcome"].values), told["outcome"].words
        )
        unknown = cut & (furthest[mine] < sales.NEEDS)  # stages are counted from 0 here: none behind the needs
        told["need"] = words(np.where(unknown, -1, told["need"].values), told["need"].words)
    talks = []
    for person, told in rows["interactions"]:
        there = told["date"].values < left(person, told) if "prospect_id" in told else np.ones(person.size, dtype=bool)
        talks.append((person[there], _some(told, there)))
    rows["interactions"] = talks


def _run(person: np.ndarray, told: dict) -> np.ndarray:
    """A number for each way through the pipeline."""
    return person * 4096 + told["prospect_id"].values


def _some(told: dict, there: np.ndarray) -> dict:
    return {name: each[there] if isinstance(each, np.ndarray) else each.only(there) for name, each in told.items()}


def _refer(life: Life, brought: State, first: int) -> None:
    """Write down who brought whom; the names are filled in when all are known."""
    person = first + np.arange(brought["who"].size)
    life.book.add("referrals", brought["parent"], referred_id=named(person), date=days(brought["day"]))


def _join(active: State, new: State) -> State:
    return {name: np.concatenate([active[name], new[name]]) for name in new} if active else new


def _keep(state: State, kept: np.ndarray) -> State:
    return {name: values[kept] for name, values in state.items()}


def _grow(active: State, person: np.ndarray) -> None:
    """Cross-selling that succeeded: a further product for those who are still there."""
    place = np.flatnonzero(np.isin(active["person"], person))
    active["extra"][place] += 1


def _month(
    setting: Setting, desks: sales.Desks, life: Life, them: State, gone: State, growing: list, t: int
) -> tuple[State, State, State]:
    """One month of all customers: the friends they will bring, those who stay, those who have left."""
    book, it = life.book, setting.industry
    buying.due(setting, them, t)
    troubles = service.serve(setting, them, t)
    buying.leave(setting, them, desks.left, t, giving.doubt(setting, them, life.distrust[t]))
    service.tell(setting, book, them, t, troubles)
    lift, discount, cost = campaigns.contact(setting, book, them, t, buying.rate(setting, them, t))
    buying.order(setting, book, them, lift, discount, t)
    life.sums["donated"][t] += giving.give(setting, book, them, life.distrust[t], t)
    _follow_up(setting, desks, life, them, t)
    survey.ask(setting, book, them, t)
    _cross_sell(setting, desks, life, them, growing, t, there=True)
    brings = buying.refer(setting, them, t)
    _account(life, them, cost, setting.first, t)
    if gone:
        _, _, wasted = campaigns.contact(setting, book, gone, t, None)
        gone["recent"] = 0.7 * gone["recent"]
        # nobody knows that they have left
        _follow_up(setting, desks, life, gone, t)
        _cross_sell(setting, desks, life, gone, growing, t, there=False)
        spent = np.flatnonzero(wasted)
        life.sums["campaign_cost"][t] += wasted.sum()
        nothing = dict.fromkeys(("orders", "revenue", "goods_cost", "service_cost"), np.zeros(spent.size, dtype=np.int64))
        _write_money(life, gone["person"][spent], setting.first[t], **nothing, campaign_cost=wasted[spent])
    stays = np.isnan(them["left"])
    leavers = _keep(them, ~stays)
    if leavers["who"].size:
        if it.contract:
            buying.contracts(setting, book, leavers)
            _customers(setting, desks, life, leavers)
        else:
            gone = _join(gone, leavers)
    life.sums["left"][t] += leavers["who"].size
    life.sums["customers"][t] += stays.sum()
    friends = None
    if t + 1 < setting.months:
        key = luck.child(them["who"][brings], t)
        length = setting.first[t + 2] - setting.first[t + 1]
        day = setting.first[t + 1] + luck.uniform(key, "arrival") * length
        friends = {"who": key, "day": day, "need": them["need"][brings], "person": them["person"][brings]}
    return friends, _keep(them, stays), gone


def _follow_up(setting: Setting, desks: sales.Desks, life: Life, them: State, t: int) -> None:
    """Salespeople call everyone in the file from time to time, to hear how he is."""
    called = np.flatnonzero(luck.uniform(them["who"], "follow-up", t) < setting.industry.follow_up)
    key, none = them["who"][called], np.zeros(called.size, dtype=np.int64)
    start = np.maximum(them["won"][called], setting.first[t])
    end = np.full(called.size, setting.first[t + 1])
    if setting.industry.contract:  # whoever has given notice is not called any more
        end = np.where(np.isnan(them["left"][called]), end, them["left"][called])
    moment = start + luck.uniform(key, "follow-up day", t) * (end - start)
    life.book.add(
        "interactions", them["person"][called], interaction_id=numbered("I"), date=days(moment),
        channel=words(none, ("phone",)), direction=words(none, ("out",)), topic=words(none, ("follow-up",)),
        salesperson_id=words(desks.name(them["desk"][called], np.full(called.size, t)), desks.names()),
    )  # fmt: skip


def _cross_sell(setting: Setting, desks: sales.Desks, life: Life, them: State, growing: list, t: int, *, there: bool) -> None:
    """Some customers become prospects for a further product; some of those who have left are approached in vain."""
    it = setting.industry
    may = (them["won"] < setting.first[max(t - 2, 0)]) & (them["free"] <= setting.first[t])
    if there:
        may &= np.isnan(them["left"])
    chance = it.cross_start * np.exp(it.cross_effect_start * them["loyalty"])
    new = np.flatnonzero(may & (them["extra"] < 2) & (luck.uniform(them["who"], "cross-selling", t) < chance))
    if not new.size:
        return
    some = _keep({name: them[name] for name in (*_CARRIED, "loyalty")}, new)
    them["runs"][new] += 1
    day = setting.first[t] + luck.uniform(some["who"], "cross-selling day", t) * (setting.first[t + 1] - setting.first[t])
    run = sales.run(
        setting, desks, life.book, them["person"][new], some, t + 1, entry=np.full(new.size, 4), day=day,
        number=them["runs"][new], kind="cross-selling",
        lean=some["lean"] + 0.6 + it.cross_effect_start * some["loyalty"] if there else np.full(new.size, -50.0),
    )  # fmt: skip
    them["free"][new] = np.where(np.isnan(run.ended), np.inf, run.ended)
    life.sums["prospects"][t] += new.size
    month = setting.month(np.where(np.isnan(run.won), -1, run.won))
    for later in np.unique(month[month > t]):
        growing[later].append(them["person"][new][month == later])
    _grow(them, them["person"][new][month == t])


def _account(life: Life, them: State, campaign_cost: np.ndarray, opening: np.ndarray, t: int) -> None:
    """The money of the month, by customer and in sum."""
    money = {name: them[name] for name in ("orders", "revenue", "goods_cost", "service_cost")} | {
        "campaign_cost": campaign_cost
    }
    for name, amounts in money.items():
        life.sums[name][t] += amounts.sum()
    life.sums["served"][t] += them["who"].size
    for name in ("satisfaction", "loyalty"):
        life.sums[name][t] += np.round(1e6 * them[name]).astype(np.int64).sum()
    flows = np.flatnonzero(sum(np.abs(amounts) for amounts in money.values()))
    _write_money(life, them["person"][flows], opening[t], **{name: amounts[flows] for name, amounts in money.items()})


def _write_money(life: Life, person: np.ndarray, month: float, **money: np.ndarray) -> None:
    profit = money["revenue"] - money["goods_cost"] - money["service_cost"] - money["campaign_cost"]
    told = {name: amounts if name == "orders" else cents(amounts) for name, amounts in money.items()}
    life.book.add("customer_months", person, month=days(np.full(person.size, month)), **told, profit=cents(profit))


def _customers(setting: Setting, desks: sales.Desks, life: Life, them: State) -> None:
    """Write the customers down, and what nobody at the firm can see of them."""
    it, person = setting.industry, them["person"]
    month = np.minimum(setting.month(them["won"]), setting.months - 1)
    life.book.add(
        "customers", person, since=days(them["won"]),
        channel=words(them["channel"], (*(channel.name for channel in it.channels), market.REFERRAL)),
        region=words(them["region"], it.regions), age_group=words(them["age"], market.AGES),
        salesperson_id=words(desks.name(them["desk"], month), desks.names()), consent=them["agreed"],
        opted_out=days(them["opted_out"]),
    )  # fmt: skip
    five = {f"{what}_{name}": them[of][:, k] for of, what in (("quality", "quality"), ("expectation", "expectation"),
            ("weight", "weight")) for k, name in enumerate(tables.DIMENSIONS)}  # fmt: skip
    life.book.add(
        "truth_customers", person, since=days(them["won"]), left=days(them["left"]),
        need=words(them["need"], tuple(need.name for need in it.needs)), purchase_rate=them["rate"],
        dropout_rate=them["leaving"], mean_spend=them["spend"], campaign_effect=them["lift"], pull=them["pull"],
        satisfaction=them["satisfaction"], loyalty=them["loyalty"], **five,
    )  # fmt: skip
    giving.donors(setting, life.book, them)
    life.known.append({name: them[name] for name in _TOLD})


def _tables(setting: Setting, life: Life, wanted: frozenset[str]) -> dict[str, pa.Table]:
    """All tables of the block, person by person."""
    labels = _labels(life)
    # the place of each name in the alphabet, so that neither blocks nor the order of coming can be seen in a table
    rank = np.empty(life.count, dtype=np.int64)
    rank[pc.array_sort_indices(labels).to_numpy()] = np.arange(life.count)
    made = {name: life.book.table(name, rank, labels, setting.opening) for name in BY_PERSON if name in wanted}
    if "contact_records" in made or "truth_records" in made:
        empty = {name: np.zeros(0, dtype=kind) for name, kind in _TOLD.items()}
        them = {name: np.concatenate([each[name] for each in (empty, *life.known)]) for name in _TOLD}
        them = _keep(them, np.argsort(rank[them["person"]], kind="stable"))
        born = np.datetime64(setting.opening) - (365.25 * them["years"]).astype("timedelta64[D]")
        since, last = np.floor(them["won"]).astype(np.int64), int(setting.last_day) - 1
        names = labels.take(pa.array(them["person"]))
        noted = records.records(
            them["who"], names, records.people(them["who"], born), them["agreed"], since, last, setting.opening
        )
        noted = noted.rename_columns({"consent": "consent_noted"})
        for name in ("contact_records", "truth_records"):
            if name in made:
                made[name] = noted.select(made[name].column_names).cast(made[name].schema)
    return made


def _labels(life: Life) -> pa.Array:
    """Everyone's id: C0000012 came by himself, C0000012-14 was brought by him in month 14."""
    if not life.people:
        return pa.array([], pa.string())
    parent, month, number = (np.concatenate([each[name] for each in life.people]) for name in ("parent", "month", "number"))
    digits = pc.utf8_lpad(pc.cast(pa.array(number + 1), pa.string()), 7, "0")
    labels = pc.binary_join_element_wise("C", digits, "")
    depth = (parent >= 0).astype(np.int64)
    while (more := np.where(parent >= 0, depth[parent] + 1, 0)).max() != depth.max():
        depth = more
    suffix = pc.utf8_lpad(pc.cast(pa.array(month + 1), pa.string()), 2, "0")
    for generation in range(1, depth.max() + 1):
        own = np.flatnonzero(depth == generation)
        named = pc.binary_join_element_wise(labels.take(pa.array(parent[own])), suffix.take(pa.array(own)), "-")
        labels = pc.replace_with_mask(labels, pa.array(depth == generation), named)
    return labels
