"""crmlab: a research and teaching kit for customer relationship management.

A topic is one word: ``from crmlab import btyd`` brings the module of that name, and the lesson,
the exercise and the tests carry the same word. Nothing is imported before it is used, so that
``import crmlab`` costs next to nothing.
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.10.0"

TOPICS = ("segmentation", "development", "satisfaction", "retention", "loyalty", "btyd")
_ROOMS = (
    *TOPICS, "claims", "course", "datasets", "environment", "errors", "exercise", "glossary", "lessons", "measurement",
    "report", "site", "tables", "widgets", "world",
)  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return import_module(f"crmlab.{name}")
    raise AttributeError(f"module 'crmlab' has no attribute {name!r}; it has {', '.join(_ROOMS)}")


def __dir__() -> list[str]:
    return [*_ROOMS, "TOPICS", "__version__"]
