"""Maximum likelihood: fit any model of customers whose log-likelihood comes with two derivatives.

A topic says what its model is (``Model``: names, log-likelihood with score and Hessian, starting points); this package reads
arrays with a row per customer, counts equal rows once, climbs to the maximum, examines it, and returns an ``Estimate``, of
which a topic makes its ``Fit``. It knows no topic and checks no user's table: that is done at the door of each topic.

Parameters are positive, and everything is done on their logarithms, where a log-likelihood is nearer to a parabola.
"""

from crmlab._likelihood.estimate import Estimate, Fit
from crmlab._likelihood.maximum import Likelihood, check_convergence, maximise, newton_trust_region
from crmlab._likelihood.model import (
    LoglikScoreHessian,
    Model,
    Observations,
    customer_parameters,
    group_observations,
    log_prior,
    standardize,
    unique_rows,
)

__all__ = [
    "Estimate",
    "Fit",
    "Likelihood",
    "LoglikScoreHessian",
    "Model",
    "Observations",
    "check_convergence",
    "customer_parameters",
    "group_observations",
    "log_prior",
    "maximise",
    "newton_trust_region",
    "standardize",
    "unique_rows",
]
