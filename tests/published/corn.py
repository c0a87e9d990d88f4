"""Corn: yields and nitrogen in the soil, as Fuller (1987) prints them.

Fuller, Measurement error models, Wiley 1987, table 1.2.1 and example 1.2.1: eleven sites in Iowa. The variance of the error
with which nitrogen is measured, from samples of the soil and of the laboratory, is 57.
"""

import numpy as np

#: Nitrogen in the soil, yield of corn.
CORN = np.array(
    [(70, 86), (97, 115), (53, 90), (64, 86), (95, 110), (64, 91), (50, 99), (70, 96), (94, 99), (69, 104), (51, 96)]
)
NITROGEN_NOISE = 57.0
SLOPE = 0.4232
