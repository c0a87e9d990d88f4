"""Measurement: how well the items of a scale measure what they should.

A scale asks for one thing with several items. This room says how much of a score is signal (reliability), whether
items hang together as they were planned (confirmatory factor analysis), what structure they show without a plan
(exploratory), and how ordered categories would correlate if they had not been cut (polychoric correlations). It
reads tables of keyed answers, or covariance matrices, of any scale of any topic; how a questionnaire becomes keyed
answers, and what its scores are good for, is known in the topics (see ``satisfaction``).
"""

from crmlab.measurement.cfa import CFAFit, fit_cfa
from crmlab.measurement.consistency import Reliability, difference_reliability, reliability
from crmlab.measurement.efa import EFAFit, fit_efa
from crmlab.measurement.ordinal import Polychoric, polychoric
from crmlab.measurement.parallel import ParallelAnalysis, parallel_analysis

__all__ = [
    "CFAFit",
    "EFAFit",
    "ParallelAnalysis",
    "Polychoric",
    "Reliability",
    "difference_reliability",
    "fit_cfa",
    "fit_efa",
    "parallel_analysis",
    "polychoric",
    "reliability",
]
