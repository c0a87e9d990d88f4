"""Weights model: customers in the order of three weighted indicators, and what the weights change.

Indicators are ranked as by ``segmentation.value_score``, in whole numbers here, so that the page, ``weights.js``, puts
everybody in the same place to the last digit. The widget itself is ``weights_view``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab import _check, segmentation
from crmlab.errors import ArgumentError, DataError

QUESTION = "How much does each part of a customer's value count?"
START = (34, 33, 33)  # per cent: equal, as far as whole numbers go
_MOST, _LONGEST = 1_000, 12  # rows, and letters of a label


@dataclass(frozen=True, slots=True, eq=False)
class WeightsModel:
    """What a triangle of weights moves.

    Attributes
    ----------
    customers : DataFrame
        ``customer_id, name``, by id.
    ranks : ndarray of int, shape (n, 3)
        Twice the rank of each by each indicator, less 1: with n customers, 2 n times the share of rank.
    labels : tuple of str
    top, shown : int
    key : str
    """

    customers: pd.DataFrame
    ranks: np.ndarray
    labels: tuple[str, ...]
    top: int
    shown: int
    key: str

    def order(self, weights: Sequence[int]) -> np.ndarray:
        """Return the rows of the customers, the most valuable first; of equal ones the smaller id."""
        return np.argsort(-(self.ranks @ np.array(weights)), kind="stable")

    def stay(self, first: Sequence[int], weights: Sequence[int]) -> int:
        """Count the best by the first weights who are among the best by others."""
        return len(set(self.order(first)[: self.top]) & set(self.order(weights)[: self.top]))

    def table(self, first: Sequence[int], weights: Sequence[int]) -> pd.DataFrame:
        """Return the best: ``place, customer_id, name, score`` and their ``first_place``."""
        order = self.order(weights)[: self.top]
        places = np.argsort(self.order(first), kind="stable") + 1
        score = (self.ranks[order] @ np.array(weights)) / (200 * len(self.ranks))
        rows = self.customers.iloc[order].reset_index(drop=True)
        rows.insert(0, "place", np.arange(1, len(rows) + 1))
        return rows.assign(score=score, first_place=places[order])

    def check_values(self, values: object) -> list[int]:
        """Return ``values`` if they are three weights in whole per cent."""
        weights = [_check.integer("values", value, 0, 100) for value in values] if isinstance(values, list | tuple) else []
        if len(weights) != len(self.labels) or sum(weights) != 100:
            raise ArgumentError(f"`values` must be three weights in per cent that add up to 100; they are {values!r}.")
        return weights


def weights_model(indicators: object, labels: object, top: object, shown: object, key: object) -> WeightsModel:
    """Check indicators and bring customers, ranks and labels together."""
    frame = _check.frame("indicators", indicators, "Give `value_indicators(...).table`.")
    columns = [str(name) for name in frame.columns if name not in ("customer_id", "name")]
    if len(columns) != len(START):
        raise DataError(
            f"the indicators table must have three columns beside `customer_id` and `name`; it has {len(columns)}: "
            f"{', '.join(columns) or 'none'}. Choose three."
        )
    scaled = segmentation.value_score(frame[[each for each in frame.columns if each != "name"]]).scaled
    top = _check.integer("top", top, 1)
    if not top < len(frame) <= _MOST:
        remedy = (
            "Keep those of whom you decide, such as who bought of late, or draw some with `.sample(300, random_state=1)`."
            if len(frame) > top
            else "Give more customers, or a smaller `top`."
        )
        raise DataError(
            f"the indicators table has {len(frame):,} rows; it must have more than `top`, {top}, and at most {_MOST:,}. "
            f"{remedy}"
        )
    names = frame["name"] if "name" in frame else frame["customer_id"]
    if names.isna().any():
        raise DataError(f"column `name` of the indicators table is missing in {names.isna().sum():,} rows. Fill it in.")
    if not isinstance(key, str):
        raise ArgumentError(f"`key` must be a text; it is {key!r}.")
    customers = pd.DataFrame({"customer_id": frame["customer_id"].to_numpy(), "name": names.astype(str).to_numpy()})
    by_id = customers.sort_values("customer_id", kind="stable").index.to_numpy()
    ranks = np.rint(2 * len(frame) * scaled.to_numpy()).astype(int)[by_id]
    return WeightsModel(
        customers.loc[by_id].reset_index(drop=True), ranks, _check_labels(labels), top, _check.integer("shown", shown, 1, top),
        key or QUESTION,
    )  # fmt: skip


def _check_labels(labels: object) -> tuple[str, ...]:
    texts = tuple(labels) if isinstance(labels, list | tuple) else ()
    if len(texts) != len(START) or not all(isinstance(text, str) and 0 < len(text) <= _LONGEST for text in texts):
        raise ArgumentError(f"`labels` must be three texts of at most {_LONGEST} letters; they are {labels!r}.")
    return texts


def shares(labels: Sequence[str], weights: Sequence[int]) -> str:
    """Say how much each indicator counts."""
    said = ", ".join(f"{label} {weight} %" for label, weight in zip(labels, weights, strict=True))
    return said[0].upper() + said[1:]


def finding(model: WeightsModel, weights: Sequence[int], first: Sequence[int] | None) -> str:
    """Say how much each indicator counts, and how many of the first list, or of that by equal weights, stay."""
    stay, whose = model.stay(first or START, weights), "of my first" if first else "of the"
    return f"{shares(model.labels, weights)}: {stay} {whose} {model.top} best{'' if first else ' by equal weights'} stay"
