#!/usr/bin/env python3
"""Set up crmlab and open it. Needs Python 3.11 to 3.14 and nothing else.

  python lab.py                       set up what is missing, then open JupyterLab on your own copies of the lessons, in my/
      --no-browser                    print the address instead of opening a browser
      --port N                        use this port (without it, a free one is found)
      --originals                     for authors: open the lessons themselves
  python lab.py test                  set up what is missing, then run the tests
      --long                          also those that take long
      PYTEST OPTION ...               as for pytest, e.g. tests/test_btyd.py -k rfm
  python lab.py setup                 set up only
  python lab.py WORD ...              the same as the command `crmlab WORD ...`, e.g. report orders.csv, restore 01
  python lab.py nbgrader WORD ...     nbgrader, for courses that use it: set up once, and apart from JupyterLab
  python lab.py lock [UV OPTION]      for maintainers: resolve all requirements, write the locks and environment.yml

Everything goes into .venv and .tools beside this file: to undo a set-up, delete the two folders. What you
work on lies in my: keep that folder when a new release comes.
CRMLAB_NO_UV=1 installs with pip instead of the faster uv.
"""

# This file parses on every Python, so that a too old one gets the sentence below instead of a SyntaxError: no f-strings,
# no annotations, and nothing imported that an old Python lacks. What it does stands in crmlab/_lab.
# ruff: noqa: UP031
import os
import sys

OLDEST, TOO_NEW = (3, 11), (3, 15)  # requires-python of pyproject.toml; a test holds them equal
ROOT = os.path.dirname(os.path.abspath(__file__))

if not OLDEST <= tuple(sys.version_info[:2]) < TOO_NEW:
    sys.exit(
        "crmlab runs on Python 3.11 to 3.14, but this is Python %d.%d (%s): install one of those and start lab.py "
        "with it, for instance: python3.13 lab.py" % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
if not os.path.isdir(os.path.join(ROOT, "crmlab", "_lab")):
    sys.exit("lab.py is a part of crmlab and does nothing without the folder crmlab beside it: get the whole kit.")

if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    from crmlab._lab import commands

    commands.start(ROOT, sys.argv[1:], __doc__)
