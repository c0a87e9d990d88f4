"""Run by the kernel of a lesson before its first cell: no progress bars (TQDM_DISABLE does not reach those of notebooks)."""

from functools import partialmethod

from tqdm.notebook import tqdm

tqdm.__init__ = partialmethod(tqdm.__init__, disable=True)
del partialmethod, tqdm
