"""History: a block of persons lives through the months, and every mechanism has its turn.

A block is some of those who could come through the firm's own channels, with everyone whom they
bring, and whom these bring. Persons of different blocks never meet, so blocks can be lived through
in any order, on any number of workers, with the same result. This room knows the order of the
mechanisms within a month, and what must be carried from month to month; it draws nothing and holds no number of the
firm. At the end it names everyone and puts the tables together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab import tables
from crmlab.world import (
    accounts,
    aftersales,
    bookings,
    buying,
    calls,
    campaigns,
    claims,
    deals,
    farewell,
    giving,
    identities,
    market,
    outlook,
    past,
    records,
    sales,
    service,
    survey,
    usage,
)
from crmlab.world.desks import Desks
from crmlab.world.event_log import EventLog, RecordIds, days, labels, numbers
from crmlab.world.population import Customers
from crmlab.world.setting import Setting

#: Tables by person.
BY_PERSON = (
    "customers", "contact_records", "interactions", "prospects", "stage_events", "survey", "relationship", "call_backs",
    "tickets", "orders", "contracts", "leaving", "usage", "campaign_targets", "referrals", "donations", "customer_months",
    "truth_customers", "truth_failures", "truth_survey", "truth_campaigns", "truth_keeping", "truth_leaving",
    "truth_returns", "truth_values", "truth_records", "truth_donors", "truth_faults", "truth_doubles", "deals",
    "deal_contacts", "objections", "truth_prospects",
)  # fmt: skip
_WRITTEN = "contact_records", "truth_records", "truth_faults"  # made together, from who the customers are
_BOOKED = "orders", "tickets", "campaign_targets"  # these tell under which record
#: Calls that are not answered yet, of which ``assembly`` makes tables.
NOTED_CALLS = "noted_calls"
_DAYS_PER_YEAR = 365.25
_ID_DIGITS = {"number": 7, "month": 2}


@dataclass(slots=True, eq=False)
class _Block:
    """What a block has lived through so far."""

    setting: Setting
    desks: Desks
    sums: dict[str, np.ndarray]
    distrust: np.ndarray  # by month
    joining: list[list[Customers]]  # by the month in which they join
    upsold: list[list[np.ndarray]]  # by month: places of those who get a further product on its first day
    log: EventLog = field(default_factory=EventLog)
    arrivals: list[market.Arrivals] = field(default_factory=list)  # in order of coming
    n_persons: int = 0
    finished: list[Customers] = field(default_factory=list)  # written down, no more to come


def live(
    setting: Setting, desks: Desks, start: int, stop: int, wanted: frozenset[str] = frozenset(BY_PERSON)
) -> tuple[dict[str, pa.Table], dict[str, np.ndarray]]:
    """Let the persons from ``start`` to ``stop`` live through all months, and return tables by name and sums by month."""
    block = _Block(
        setting, desks, accounts.empty_sums(setting.months), giving.climate(setting)[1],
        [[] for _ in range(setting.months)], [[] for _ in range(setting.months)],
    )  # fmt: skip
    active: list[Customers] = []
    churned: list[Customers] = []  # left unseen
    _welcome(block, market.reach(setting, np.arange(start, stop)), referred=False)
    for t in range(setting.months):
        active += block.joining[t]
        if not active:
            continue
        customers = Customers.concatenate(active)
        for person in block.upsold[t]:
            aftersales.add_product(customers, person)
        _serve_month(block, customers, t)
        if churned:
            churned = [Customers.concatenate(churned)]
            away = _approach_churned(block, churned[0], t)
            churned = [away] if len(away) else []
        active, leavers = [customers.take(customers.present)], customers.take(~customers.present)
        block.sums["customers"][t] += len(active[0])
        block.sums["left"][t] += len(leavers)
        if setting.industry.contract:
            _finish(block, leavers)
        elif len(leavers):
            churned.append(leavers)
    for rest in (active, churned):
        for part in rest:
            _finish(block, part)
    block.sums["acquisition_cost"] += sales.cut_runs(setting, block.log, block.n_persons, block.finished)
    return _tables(block, wanted), block.sums


def _welcome(block: _Block, arrivals: market.Arrivals, *, referred: bool) -> None:
    """Register new prospects, lead them through the pipeline, and note when those who are won will join."""
    n, setting, sums = arrivals.day.size, block.setting, block.sums
    if not n:
        return
    person = block.n_persons + np.arange(n)
    block.arrivals.append(arrivals)
    block.n_persons += n
    runs = sales.Runs(
        arrivals.people, person, np.ones(n, dtype=np.int64), "new", 0, arrivals.day, arrivals.entry,
        arrivals.people.log_odds_offset,
    )  # fmt: skip
    ends = sales.run(setting, block.desks, block.log, runs)
    won = ends.won
    come, won_by_month = setting.count_by_month(arrivals.day), setting.count_by_month(won)
    sums["prospects"] += come
    sums["won"] += won_by_month
    if referred:
        market.write_referrals(block.log, arrivals, person)
        sums["acquisition_cost"] += round(100 * setting.industry.referral_reward) * won_by_month
    else:
        sums["invited"] += come
        sums["acquisition_cost"] += market.wasted(setting, arrivals)
    noted = arrivals.day if setting.industry.prospect_records else won  # at the first contact nobody knows who will be won
    for month in np.flatnonzero(won_by_month):
        new = setting.month_of(np.where(np.isnan(won), -1, won)) == month
        customers = Customers.joining(arrivals.people.take(new), person[new], won[new], noted[new])
        deals.join(setting, customers, ends.value[new], ends.concession[new])
        buying.join(setting, customers)
        giving.join(setting, customers)
        block.joining[month].append(customers)


def _serve_month(block: _Block, customers: Customers, t: int) -> None:
    """Lead all customers through one month, mechanism by mechanism."""
    setting, desks, log, sums = block.setting, block.desks, block.log, block.sums
    settled = claims.settle(setting, customers, t)
    incidents = service.serve(setting, customers, t)
    buying.leave(setting, desks, customers, giving.doubt(setting, customers, block.distrust[t]), t)
    farewell.explain(setting, log, customers, t)
    service.write(setting, log, customers, incidents, t)
    claims.write(setting, log, customers, settled, t)
    calls.ring(setting, log, customers, incidents, t)
    contacts = campaigns.contact(setting, log, customers, t, buying.rate(setting, customers, t))
    purchases = buying.order(setting, log, customers, contacts.lift, contacts.discount, t)
    sums["donated"][t] += giving.give(setting, log, customers, block.distrust[t], t)
    usage.use(setting, log, customers, t)
    sums["mailed"][t] += contacts.mailed.sum()
    sums["mailed_double"][t] += contacts.doubled.sum()
    care_cost = aftersales.call(setting, desks, log, customers, t)
    survey.ask(setting, log, customers, t)
    farewell.ask(setting, log, customers, t)
    person, month = aftersales.cross_sell(setting, desks, log, customers, t, churned=False)
    sums["prospects"][t] += person.size
    for later in np.unique(month[month > t]):
        block.upsold[later].append(person[month == later])
    aftersales.add_product(customers, person[month == t])
    ticket_cost = service.ticket_costs(setting, incidents, len(customers), t) + claims.costs(
        setting, settled, len(customers), t
    )
    accounts.account(setting, log, sums, customers, purchases, ticket_cost, contacts.cost + care_cost, t)
    if t + 1 < setting.months:
        _welcome(block, market.refer(setting, customers, t), referred=True)


def _approach_churned(block: _Block, churned: Customers, t: int) -> Customers:
    """Write to, call and approach those who have left, for nobody knows that they have; return those who stay away."""
    setting, log = block.setting, block.log
    contacts = campaigns.contact(setting, log, churned, t, None)
    block.sums["mailed"][t] += contacts.mailed.sum()
    block.sums["mailed_double"][t] += contacts.doubled.sum()
    buying.forget_orders(setting, churned)
    care_cost = aftersales.call(setting, block.desks, log, churned, t)
    farewell.ask(setting, log, churned, t)
    person, _ = aftersales.cross_sell(setting, block.desks, log, churned, t, churned=True)
    block.sums["prospects"][t] += person.size
    accounts.account_wasted_contacts(setting, log, block.sums, churned, contacts.cost + care_cost, t)
    if not setting.industry.returns or t + 1 == setting.months:
        return churned
    back = buying.come_back(setting, churned, contacts.win_back, t)
    if back.any():
        block.joining[t + 1].append(_returned(block, churned.take(back), t + 1))
    return churned.take(~back)


def _returned(block: _Block, customers: Customers, t: int) -> Customers:
    """Return those who left as customers again from the first day of month ``t`` on, with the past behind them."""
    _write_return(block, customers)
    none = np.zeros(len(customers))
    customers.first_left = np.where(np.isnan(customers.first_left), customers.left, customers.first_left)
    customers.left, customers.returned = np.full(none.size, np.nan), none + block.setting.month_start[t]
    customers.dissatisfaction, customers.relationship_damage, customers.orphaned = none, none.copy(), none.copy()
    customers.estranged, customers.kept, customers.why = none.copy(), none.copy(), np.full(none.size, np.nan)
    return customers


def _write_return(block: _Block, customers: Customers) -> None:
    """Write the last return of those who have returned, now that it is known how long they stay."""
    again = ~np.isnan(customers.returned)
    block.log.add(
        "truth_returns", customers.person[again], returned=days(customers.returned[again]), left=days(customers.left[again])
    )


def _finish(block: _Block, customers: Customers) -> None:
    """Write customers to whom nothing more will happen, and what nobody at the firm can see of them."""
    block.finished.append(customers)
    if block.setting.industry.contract and block.setting.hidden:  # whose contract ended in the past is in no file any more
        customers = customers.take(~(customers.left < block.setting.told_from))
    setting, industry, log, person = block.setting, block.setting.industry, block.log, customers.person
    month = np.minimum(setting.month_of(customers.won), setting.months - 1)
    left = np.where(np.isnan(customers.first_left), customers.left, customers.first_left)
    log.add(
        "customers", person, since=days(customers.won), channel=labels(customers.channel, market.channel_names(industry)),
        region=labels(customers.region, industry.regions), age_group=labels(customers.age_group, market.age_labels(industry)),
        salesperson_id=block.desks.column(customers.desk, month), consent=customers.agreed, opted_out=days(customers.opted_out),
    )  # fmt: skip
    by_dimension = {
        f"{column}_{name}": values[:, k]
        for column, values in (
            ("quality", customers.quality), ("expectation", customers.expectation), ("weight", customers.importance),
        )
        for k, name in enumerate(tables.DIMENSIONS)
    }  # fmt: skip
    log.add(
        "truth_customers", person, since=days(customers.won), left=days(left),
        need=labels(customers.need, tuple(need.name for need in industry.needs)), purchase_rate=customers.purchase_rate,
        dropout_rate=customers.dropout, mean_spend=customers.mean_spend, campaign_effect=customers.campaign_response,
        pull=customers.competitor_utility, satisfaction=customers.satisfaction, loyalty=customers.loyalty, **by_dimension,
    )  # fmt: skip
    giving.write_donors(setting, log, customers)
    _write_return(block, customers)
    if industry.horizon:
        value = outlook.remaining_value(setting, customers)
        log.add("truth_values", person, remaining_value=value, cost_to_serve=customers.cost_to_serve)
    if industry.contract:
        buying.write_contracts(setting, log, customers)


def _tables(block: _Block, wanted: frozenset[str]) -> dict[str, pa.Table]:
    """Build all tables of the block, person by person."""
    ids = _ids(block.arrivals)
    # the place of each id in the alphabet, so that neither blocks nor the order of coming can be seen in a table
    rank = np.empty(block.n_persons, dtype=np.int64)
    rank[pc.array_sort_indices(ids).to_numpy()] = np.arange(block.n_persons)
    customers = Customers.concatenate(block.finished) if block.finished else None
    booked = _count_records(block, customers, rank, wanted)
    made = {name: block.log.table(name, rank, ids, block.setting.opening, booked) for name in BY_PERSON if name in wanted}
    if NOTED_CALLS in wanted:
        made[NOTED_CALLS] = calls.gather(block.log, rank, ids)
    if block.arrivals and wanted & set(_WRITTEN):
        noted, faults = _contact_records(block, rank, ids)
        for name, table in zip(_WRITTEN, (noted, noted, faults), strict=True):
            if name in made:
                made[name] = table.select(made[name].column_names).cast(made[name].schema)
    if block.setting.hidden and (of_prospects := set(past.OF_PROSPECTS) & set(made)):
        listed = made["prospects"] if "prospects" in made else block.log.table("prospects", rank, ids, block.setting.opening)
        visible = past.visible(block.setting, "prospects", listed)
        made |= {name: past.among(made[name], "prospect_id", visible) for name in of_prospects}
    return made


def _noted(block: _Block, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of all who have contact records, in the order of ``rank``, and the day of the first one of each."""
    setting, written_down = block.setting, np.zeros(block.n_persons, dtype=bool)
    noted = np.floor(np.concatenate([part.day for part in block.arrivals])).astype(np.int64)
    if setting.industry.prospect_records:
        written_down = (noted <= setting.last_date) & (noted >= setting.told_from)
    for customers in block.finished:
        written_down[customers.person] = ~(customers.left < setting.told_from) | (not setting.industry.contract)
        noted[customers.person] = customers.noted
    rows = np.flatnonzero(written_down)
    rows = rows[np.argsort(rank[rows], kind="stable")]
    return rows, noted[rows]


