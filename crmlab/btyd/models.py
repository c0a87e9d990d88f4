"""Models of purchases: the table of all that there are, and what a model must offer.

To add one, write its file as ``pareto_nbd`` is written, and name it here. Whatever fits, predicts, forecasts, simulates or
tracks reads this table and asks no model by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from crmlab._likelihood import Model
from crmlab.btyd import bgbb, bgnbd, pareto_nbd


@dataclass(frozen=True, slots=True)
class PurchaseModel:
    """A model of purchases.

    ``x``, ``recency`` and ``age`` are arrays (n,): repeat purchases, time of the last of them, time of observation, both since
    the first purchase. ``theta`` holds the k parameters, shape (k, 1), or (k, n) with covariates. ``rng`` is a random
    generator.

    Attributes
    ----------
    key : str
        By which ``simulate_purchases`` knows it; ``fit_<key>`` fits it.
    likelihood : Model
        Names of parameters, likelihood (of purchase times: without x!), source; ``starts(weight, x, recency, age)`` with
        ``weight`` (n,), how many customers each row stands for; see ``_likelihood.Model``.
    alive : callable
        ``(theta, x, recency, age)`` -> P(alive at ``age``), shape (n,); ones in a model without dropout.
    expected_if_alive : callable
        ``(theta, x, age, weeks, rate)`` -> purchases in the next ``weeks`` of those alive, discounted by exp(-rate t), (n,).
        ``rate`` is a float of at least 0, per week (or period); ``weeks`` a float, infinite only where ``rate`` is above 0;
        where it is 0, ``weeks`` may be an array (n,), and ``x`` and ``age`` of shape (1,).
    pmf : callable
        ``(theta, weeks, top)`` -> P(0, ..., top purchases) of new customers in ``weeks`` (n,), shape (top + 1, n); ``theta``
        is (k, 1) and ``top`` a whole number.
    draw : callable
        ``(rng, theta, x, age, weeks, shape)`` -> drawn purchases in the next ``weeks`` of those alive, of this ``shape``,
        (draws, n); ``weeks`` is a float.
    simulate : callable
        ``(rng, theta, age, holdout_weeks)`` -> frequency, recency, alive, purchases in the ``holdout_weeks``, each (n,);
        ``theta`` is (k,) here.
    scale_parameters : tuple of str
        The parameters that stand beside age in expectations, as in alpha + age: the smallest of them says how smooth those are.
    table : str
        Declaration of the histories that it reads (see ``tables``).
    unit : str
        Of time: "weeks", or "periods" where opportunities are counted.
    """

    key: str
    likelihood: Model
    alive: Callable[..., np.ndarray]
    expected_if_alive: Callable[..., np.ndarray]
    pmf: Callable[..., np.ndarray]
    draw: Callable[..., np.ndarray]
    simulate: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
    scale_parameters: tuple[str, ...]
    table: str = "purchase_summary"
    unit: str = "weeks"

    @property
    def columns(self) -> tuple[str, str, str]:
        """Names of the columns of a history: frequency, recency, age."""
        return "frequency", f"recency_{self.unit}", f"age_{self.unit}"

    @property
    def counts_periods(self) -> bool:
        """Whether time is a whole number of opportunities."""
        return self.unit == "periods"


def _similarity(x: np.ndarray, recency: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Return a sort key by frequency, then by time since the last purchase: neighbours need equally many nodes."""
    silence = age - recency
    return x + silence / (2 * silence.max() + 1)


def _beta_geometric(key: str, name: str, first: bool, source: str) -> PurchaseModel:
    """Make BG/NBD or MBG/NBD, which differ in whether one may drop out at the first purchase."""
    return PurchaseModel(
        key,
        Model(
            name, bgnbd.PARAMETERS, partial(bgnbd.loglik_score_hessian, dropout_at_first_purchase=first), bgnbd.starts, source,
            covariate_sign={} if first else {"alpha": -1, "a": 1, "b": 1}, ordering=_similarity,
        ),
        partial(bgnbd.alive, dropout_at_first_purchase=first),
        partial(bgnbd.expected_if_alive, dropout_at_first_purchase=first),
        partial(bgnbd.pmf, dropout_at_first_purchase=first),
        partial(bgnbd.draw, dropout_at_first_purchase=first),
        partial(bgnbd.simulate, dropout_at_first_purchase=first),
        scale_parameters=("alpha",),
    )  # fmt: skip


_PARETO_NBD = PurchaseModel(
    "pareto_nbd",
    Model(
        "Pareto/NBD", pareto_nbd.PARAMETERS, pareto_nbd.loglik_score_hessian, pareto_nbd.starts,
        "Schmittlein, Morrison & Colombo (1987), Management Science 33(1)",
        covariate_sign={"alpha": -1, "beta": -1}, ordering=_similarity, block=2_048,
    ),
    pareto_nbd.alive, pareto_nbd.expected_if_alive, pareto_nbd.pmf, pareto_nbd.draw, pareto_nbd.simulate,
    scale_parameters=("alpha", "beta"),
)  # fmt: skip
_BGBB = PurchaseModel(
    "bgbb",
    Model(
        "BG/BB", bgbb.PARAMETERS, bgbb.loglik_score_hessian, bgbb.starts,
        "Fader, Hardie & Shang (2010), Marketing Science 29(6)", ordering=_similarity,
    ),
    bgbb.alive, bgbb.expected_if_alive, bgbb.pmf, bgbb.draw, bgbb.simulate,
    scale_parameters=("beta", "delta"), table="period_summary", unit="periods",
)  # fmt: skip

#: Every model of purchases, by its key.
MODELS = {
    model.key: model
    for model in (
        _beta_geometric("bgnbd", "BG/NBD", False, "Fader, Hardie & Lee (2005), Marketing Science 24(2)"),
        _beta_geometric(
            "mbgnbd", "MBG/NBD", True, "Batislam, Denizel & Filiztekin (2007), Int. Journal of Research in Marketing 24"
        ),
        _PARETO_NBD,
        _BGBB,
    )
}
