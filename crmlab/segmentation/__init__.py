"""Segmentation: who the customers are, seen from what they are worth to us.

Resources are limited, so customers are told apart before they are cared for. This package scores customers, sets the parts
of their value side by side, forms segments of customers who are alike, and chooses whom to contact. It reads orders and other
tables, and returns one row per customer; it knows neither how long they will stay (see ``btyd`` and ``retention``) nor what
to offer them. Inside: ``views`` (groups given from outside), ``rfm`` (scores and their cells), ``named_groups``, ``movement``
(who moved between two days), ``indicators``, ``judgements`` and ``value_scores`` (value and its weights), ``portfolio`` (the
value matrix), ``choosing`` (targets under a budget); ``segments`` forms segments, by the methods in ``kmeans``, ``mixture``
and ``latent_classes``; ``compare`` asks whether they exist (``existence``) and come back (``stability``); ``profile`` says
who is in them; ``clouds`` draws what a bet on noise shows.
"""

from crmlab.segmentation.choosing import Targets, choose_targets
from crmlab.segmentation.clouds import simulate_clouds
from crmlab.segmentation.compare import SegmentComparison, compare_k
from crmlab.segmentation.indicators import ValueIndicators, value_indicators
from crmlab.segmentation.judgements import Judgements, ahp
from crmlab.segmentation.movement import Migration, migration
from crmlab.segmentation.named_groups import NAMED_GROUPS, NamedGroup, group_values, plot_groups, rfm_groups
from crmlab.segmentation.portfolio import ValueMatrix, value_matrix
from crmlab.segmentation.profile import SegmentProfile, profile
from crmlab.segmentation.rfm import plot_rfm, rfm_grid, rfm_scores
from crmlab.segmentation.segments import SegmentFit, fit_segments
from crmlab.segmentation.stability import adjusted_rand
from crmlab.segmentation.value_scores import ValueScore, value_score
from crmlab.segmentation.views import CustomerGroups, identify

__all__ = [
    "NAMED_GROUPS", "CustomerGroups", "Judgements", "Migration", "NamedGroup", "SegmentComparison", "SegmentFit",
    "SegmentProfile", "Targets", "ValueIndicators", "ValueMatrix", "ValueScore", "adjusted_rand", "ahp", "choose_targets",
    "compare_k", "fit_segments", "group_values", "identify", "migration", "plot_groups", "plot_rfm", "profile", "rfm_grid",
    "rfm_groups", "rfm_scores", "simulate_clouds", "value_indicators", "value_matrix", "value_score",
]  # fmt: skip