def _count_records(block: _Block, customers: Customers | None, rank: np.ndarray, wanted: frozenset[str]) -> RecordIds | None:
    """Count as a firm does that takes each record for a customer, and name the records; nothing where that is not told."""
    setting, last, rates = block.setting, block.setting.last_date, block.setting.industry.bookings
    if rates is None:
        return None
    if block.arrivals:
        rows, noted = _noted(block, rank)
        days = bookings.record_days(rates, np.concatenate([part.people.key for part in block.arrivals])[rows], noted, last)
        block.sums["people"] += setting.count_by_month(days[:, 0])
        block.sums["records"] += setting.count_by_month(days[days <= last])
    if customers is None:
        return RecordIds(pa.array([], pa.string()), rank)
    _count_buyers(block)
    customers = customers.take(np.argsort(rank[customers.person], kind="stable"))
    days = bookings.record_days(rates, customers.key, customers.noted, last)
    owner, number = np.nonzero(days <= last)
    first = np.zeros(block.n_persons, dtype=np.int64)
    first[customers.person] = np.searchsorted(owner, np.arange(len(customers)))
    named = records.record_ids(bookings.record_keys(customers.key[owner], number)) if wanted & set(_BOOKED) else pa.array([])
    return RecordIds(named.cast(pa.string()), first)


