"""The store: where the tables of a firm lie, how they are written, and whether they are as they were written.

The default firm lies in the kit's folder ``datasets``, or inside the package where that was installed with pip. Any other
firm is simulated when first asked for and kept in a folder of the user's own. A manifest beside the tables knows the hash
of each. This room reads and writes whole tables; which names a user may ask for stands in ``loading``.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import warnings
from importlib import resources
from pathlib import Path

import pandas as pd

from crmlab import __version__, _manifest, world
from crmlab._write import atomic_folder
from crmlab.errors import CrmlabWarning, DataError
from crmlab.world.firm import read as _read_table
from crmlab.world.firm import write as _write_table
from crmlab.world.presets import industry as _preset

DEFAULT = "retailer"
SEED = 1
#: What a table raises that is lost, cut short, changed since, or cannot be read or written.
DAMAGE = (OSError, ValueError)
_MONTHS = {"rebate_site-v1": 72}  # six years of a yearly coin; every other firm lives for 36 months
_TEXT = "contact_records"  # as a CSV file: that is how such a mess arrives


def _kit_folder() -> Path:
    """Return the folder of the default firm: inside an installed package, else beside that of a checkout."""
    packed = Path(str(resources.files("crmlab.datasets"))) / "kit"
    return packed if (packed / _manifest.NAME).exists() else Path(__file__).resolve().parents[2] / "datasets"


KIT = _kit_folder()


def file_name(name: str) -> str:
    """Return the file of a table within the folder of its firm.

    >>> file_name("orders"), file_name("truth_months"), file_name("contact_records")
    ('orders.parquet', 'truth/months.parquet', 'contact_records.csv')
    """
    if name == _TEXT:
        return f"{name}.csv"
    return f"truth/{name.removeprefix('truth_')}.parquet" if name.startswith("truth_") else f"{name}.parquet"


def table(name: str, industry: str) -> pd.DataFrame:
    """Return a table of an industry's firm, whose name is known to exist."""
    version = _preset(industry).name
    if version == _preset(DEFAULT).name and (KIT / _manifest.NAME).exists():
        return kit_table(name, "Write the data sets again: `crmlab data`.")
    try:
        folder = cached_firm(version)
        try:
            return read_table(folder, name)
        except DAMAGE:
            shutil.rmtree(folder)
            kept = read_table(cached_firm(version), name)
    except DAMAGE as error:
        _warn(
            f"the tables of {version} cannot be kept in {cache()} ({reason(error)}) and are simulated in memory; to keep them, "
            "name a folder that you may write to, on a disk with room, in the environment variable CRMLAB_CACHE."
        )
        firm = _firm_in_memory(version)
        return firm.truth[name.removeprefix("truth_")] if name.startswith("truth_") else firm[name]
    _warn(f"the tables of {version} in {folder} were damaged and are made again; CRMLAB_CACHE can name another place.")
    return kept


def kit_table(name: str, remedy: str) -> pd.DataFrame:
    """Return a table that lies in the kit's folder; ``remedy`` says what to do if it is not as it was written."""
    try:
        return read_table(KIT, name)
    except DAMAGE as error:
        raise DataError(f"{KIT / file_name(name)} is damaged ({reason(error)}). {remedy}") from None


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table from the folder of a firm; one of ``DAMAGE`` if it is not as it was written."""
    file = file_name(name)
    _manifest.check(folder, [file])
    if name == _TEXT:
        # only an empty cell is missing: Nan is a given name
        records = pd.read_csv(folder / file, dtype="str", keep_default_na=False, na_values=[""], parse_dates=["created"])
        return records.astype({"created": "datetime64[us]"})
    return _read_table(folder / file, name)


def reason(error: Exception) -> str:
    """Return what is wrong, without the path that the message names itself."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _warn(text: str) -> None:
    warnings.warn(text, CrmlabWarning, stacklevel=4)  # where the user asks for the table


def cached_firm(version: str) -> Path:
    """Return the folder of a firm's tables; the firm is simulated if nobody has done so yet.

    Two processes may do so at once: each writes a folder of its own, and the first to finish gives it its name.
    """
    folder = cache() / __version__ / version
    if not folder.exists():
        try:
            with atomic_folder(folder) as draft:
                _manifest.write(draft, write_firm(draft, version))
        except OSError:
            if not (folder / _manifest.NAME).exists():  # else another process was quicker
                raise
    return folder


@functools.cache
def _firm_in_memory(version: str) -> world.Firm:
    return simulate_firm(version)


def cache() -> Path:
    """Return the folder for what can be made again: that named by ``CRMLAB_CACHE``, or the system's usual place."""
    if named := os.environ.get("CRMLAB_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "crmlab"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "crmlab"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "crmlab"


def simulate_firm(version: str) -> world.Firm:
    """Simulate the one firm of its kind that ``load`` brings."""
    return world.simulate(version, months=_MONTHS.get(version, 36), seed=SEED)


def write_firm(folder: Path, version: str) -> list[str]:
    """Simulate a firm and write its tables; return the files, by their paths within the folder."""
    firm = simulate_firm(version)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    names = (*firm, *(f"truth_{name}" for name in firm.truth))
    for name in names:
        path = folder / file_name(name)
        if name == _TEXT:
            firm[name].to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n")
        else:
            _write_table(firm, name, path)
    return list(map(file_name, names))
