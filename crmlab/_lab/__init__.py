"""What ``lab.py`` does: the set-up, from a bare Python to an environment in which everything runs.

``lab.py`` is the door: it parses on any Python and says which versions will do. Behind it, these modules make ``.venv`` and
``.tools``, say in one sentence what went wrong, and hand over to JupyterLab, pytest or crmlab. They run before anything is
installed, so they import the standard library and ``crmlab._write``, and nothing else. What crmlab itself can do is not
known here.
"""
