"""Data sets: the tables of the default firm, those of other industries, and a reader for yours.

``load`` brings a table of a simulated firm, ``truth`` what nobody at that firm can see; the default firm
comes with the kit, others are simulated when first asked for and kept. ``read`` takes a file as it is
out there, in whatever encoding and number format, and returns the clean rows together with those it
had to set aside, each with its line and the reason. This room knows where tables lie and which rows
are good; what a column means stands in ``tables`` (``tables.describe("orders")``), how a file is opened in
``_files``, how a date or a number is written in ``_parse``, how a firm is made in ``world``.
"""

from crmlab.datasets.building import WHAT_IF, build
from crmlab.datasets.loading import load, names, truth
from crmlab.datasets.reading import Reading, read

__all__ = ["WHAT_IF", "Reading", "build", "load", "names", "read", "truth"]
