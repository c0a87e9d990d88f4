"""Past: an established firm has customers from before the first month, and its tables begin with that month.

The months before it are lived through like all others, and then hidden: a row stays if it happened in the period, or had
not ended when the period began. Whoever is in the firm's file on the first day stays in it, with the day since when. This
room knows which rows are told; what happened is known in the mechanisms, and who is in the file in ``history``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crmlab import tables
from crmlab.world import campaigns
from crmlab.world.setting import Setting

#: What lasts: the column that tells when it ended.
_UNTIL = {"prospects": "closed", "stage_events": "left", "contracts": "ended", "salespeople": "left"}
#: What the firm's file, and the truth about it, hold of everybody in it, from whatever time.
_FILE = ("customers", "contact_records", "truth_customers", "truth_records", "truth_faults", "truth_donors", "truth_returns")
#: What is told of the deals of those prospects that are told.
OF_PROSPECTS = ("deals", "deal_contacts", "truth_prospects")


def among(table: pa.Table, column: str, known: pa.Table) -> pa.Table:
    """Return the rows of a table whose id stands in another one, too."""
    return table.filter(pc.is_in(table[column], known[column]))


def visible(setting: Setting, name: str, table: pa.Table) -> pa.Table:
    """Return the rows of a table that an established firm still has; all of them where nothing is hidden."""
    if not setting.hidden or name in (*_FILE, *OF_PROSPECTS) or not table.num_rows:
        return table
    columns = tables.table(name).columns
    date = _UNTIL.get(name) or next((column.name for column in columns if column.dtype == "date"), None)
    if date is not None:
        first = pa.scalar(np.datetime64(setting.opening, "us") + np.timedelta64(int(setting.told_from), "D"))
        return table.filter(pc.fill_null(pc.greater_equal(table[date], first), True))
    if "year" in table.column_names:
        return table.filter(pc.greater_equal(table["year"], setting.opening.year + setting.hidden // 12))
    if "wave" in table.column_names:
        return table.filter(pc.greater(table["wave"], setting.hidden // setting.industry.survey_every))
    if "campaign_id" in table.column_names:
        runs = zip(campaigns.ids(setting), campaigns.calendar(setting), strict=True)
        return table.filter(pc.is_in(table["campaign_id"], pa.array([run for run, (t, _) in runs if t >= setting.hidden])))
    return table
