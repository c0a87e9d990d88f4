"""Loading: tables of a simulated firm by name, and the truth about it.

This room knows which names each industry offers, and refuses others with the list of those. Where tables lie, and whether
they are as they were written, is known in ``store``; what a column means, in ``tables``.
"""

from __future__ import annotations

import pandas as pd

from crmlab import _check
from crmlab.datasets import store
from crmlab.errors import DataError
from crmlab.world.firm import offered as _offered
from crmlab.world.presets import industry as _preset

#: Tables that lie in the kit's folder beside those of the default firm, and how to get one that is missing.
BESIDE = {
    "what_if": "Make it in some minutes: `world.sweep(**datasets.WHAT_IF)`.",
    "claim_trials": "Make it in some minutes: `claims.make_grid()`.",
    "cdnow": "It is a file of the kit and cannot be simulated: install the kit with its folder `datasets`.",
}


def names(industry: str = store.DEFAULT) -> tuple[str, ...]:
    """Return the names of the tables that ``load`` brings.

    Parameters
    ----------
    industry : str
        As in ``load``.

    Returns
    -------
    tuple of str
        In the order of the description pages.

    Raises
    ------
    ArgumentError
        There is no such industry; the message lists the known ones.

    Examples
    --------
    >>> from crmlab import datasets
    >>> datasets.names()[:3]
    ('orders', 'customers', 'contact_records')
    """
    return tuple(name for name in _offered(_preset(industry)) if not name.startswith("truth_"))


def load(name: str, *, industry: str = store.DEFAULT) -> pd.DataFrame:
    """Return a table of a simulated firm with about 2,000 customers and 36 months.

    The firm is ``world.simulate(industry, seed=1)``. The retailer comes with the kit. Another industry is simulated when it
    is first asked for (a few seconds) and kept in a folder of its own: that named by ``CRMLAB_CACHE``, or the usual place
    for such files. The rebate site lives for 72 months, since its customers donate once a year.

    Parameters
    ----------
    name : str
        One of ``datasets.names(industry)``. Beside those of the retailer lie "what_if", the grid behind the what-if widget,
        "claim_trials", what became of the sources' claims in firms of four industries, and "cdnow", the orders of real
        customers: a sample of those of a music shop of 1997, much used in publications.
    industry : str
        "retailer", "telecom" or "rebate_site".

    Returns
    -------
    DataFrame
        As ``tables.describe(name)`` says.

    Raises
    ------
    ArgumentError
        There is no such table or industry; the message lists the known ones.
    DataError
        The file that comes with the kit is damaged or missing.

    Warns
    -----
    CrmlabWarning
        Kept tables were damaged and are made again, or none can be kept (a full disk, a folder that nobody may write to): the
        firm is then simulated in memory.

    Examples
    --------
    >>> from crmlab import datasets
    >>> datasets.load("orders").columns.to_list()
    ['order_id', 'customer_id', 'order_date', 'amount', 'product_id', 'discount', 'record_id']
    """
    if isinstance(name, str) and name in BESIDE and _preset(industry).name == _preset(store.DEFAULT).name:
        path = store.KIT / store.file_name(name)
        if not path.exists():
            raise DataError(f"{path.name} lies in the kit's folder `datasets`, which is not here. {BESIDE[name]}")
        return store.kit_table(name, BESIDE[name])
    return store.table(_check.choice("name", name, names(industry)), industry)


def truth(name: str, *, industry: str = store.DEFAULT) -> pd.DataFrame:
    """Return what nobody at the firm can see, to compare an answer with: the same firm as in ``load``.

    Parameters
    ----------
    name : str
        "customers" (dispositions, the day each truly left), "failures", "survey" (what all would have answered), "campaigns"
        (what a contact would have done), "keeping" (what an offer to stay would have done), "returns" (who came back, and
        when they left again), "values" (what each will still bring), "records" (whose each is), "months", "correlations" or
        "parameters".
    industry : str
        As in ``load``.

    Returns
    -------
    DataFrame
        As ``tables.describe("truth_" + name)`` says.

    Raises
    ------
    ArgumentError
        There is no such table or industry; the message lists the known ones.
    DataError
        The file that comes with the kit is damaged.

    Examples
    --------
    >>> from crmlab import datasets
    >>> everyone, who_answered = datasets.truth("survey"), datasets.load("survey")
    >>> bool(everyone.overall_satisfaction.mean() < who_answered.overall_satisfaction.mean())
    True
    """
    offered = _offered(_preset(industry))
    known = tuple(table.removeprefix("truth_") for table in offered if table.startswith("truth_"))
    return store.table(f"truth_{_check.choice('name', name, known)}", industry)
