"""Segmentation: who the customers are, seen from what they are worth to us.

Resources are limited, so customers are told apart before they are cared for. This package scores customers on recency,
frequency and monetary value. It reads orders and returns one row per customer; it knows neither how long they will stay
(see ``btyd`` and ``retention``) nor what to offer them. Inside: ``rfm`` holds the scores and their cells.
"""

from crmlab.segmentation.rfm import plot_rfm, rfm_grid, rfm_scores

__all__ = ["plot_rfm", "rfm_grid", "rfm_scores"]
