"""The tables of a firm: what happens between it and its customers.

They are those that any company could have, from prospects to monthly profit; their names are those of the
simulated firm and of a user's own files. What nobody at a firm can see stands in ``truth``. Here stand also the
vocabularies that several tables share: the five dimensions, the eight stages, the 22 statements of the questionnaire.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmlab.tables.shape import Column, Table

#: The five dimensions of service quality (RATER), in the order of the word.
DIMENSIONS = ("reliability", "assurance", "tangibles", "empathy", "responsiveness")
#: The eight stages from a prospect to a customer.
STAGES = ("prospecting", "contacting", "preparing", "approaching", "understanding needs", "presenting",
          "overcoming objections", "closing")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One of the 22 statements of the RATER questionnaire; a reversed one is agreed with when service is poor.

    The five dimensions are those of SERVQUAL (Parasuraman, Zeithaml & Berry 1988); the statements are our own.
    """

    dimension: str
    number: int
    wording: str
    reverse: bool = False

    @property
    def name(self) -> str:
        """The end of its columns' names.

        >>> from crmlab import tables
        >>> tables.ITEMS[0].name
        'reliability_1'
        """
        return f"{self.dimension}_{self.number}"


#: The statements, about "they": an excellent firm of the kind (expected), or this firm (perceived).
ITEMS = tuple(
    Item(dimension, number, wording.removeprefix("- "), wording.startswith("- "))
    for dimension, wordings in {
        "reliability": (
            "What they say will be done by Tuesday is done by Tuesday.",
            "They get it right the first time.",
            "The result is as good this time as it was last time.",
            "- Something is wrong with every other bill or delivery.",
            "When a problem comes up they stay with it until it is gone.",
        ),
        "assurance": (
            "The people who serve me know what they are talking about.",
            "I feel safe leaving my money and my data with them.",
            "They stay courteous, even on a busy day.",
            "- I leave a conversation less sure than I entered it.",
        ),
        "tangibles": (
            "Their rooms and pages are clean and pleasant to be in.",
            "The tools they work with are up to date.",
            "Their people look the part.",
            "Letters, parcels and bills are clear and well made.",
        ),
        "empathy": (
            "They ask what I need before they tell me what they have.",
            "They remember me and what I told them.",
            "Their hours and ways of contact suit my day.",
            "- I am treated as a number.",
            "They have my interest at heart, not only their own.",
        ),
        "responsiveness": (
            "They tell me when I can expect what.",
            "My question is answered the same day.",
            "- They are too busy to be bothered with me.",
            "When something has failed, they act at once.",
        ),
    }.items()
    for number, wording in enumerate(wordings, 1)
)

CUSTOMER = Column(
    "customer_id", "id", "The customer; the same in every table.", known="first contact",
    aliases=("customer", "client", "client_id", "user", "user_id", "buyer", "member", "account",
        "kunde", "kundennummer", "客户", "客户编号", "会员"),
)  # fmt: skip

#: Under which of several records of a customer something was booked; only where the industry has `bookings`.
BOOKED = Column("record_id", "id", "The contact record under which it was booked.", optional=True, known="that day")


def money(name: str, meaning: str, known: str = "") -> Column:
    """Declare a column of amounts of money, none of them negative."""
    return Column(name, "number", meaning, "currency", minimum=0, known=known)


_DIMENSION = Column("dimension", "text", "Dimension of service quality.", values=DIMENSIONS)
MONTH = Column("month", "date", "First day of the month.")
SALESPERSON = Column("salesperson_id", "id", "The salesperson; a desk's successor is another one.", nullable=True)
CAMPAIGN = Column("campaign_id", "id", "The campaign.")
CALL = Column("call_id", "id", "The call.")
PROSPECT = Column("prospect_id", "id", "The way of one prospect through the pipeline.", known="first contact")
_CHANNELS = ("phone", "visit", "e-mail", "chat")


def _point(name: str, meaning: str, known: str = "") -> Column:
    return Column(name, "number", meaning, "points of the seven-point scale", minimum=1, maximum=7, known=known)


#: What is asked of the relationship, three statements for each of the two.
BONDS = {
    "trust": ("They keep their word.", "They have my interest at heart.", "I can rely on what they say."),
    "commitment": ("I want to remain a customer.", "I feel bound to them.", "I would put up with a little for their sake."),
}

#: Why customers leave; what somebody says who has not left.
LEAVING_REASONS = ("service", "failure", "price", "salesperson", "messages", "competitor", "own reasons")
STILL_THERE = "still a customer"
PURCHASE_DAYS = "Orders of one customer on one day count as one."
CUT = "the cut (`until`)"

