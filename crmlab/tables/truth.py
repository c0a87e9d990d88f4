"""The truth about a firm: what nobody at a firm can see and only a simulation knows.

Tables whose name begins with ``truth_``; they stand beside those of ``firm``, whose words they use. An analysis is
held against them and never reads them; this room declares columns and knows no mechanism that fills them.
"""

from __future__ import annotations

from crmlab.tables.firm import CAMPAIGN, CUSTOMER, DIMENSIONS, MONTH
from crmlab.tables.shape import Column, Table


def _latent(name: str, meaning: str, unit: str = "points of the seven-point scale") -> Column:
    return Column(name, "number", meaning, unit, known="never: this is the truth")


TABLES = (
    Table(
        "truth_customers",
        "What nobody at the firm can see: each customer's dispositions, and when they truly left.",
        (
            CUSTOMER,
            Column("since", "date", "The day they became a customer.", known="first contact"),
            Column("left", "date", "The day they left for good; empty if they had not.", nullable=True,
                   known="never: this is the truth"),
            Column("need", "text", "Kind of need.", known="never: this is the truth"),
            _latent("purchase_rate", "Orders when neither season nor service nor campaigns act.", "orders a month"),
            _latent("dropout_rate", "Rate of leaving (contract: chance not to renew) if nothing else acts.",
                    "a month or a term"),
            _latent("mean_spend", "Mean amount of their orders.", "currency"),
            _latent("campaign_effect", "How much more than others a campaign moves them.", "standard deviations"),
            _latent("pull", "Pull of competitors.", "standard deviations"),
            _latent("satisfaction", "Satisfaction in their last month.", "points of satisfaction"),
            _latent("loyalty", "Loyalty in their last month: what dropout, orders and referrals follow.", "log rate"),
            *(_latent(f"quality_{name}", f"The {name} that they meet when nothing is changed.") for name in DIMENSIONS),
            *(_latent(f"expectation_{name}", f"The {name} that they expect in the end, promises aside.")
              for name in DIMENSIONS),
            *(_latent(f"weight_{name}", f"The weight of {name} in their judgement.", "share") for name in DIMENSIONS),
        ),
        key=("customer_id",),
    ),
    Table(
        "truth_failures",
        "Every failure, complained of or not.",
        (
            CUSTOMER,
            Column("date", "date", "The day."),
            _latent("severity", "From 0 to 1.", "share"),
            Column("complained", "boolean", "Whether the firm heard of it.", known="never: this is the truth"),
            _latent("mended", "Share of the dissatisfaction that the answer mended; above 1: more "
                    "content than before.", "share"),
        ),
    ),
    Table(
        "truth_survey",
        "What every customer would have answered, and who did.",
        (
            CUSTOMER,
            Column("wave", "integer", "The how-manieth wave.", "waves", minimum=1),
            _latent("satisfaction", "Satisfaction.", "points of satisfaction"),
            Column("overall_satisfaction", "integer", "What they answered, or would have.", "1 (not at all) to 7 (fully)",
                   minimum=1, maximum=7, known="never: this is the truth"),
            _latent("chance_to_answer", "Probability that they answer.", "share"),
            Column("answered", "boolean", "Whether they did.", known="the wave"),
        ),
        key=("customer_id", "wave"),
    ),
    Table(
        "truth_campaigns",
        "What a contact would have done, and what its absence, for everyone in the file.",
        (
            CAMPAIGN,
            CUSTOMER,
            _latent("propensity", "Probability to be contacted.", "share"),
            _latent("orders_if_contacted", "Expected orders in the month if contacted (leaving in the month aside).", "orders"),
            _latent("orders_if_not", "Expected orders in the month if not.", "orders"),
        ),
        key=("campaign_id", "customer_id"),
    ),
    Table(
        "truth_keeping",
        "What an offer to stay would have done, for everyone in the file.",
        (CAMPAIGN, CUSTOMER,
         _latent("keeping", "What a contact takes off the log rate of leaving; below zero it reminds them to leave.",
                 "log rate")),
        key=("campaign_id", "customer_id"),
    ),
    Table(
        "truth_returns",
        "Those who are back: they had left on the day in `truth_customers`, their first departure.",
        (CUSTOMER,
         Column("returned", "date", "First day back.", known="never: this is the truth"),
         Column("left", "date", "The day on which they left again; empty if they had not.", nullable=True,
                known="never: this is the truth")),
        key=("customer_id", "returned"),
    ),
    Table(
        "truth_values",
        "What each customer is still worth after the last day, and what it costs to serve them.",
        (CUSTOMER, _latent("remaining_value", "Expected margin of the months to come; 0 for those who have left.",
                           "currency"),
         _latent("cost_to_serve", "What it costs to handle their orders and serve their contract, to the usual cost.",
                 "factor")),
        key=("customer_id",),
    ),
    Table(
        "truth_correlations",
        "How dispositions hang together, before they are given their scale; pairs that are not listed do not.",
        (Column("disposition", "text", "A disposition."), Column("other", "text", "Another."),
         _latent("correlation", "Of the two, as normal numbers.", "from -1 to 1")),
        key=("disposition", "other"),
    ),
    Table(
        "truth_records",
        "Whose each contact record is.",
        (Column("record_id", "id", "The record; it does not tell whose it is."), CUSTOMER),
        key=("record_id",),
    ),
    Table(
        "truth_months",
        "The firm by month, as nobody at the firm can see it.",
        (
            MONTH,
            Column("customers", "integer", "Customers at the end of the month.", "customers", minimum=0),
            Column("leavers", "integer", "Customers who left in the month.", "customers", minimum=0),
            _latent("satisfaction", "Mean satisfaction of the customers of the month.", "points of satisfaction"),
            _latent("loyalty", "Mean loyalty of the customers of the month.", "log rate"),
        ),
        key=("month",),
    ),
    Table(
        "truth_donors",
        "Each customer's dispositions to give.",
        (
            CUSTOMER,
            _latent("donation_probability", "Probability to give in a year, unless stopped, if nothing else acts.", "share"),
            _latent("stop_probability", "Probability to stop giving for good, at each opportunity.", "share"),
            _latent("mean_gift", "Mean amount of their gifts.", "currency"),
            _latent("concern", "How much they take a scandal to heart; the usual customer 1.", "factor"),
            Column("stopped", "date",
                   "First day of the month from which they would give no more; empty if they had not stopped.",
                   nullable=True, known="never: this is the truth"),
        ),
        key=("customer_id",),
    ),
    Table(
        "truth_trust",
        "The distrust after a scandal, by month.",
        (MONTH, _latent("distrust", "What it takes off the usual customer's inclination to give.", "log-odds")),
        key=("month",),
    ),
    Table(
        "truth_parameters",
        "Every number that the firm was made from.",
        (
            Column("parameter", "text", "Its name in `world.Industry`; a place within it behind the dot."),
            Column("set_to", "number", "Its value.", "as the parameter says"),
        ),
        key=("parameter",),
    ),
)  # fmt: skip
