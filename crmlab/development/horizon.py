"""The next days of a chain: the chance to be won within so many days, from each stage and age in it.

Everything here is a function of arrays with a leading axis of B copies (draws of the chances). Stays are counted in days: on
each day a deal may leave its stage, enter the next the same day and leave that, too. What is made of the chances is known in
``pipeline_model``.
"""

from __future__ import annotations

import numpy as np


def win_within(hazards: np.ndarray, starts: np.ndarray, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance to be won within some days, by age today and, for deals that just come, by days that are left.

    Parameters
    ----------
    hazards : ndarray, shape (B, S, A, S + 2)
        Chances of a day, by class of age; place S is won.
    starts : ndarray of int, shape (S, A)
        Ages at which classes begin.
    days : int
        How many days count.

    Returns
    -------
    by_age : ndarray, shape (B, S, M)
        Of a deal that has age m on the first of the days; the last m stands for all older ones.
    fresh : ndarray, shape (B, days + 1, S)
        Of a deal that enters a stage on a day when so many days are left, this one counted; none: 0.

    Notes
    -----
    With t days left u_t(s, m) = sum_j h_j w_t(j) + (1 - sum_j h_j) u_(t-1)(s, m + 1), where w_t(j) is 1 for won, 0 for lost
    and u_t(j, 0) for a stage.
    """
    b, s = hazards.shape[:2]
    oldest = int(starts[:, -1].max())
    class_of = (np.arange(oldest + 1)[None, :, None] >= starts[:, None, 1:]).sum(axis=2)  # (S, M)
    stages = np.arange(s)[:, None]
    remains = 1 - hazards.sum(axis=-1)
    first = class_of[:, 0]
    at_once = hazards[:, np.arange(s), first]  # (B, S, S + 2): on the day of entering
    inverse = np.linalg.inv(np.eye(s) - at_once[..., :s])
    by_age, fresh = np.zeros((b, s, oldest + 1)), np.zeros((b, days + 1, s))
    for left in range(1, days + 1):
        older = np.concatenate([by_age[..., 1:], by_age[..., -1:]], axis=-1)
        begun = at_once[..., s] + remains[:, np.arange(s), first] * older[..., 0]
        fresh[:, left] = (inverse @ begun[..., None])[..., 0]
        onward = hazards[..., s] + (hazards[..., :s] @ fresh[:, left, None, :, None])[..., 0]
        by_age = onward[:, stages, class_of] + remains[:, stages, class_of] * older
    return by_age, fresh
