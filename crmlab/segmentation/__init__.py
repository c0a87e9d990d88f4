"""Segmentation: who the customers are, seen from what they are worth to us.

Resources are limited, so customers are told apart before they are cared for. This package scores customers on recency,
frequency and monetary value, and forms segments of customers who are alike. It reads orders, or one row per customer, and
returns one row per customer; it knows neither how long they will stay (see ``btyd`` and ``retention``) nor what to offer
them. Inside: ``rfm`` holds the scores and their cells; ``segments`` forms segments, by the methods in ``kmeans``, ``mixture``
and ``latent_classes``; ``compare`` asks whether they exist (``existence``) and come back (``stability``); ``profile`` says
who is in them; ``clouds`` draws what a bet on noise shows.
"""

from crmlab.segmentation.clouds import simulate_clouds
from crmlab.segmentation.compare import SegmentComparison, compare_k
from crmlab.segmentation.profile import SegmentProfile, profile
from crmlab.segmentation.rfm import plot_rfm, rfm_grid, rfm_scores
from crmlab.segmentation.segments import SegmentFit, fit_segments
from crmlab.segmentation.stability import adjusted_rand

__all__ = [
    "SegmentComparison", "SegmentFit", "SegmentProfile", "adjusted_rand", "compare_k", "fit_segments", "plot_rfm", "profile",
    "rfm_grid", "rfm_scores", "simulate_clouds",
]  # fmt: skip
