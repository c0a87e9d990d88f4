"""Information: how well the probabilities of latent classes are known.

Standard errors come from the observed information on the scale of logits, where a log-likelihood is nearest to a parabola. An
estimate at the boundary has none, and neither has a direction in which the data say nothing; both are empty. It reads a
solution with the rows that made it, and returns errors.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag

from crmlab.segmentation.latent_classes import ClassSolution, indicators

_BOUNDARY = 0.05  # customers expected in a category, or outside it: with fewer, no parabola surrounds the estimate
_FLAT = 1e-7  # eigenvalue of the information per customer, below which the data say nothing
_MOVES = 1e-3  # change of a probability per step in such a direction, from which it is not known


def standard_errors(solution: ClassSolution, values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return standard errors of the shares (k,) and of the probabilities (k, q); NaN where nothing is known.

    The covariance of the probabilities is J I⁺ J, with the information I by the logits of all categories and the Jacobian J
    of probabilities by logits. A constant added to all logits of a column moves no probability, so I⁺ leaves it out.
    """
    k, q = solution.centres.shape
    probability = np.concatenate([solution.shares, solution.centres.ravel()])
    customers = weight.sum() * np.concatenate([np.ones(k), np.repeat(solution.shares, q)])
    free = np.minimum(probability, 1 - probability) * customers >= _BOUNDARY
    jacobian = _jacobian(solution)[np.ix_(free, free)]
    information = _information(solution, values, weight)[np.ix_(free, free)]
    eigenvalues, eigenvectors = np.linalg.eigh(information)
    is_known = eigenvalues > _FLAT * weight.sum()
    moves = jacobian @ eigenvectors
    variance = (moves[:, is_known] ** 2 / eigenvalues[is_known]).sum(axis=1)
    variance[(np.abs(moves[:, ~is_known]) > _MOVES).any(axis=1)] = np.nan
    errors = np.full(probability.size, np.nan)
    errors[free] = np.sqrt(variance)
    return errors[:k], errors[k:].reshape(k, q)


def _jacobian(solution: ClassSolution) -> np.ndarray:
    """Return the derivatives of all probabilities by their logits: diag(p) - p p' for the shares and each column."""
    edges = np.cumsum(solution.sizes)[:-1]
    groups = [solution.shares, *(group for row in solution.centres for group in np.split(row, edges))]
    return block_diag(*(np.diag(group) - np.outer(group, group) for group in groups))


def _information(solution: ClassSolution, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return minus the second derivatives of the log-likelihood by all logits (Louis 1982), shape (k + k q, k + k q).

    What the complete data would tell, less what is lost because nobody's class is known.
    """
    k, q = solution.centres.shape
    posterior, design = solution.posterior(values), indicators(values, solution.sizes)[:, 1:]
    complete = _jacobian(solution) * weight.sum()
    scores, lost = np.empty((len(values), k + k * q)), np.zeros_like(complete)
    scores[:, :k] = posterior - solution.shares
    for segment in range(k):
        items = slice(k + segment * q, k + (segment + 1) * q)
        complete[items, items] *= solution.shares[segment]
        centred = design - solution.centres[segment]
        scores[:, items] = posterior[:, [segment]] * centred
        counts = (weight * posterior[:, segment])[:, None]
        from_share = np.eye(k)[segment] - solution.shares
        lost[:k, :k] += counts.sum() * np.outer(from_share, from_share)
        lost[:k, items] += np.outer(from_share, (counts * centred).sum(axis=0))
        lost[items, items] += (counts * centred).T @ centred
    lost[k:, :k] = lost[:k, k:].T
    return complete - (lost - (weight[:, None] * scores).T @ scores)