def _count_buyers(block: _Block) -> None:
    """Count who ordered, by year, once by customer and once by record."""
    months = block.setting.months
    ends = np.minimum(np.arange(1, -(-months // 12) + 1) * 12, months) - 1
    if parts := block.log.rows["orders"]:
        person = np.concatenate([part for part, _ in parts])
        day, number = (np.concatenate([numbers(columns, name) for _, columns in parts]) for name in ("order_date", "record_id"))
        year, record = block.setting.month_of(day) // 12, person * (number.max(initial=0) + 1) + number
        for names, who in ((("buyers", "repeaters"), person), (("buying_records", "repeating_records"), record)):
            for name, count in zip(names, bookings.count_buyers(who, year, ends.size), strict=True):
                block.sums[name][ends] += count


def _contact_records(block: _Block, rank: np.ndarray, ids: pa.Array) -> tuple[pa.Table, pa.Table]:
    """Let the firm's sources write down who its customers are and, where it keeps them, who the other prospects were.

    The second table lists the faults of the first.
    """
    setting, (rows, noted) = block.setting, _noted(block, rank)
    key, age, agreed = (
        np.concatenate([getattr(part.people, name) for part in block.arrivals])[rows]
        for name in ("key", "age_years", "consent")
    )
    born = np.datetime64(setting.opening) - (_DAYS_PER_YEAR * age).astype("timedelta64[D]")
    rates = setting.industry.bookings or bookings.Bookings()
    table, faults = records.records(
        key, ids.take(pa.array(rows)), identities.people(key, born), agreed, noted, setting.last_date, setting.opening, rates,
        bookings.share(rates, setting.seed, key, _roots(block.arrivals)[rows]),
    )  # fmt: skip
    return table.rename_columns({"consent": "consent_noted"}), faults


def _roots(arrivals: list[market.Arrivals]) -> np.ndarray:
    """Return the place in the pool of each person, or of whoever brought them, or brought these, and so on."""
    place, parent = (np.concatenate([getattr(part, name) for part in arrivals]) for name in ("number", "parent"))
    while (brought := parent >= 0).any():
        place, parent = np.where(brought, place[parent], place), np.where(brought, parent[parent], parent)
    return place


def _ids(arrivals: list[market.Arrivals]) -> pa.Array:
    """Name everyone: C0000012 came unasked, C0000012-14 was brought by them and came in month 14."""
    if not arrivals:
        return pa.array([], pa.string())
    parent, month, number = (
        np.concatenate([getattr(part, name) for part in arrivals]) for name in ("parent", "month", "number")
    )
    digits = pc.utf8_lpad(pc.cast(pa.array(number + 1), pa.string()), _ID_DIGITS["number"], "0")
    ids = pc.binary_join_element_wise("C", digits, "")
    depth = (parent >= 0).astype(np.int64)
    while (deeper := np.where(parent >= 0, depth[parent] + 1, 0)).max() != depth.max():
        depth = deeper
    suffix = pc.utf8_lpad(pc.cast(pa.array(month + 1), pa.string()), _ID_DIGITS["month"], "0")
    for generation in range(1, depth.max() + 1):
        rows = np.flatnonzero(depth == generation)
        named = pc.binary_join_element_wise(ids.take(pa.array(parent[rows])), suffix.take(pa.array(rows)), "-")
        ids = pc.replace_with_mask(ids, pa.array(depth == generation), named)
    return ids