FIRM = (
    Table(
        "orders",
        "What customers bought: one row per order.",
        (
            Column(
                "order_id", "id", "The order; no two rows share it.", optional=True, known="the order",
                aliases=("order", "invoice", "invoice_no", "invoiceno", "transaction",
                    "transaction_id", "order_number", "bestellnummer", "bestellnr", "订单", "订单号"),
            ),
            CUSTOMER,
            Column(
                "order_date", "date", "The day of the order; a time of day is left out.", known="the order",
                aliases=("date", "day", "invoice_date", "invoicedate", "purchase_date", "timestamp",
                    "order_day", "datum", "bestelldatum", "日期", "下单日期"),
            ),
            Column(
                "amount", "number", "What the customer paid for the order.", "currency", minimum=0, known="the order",
                aliases=("total", "price", "value", "revenue", "sales", "spend", "dollars", "euros",
                    "betrag", "umsatz", "金额", "总价"),
            ),
            Column("product_id", "id", "What was bought; see `products`.", optional=True, known="the order"),
            Column("discount", "number", "Share taken off the price.", "share", minimum=0, maximum=1, optional=True,
                   known="the order"),
            BOOKED,
        ),
        key=("order_id",),
    ),
    Table(
        "customers",
        "The customer file: one row for everyone who ever became a customer.",
        (
            CUSTOMER,
            Column("since", "date", "The day they became a customer.", known="first contact"),
            Column("channel", "text", "How they first came.", known="first contact"),
            Column("region", "text", "Where they live.", known="first contact"),
            Column("age_group", "text", "Age in groups.", known="first contact"),
            Column("salesperson_id", "id", "Who sat at their desk when they were won.", nullable=True,
                   known="the first order or contract"),
            Column("consent", "boolean", "Whether they agreed to be written to when they came.", known="first contact"),
            Column("opted_out", "date", "The day on which they asked not to be written to any more.", nullable=True,
                   known="that day"),
        ),
        key=("customer_id",),
    ),
    Table(
        "contact_records",
        "What the firm's sources noted about the people behind it, with all slips; one person may stand in several records.",
        (
            Column("record_id", "id", "The record; it does not tell whose it is."),
            Column("source", "text", "Where it was noted."),
            Column("created", "date", "When it was noted."),
            Column("given_name", "text", "As noted.", nullable=True),
            Column("family_name", "text", "As noted.", nullable=True),
            Column("birth_date", "text", "As noted, in whatever form.", nullable=True),
            Column("email", "text", "As noted.", nullable=True),
            Column("phone", "text", "As noted, in whatever form.", nullable=True),
            Column("street", "text", "As noted.", nullable=True),
            Column("postal_code", "text", "As noted.", nullable=True),
            Column("city", "text", "As noted.", nullable=True),
            Column("consent_noted", "text", "Consent as noted.", nullable=True),
        ),
        key=("record_id",),
    ),
    Table(
        "salespeople",
        "Who sold for the firm: one row for each person at a desk.",
        (
            Column("salesperson_id", "id", "The salesperson; a desk's successor is another one."),
            Column("desk", "integer", "The desk: customers belong to it, not to the salesperson.", minimum=1),
            Column("started", "date", "First day at the desk."),
            Column("left", "date", "The day from which another sits there.", nullable=True, known="that day"),
            Column("handed_over", "text", "Whether the customers were handed over.", values=("yes", "no"), nullable=True,
                   known="the day they left"),
        ),
        key=("salesperson_id",),
    ),
    Table(
        "interactions",
        "Every contact with a person: calls, visits, letters and chats, in and out; campaigns stand in `campaign_targets`.",
        (
            Column("interaction_id", "id", "The contact."),
            CUSTOMER,
            Column("date", "date", "The day."),
            Column("channel", "text", "By which way.", values=_CHANNELS),
            Column("direction", "text", "Whether the firm (out) or the customer (in) began it.", values=("in", "out")),
            Column("topic", "text", "What it was about.", values=(*STAGES, "complaint", "question", "claim", "follow-up")),
            SALESPERSON,
        ),
        key=("interaction_id",),
    ),
    Table(
        "products",
        "What the firm sells.",
        (
            Column("product_id", "id", "The product."),
            Column("product", "text", "Its name."),
            Column("cost_share", "number", "Share of the usual price that it costs the firm.", "share", minimum=0, maximum=1),
            Column("monthly_fee", "number", "Fee under contract; 0 if it is sold once.", "currency a month", minimum=0),
            Column("term_months", "integer", "Length of the contract; 0 if there is none.", "months", minimum=0),
        ),
        key=("product_id",),
    ),
    Table(
        "prospects",
        "Everyone who entered the pipeline: new people, and customers who may want something more.",
        (
            PROSPECT,
            CUSTOMER,
            Column("kind", "text", "Whether they are new or a customer already.", values=("new", "cross-selling"),
                   known="first contact"),
            Column("created", "date", "The day they entered.", known="first contact"),
            Column("channel", "text", "How they first came.", known="first contact"),
            Column("region", "text", "Where they live.", known="first contact"),
            Column("age_group", "text", "Age in groups.", known="first contact"),
            Column("page_views", "integer", "Pages they looked at before.", "pages", minimum=0, known="first contact"),
            Column("asked_for_offer", "boolean", "Whether they asked for an offer themselves.", known="first contact"),
            Column("need", "text", "Kind of need; empty until it was understood.", nullable=True,
                   known="when the stage `understanding needs` is past"),
            Column("salesperson_id", "id", "Who took them on.", nullable=True, known="first contact"),
            Column("outcome", "text", "How it ended, or that it has not.", values=("won", "lost", "open"), known="`closed`"),
            Column("closed", "date", "The day it ended.", nullable=True, known="that day"),
        ),
        key=("prospect_id",),
    ),
    Table(
        "stage_events",
        "The way of each prospect through the eight stages: one row for each stage entered.",
        (
            PROSPECT,
            CUSTOMER,
            Column("step", "integer", "The how-manieth stage of this way.", "steps", minimum=1),
            Column("stage", "text", "The stage.", values=STAGES),
            Column("entered", "date", "The day it began.", known="that day"),
            Column("left", "date", "The day it ended; empty if it had not.", nullable=True, known="that day"),
            Column("outcome", "text", "How it ended.", values=("advanced", "skipped ahead", "returned", "lost", "won"),
                   nullable=True, known="`left`"),
            Column("objection", "text", "What the prospect objected, where they did.", nullable=True, known="`left`"),
            SALESPERSON,
        ),
        key=("prospect_id", "step"),
    ),
    Table(
        "survey",
        "The RATER questionnaire, answered by those who chose to answer.",
        (
            CUSTOMER,
            Column("wave", "integer", "The how-manieth wave.", "waves", minimum=1),
            Column("date", "date", "The day of the wave."),
            *(
                Column(f"{kind}_{item.name}", "integer", f"{says}{' (reversed)' if item.reverse else ''}: {item.wording}",
                       "1 (no) to 7 (yes)", minimum=1, maximum=7, nullable=True, known="the wave")
                for kind, says in (("expected", "An excellent firm"), ("perceived", "This firm"))
                for item in ITEMS
            ),
            *(
                Column(f"importance_{name}", "integer", f"Points out of 100 for {name}.", "points", minimum=0, maximum=100,
                       known="the wave")
                for name in DIMENSIONS
            ),
            Column("overall_satisfaction", "integer", "How satisfied, all in all.", "1 (not at all) to 7 (fully)", minimum=1,
                   maximum=7, known="the wave"),
            Column("recommendation", "integer", "How likely to recommend the firm to a friend.", "0 to 10", minimum=0,
                   maximum=10, known="the wave"),
        ),
        key=("customer_id", "wave"),
    ),
    Table(
        "relationship",
        "Trust and commitment, asked of those who filled in the questionnaire.",
        (
            CUSTOMER,
            Column("wave", "integer", "The how-manieth wave.", "waves", minimum=1),
            *(
                Column(f"{name}_{place}", "integer", f"{name.capitalize()}: {wording}", "1 (no) to 7 (yes)", minimum=1,
                       maximum=7, known="the wave")
                for name, wordings in BONDS.items()
                for place, wording in enumerate(wordings, 1)
            ),
        ),
        key=("customer_id", "wave"),
    ),
    Table(
        "call_backs",
        "Some of those who kept silent, reached by telephone and asked one question.",
        (
            CUSTOMER,
            Column("wave", "integer", "The how-manieth wave.", "waves", minimum=1),
            Column("date", "date", "The day of the call."),
            Column("overall_satisfaction", "integer", "How satisfied, all in all.", "1 (not at all) to 7 (fully)", minimum=1,
                   maximum=7, known="the call"),
        ),
        key=("customer_id", "wave"),
    ),
    Table(
        "promises",
        "What advertising and salespeople promised, on the scale of the questionnaire.",
        (MONTH, _DIMENSION, _point("promised", "Level that was promised.")),
        key=("month", "dimension"),
    ),
    Table(
        "standards",
        "What the firm's own quality standards ask for, on the scale of the questionnaire.",
        (MONTH, _DIMENSION, _point("standard", "Level that the standard asks for.")),
        key=("month", "dimension"),
    ),
    Table(
        "delivery",
        "What auditors found delivered, on the scale of the questionnaire.",
        (MONTH, _DIMENSION, _point("delivered", "Level that was found."),
         Column("audits", "integer", "How many visits of an auditor stand behind it.", "visits", minimum=1)),
        key=("month", "dimension"),
    ),
    Table(
        "manager_survey",
        "What managers believe that customers expect and find important.",
        (
            Column("manager_id", "id", "The manager."),
            Column("wave", "integer", "The how-manieth wave.", "waves", minimum=1),
            Column("date", "date", "The day of the wave."),
            _DIMENSION,
            _point("believed_expectation", "Level that customers expect, as the manager believes."),
            Column("believed_importance", "integer", "Points out of 100 that customers give, as the manager believes.",
                   "points", minimum=0, maximum=100),
        ),
        key=("manager_id", "wave", "dimension"),
    ),
    Table(
        "tickets",
        "Complaints and questions that reached the firm.",
        (
            Column("ticket_id", "id", "The ticket."),
            CUSTOMER,
            Column("opened", "date", "The day it came."),
            Column("kind", "text", "What it was about."),
            Column("complaint", "boolean", "Whether something had failed; else it is a question."),
            Column("channel", "text", "By which way it came.", values=_CHANNELS),
            Column("response_hours", "number", "Hours until the answer.", "hours", minimum=0, known="the answer"),
            money("compensation", "What was paid for the trouble.", known="the answer"),
            Column("rating", "integer", "Stars the customer gave for the answer; empty if they gave none.", "1 to 5", minimum=1,
                   maximum=5, nullable=True, known="a few days after the answer"),
            BOOKED,
        ),
        key=("ticket_id",),
    ),
    Table(
        "calls",
        "Calls of customers to the call centre, one row for each, those who hung up included; they wait in one queue.",
        (
            CALL,
            CUSTOMER,
            Column("date", "date", "The day."),
            Column("arrival_seconds", "integer", "When it came, after midnight.", "seconds", minimum=0, maximum=86_399),
            Column("reason", "text", "What it was about; complaints and questions stand in `tickets`, too."),
            Column("reopens", "id", "The customer's earlier call whose matter it brings back; empty for a new matter.",
                   nullable=True),
            Column("wait_seconds", "integer", "Until an agent took it, or until the caller hung up.", "seconds", minimum=0,
                   known="the end of the wait"),
            Column("abandoned", "boolean", "Whether the caller hung up before.", known="the end of the wait"),
            Column("agent_id", "id", "Who took it.", nullable=True, known="the end of the wait"),
            Column("handling_seconds", "number", "From taking it to being free again; empty if nobody took it.", "seconds",
                   minimum=0, nullable=True, known="the end of the call"),
            Column("transferred", "boolean", "Whether it was passed on to somebody else.", known="the end of the call"),
            Column("solved", "boolean", "Whether it solved the matter, as the caller said afterwards.",
                   known="the end of the call"),
        ),
        key=("call_id",),
    ),
    Table(
        "rosters",
        "How many agents were on duty in the call centre, by hour of the week; hours with nobody there have no row.",
        (
            MONTH,
            Column("weekday", "integer", "Day of the week, 1 for Monday.", "days", minimum=1, maximum=7),
            Column("hour", "integer", "The hour that begins so many hours after midnight.", "hours", minimum=0, maximum=23),
            Column("agents", "integer", "Agents on duty.", "agents", minimum=1),
        ),
        key=("month", "weekday", "hour"),
    ),
    Table(
        "contracts",
        "Contracts: when they began and, if so, ended.",
        (
            Column("contract_id", "id", "The contract."),
            CUSTOMER,
            Column("product_id", "id", "The plan; see `products`."),
            Column("started", "date", "First day."),
            Column("term_months", "integer", "It renews itself, unless ended, every so many months.", "months", minimum=1),
            Column("monthly_fee", "number", "Fee of the plan on the day it began.", "currency a month", minimum=0),
            Column("ended", "date", "The day it ended; empty if it runs.", nullable=True, known="that day"),
        ),
        key=("contract_id",),
    ),
    Table(
        "leaving",
        "What those say who are asked why they left: at the cancellation of a contract, or after a long silence.",
        (
            CUSTOMER,
            Column("date", "date", "The day they were asked.", known="that day"),
            Column("asked_at", "text", "On what occasion.", values=("cancellation", "exit survey"), known="that day"),
            Column("reason", "text", "The reason as told: politeness is no truth.", values=(*LEAVING_REASONS, STILL_THERE),
                   known="that day"),
        ),
        key=("customer_id", "date"),
    ),
    Table(
        "campaigns",
        "Campaigns: what was sent to whom.",
        (
            CAMPAIGN,
            Column("campaign", "text", "Its name."),
            Column("date", "date", "The day it went out; it acts within the month."),
            Column("channel", "text", "By which way."),
            Column("design", "text", "Whether customers were chosen by lot, or by their recent purchases.",
                   values=("by lot", "targeted")),
            Column("discount", "number", "Share taken off the price of orders in the month.", "share", minimum=0, maximum=1),
            money("contact_cost", "Cost of one contact."),
        ),
        key=("campaign_id",),
    ),
    Table(
        "campaign_targets",
        "Who was contacted in a campaign, and who could have been; a customer once for each of their records listed.",
        (
            CAMPAIGN,
            CUSTOMER,
            Column("group", "text", "Contacted, held out by lot, or not chosen.",
                   values=("contacted", "held out", "not chosen"), known="the day of the campaign"),
            BOOKED,
        ),
        key=("campaign_id", "customer_id", "record_id"),
    ),
    Table(
        "referrals",
        "Who recommended the firm to whom.",
        (
            Column("customer_id", "id", "The customer who recommended.", known="the day"),
            Column("referred_id", "id", "The person they brought: a `customer_id` in the other tables."),
            Column("date", "date", "The day that person came."),
        ),
        key=("referred_id",),
    ),
    Table(
        "donations",
        "What customers gave to charity through the firm: one row per gift. Only a rebate site has them.",
        (
            Column("donation_id", "id", "The gift."),
            CUSTOMER,
            Column("donation_date", "date", "The day.", known="that day"),
            money("amount", "What was given; no revenue of the firm.", known="that day"),
        ),
        key=("donation_id",),
    ),
    Table(
        "payouts",
        "The gifts by month: what came in, what went to the charities, and whether the firm let everyone see it.",
        (
            MONTH,
            money("donated", "What customers gave."),
            money("paid_out", "What went to the charities: gifts of earlier months."),
            Column("published", "boolean", "Whether the firm published its accounts of the gifts in the month."),
        ),
        key=("month",),
    ),
    Table(
        "cdnow",
        "Orders of real people: a tenth of those who first bought at the music shop CDNOW in the first quarter of 1997, until "
        "June 1998. Source: P. Fader and B. Hardie (brucehardie.com/notes/026), used in Fader, Hardie & Lee (2005).",
        (
            CUSTOMER,
            Column("order_date", "date", "The day of the order.", known="the order"),
            Column("units", "integer", "How many compact discs.", "discs", minimum=0, known="the order"),
            Column("amount", "number", "What the customer paid for the order.", "US dollars", minimum=0, known="the order"),
        ),
    ),
    Table(
        "customer_months",
        "Money by customer and month: a row wherever some flowed.",
        (
            CUSTOMER,
            MONTH,
            Column("orders", "integer", "Orders in the month.", "orders", minimum=0),
            money("revenue", "What the customer paid."),
            money("goods_cost", "What the goods or the network cost."),
            money("service_cost", "To handle orders, contracts and tickets, with compensation."),
            money("campaign_cost", "Of contacts in campaigns."),
            Column("profit", "number", "Revenue less these costs; what cannot be laid at one customer's door stands in "
                   "`firm_months`.", "currency"),
        ),
        key=("customer_id", "month"),
    ),
    Table(
        "firm_months",
        "The firm by month: what came in, what went out, what was left.",
        (
            MONTH,
            Column("prospects", "integer", "Who entered the pipeline.", "prospects", minimum=0),
            Column("won", "integer", "New customers.", "customers", minimum=0),
            Column("orders", "integer", "Orders.", "orders", minimum=0),
            money("revenue", "What customers paid."),
            money("goods_cost", "What the goods or the network cost."),
            money("service_cost", "To handle orders, contracts and tickets."),
            money("campaign_cost", "Of contacts in campaigns."),
            money("acquisition_cost", "To lead all prospects, also the lost ones, through the stages, and rewards "
                   "for referrals."),
            Column("improvement_cost", "number", "Of what was changed on purpose; below 0 if the change saves.", "currency"),
            money("fixed_cost", "Whatever happens."),
            Column("profit", "number", "Revenue less all costs.", "currency"),
        ),
        key=("month",),
    ),
    Table(
        "usage",
        "How often each customer used their contract or visited the shop, by month; a month without use has no row.",
        (CUSTOMER, MONTH, Column("times", "integer", "How often.", "times", minimum=1, known="the end of the month")),
        key=("customer_id", "month"),
    ),
)  # fmt: skip
