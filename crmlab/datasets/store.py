"""The store: where the tables of a firm lie, how they are written, and whether they are as they were written.

The default firm lies in the kit's folder ``datasets``, or inside the package where that was installed with pip. Any other
firm is simulated when first asked for and kept in a folder of the user's own. A manifest beside the tables knows the hash
of each. This room reads and writes whole tables; which names a user may ask for stands in ``loading``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
import uuid
import warnings
from importlib import resources
from pathlib import Path

import pandas as pd

from crmlab import __version__, world
from crmlab._write import atomic_write, replace
from crmlab.errors import CrmlabWarning, DataError
from crmlab.world.firm import read as _read_table
from crmlab.world.firm import write as _write_table
from crmlab.world.presets import industry as _preset

DEFAULT = "retailer"
SEED = 1
MANIFEST = "manifest.json"
_MONTHS = {"rebate_site-v1": 72}  # six years of a yearly coin; every other firm lives for 36 months
_TEXT = "contact_records"  # as a CSV file: that is how such a mess arrives
_HOUR = 3600


def _kit_folder() -> Path:
    """Return the folder of the default firm: inside an installed package, else beside that of a checkout."""
    packed = Path(str(resources.files("crmlab.datasets"))) / "kit"
    return packed if (packed / MANIFEST).exists() else Path(__file__).resolve().parents[2] / "datasets"


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
    folder = KIT if version == _preset(DEFAULT).name and (KIT / MANIFEST).exists() else cached_firm(version)
    try:
        return read_table(folder, name)
    except (OSError, ValueError, KeyError) as error:  # missing, cut short, or changed: the manifest knows the right content
        if folder == KIT:
            message = f"{folder / file_name(name)} is damaged ({error}). Write the data sets again: `crmlab data`."
            raise DataError(message) from None
    warnings.warn(f"the kept tables of {version} were damaged and have been made again.", CrmlabWarning, stacklevel=3)
    shutil.rmtree(folder, ignore_errors=True)
    return read_table(cached_firm(version), name)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table from the folder of a firm; a ``ValueError`` if it is not as it was written."""
    file = file_name(name)
    content = (folder / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != json.loads((folder / MANIFEST).read_text(encoding="utf-8"))[file]:
        raise ValueError("its content is not what was written")
    if name == _TEXT:
        # only an empty cell is missing: Nan is a given name
        records = pd.read_csv(folder / file, dtype="str", keep_default_na=False, na_values=[""], parse_dates=["created"])
        return records.astype({"created": "datetime64[us]"})
    return _read_table(folder / file, name)


def cached_firm(version: str) -> Path:
    """Return the folder of a firm's tables; the firm is simulated if nobody has done so yet.

    Two processes may do so at once: each writes a folder of its own, and the first to finish gives it its name.
    """
    folder = cache() / __version__ / version
    if not (folder / MANIFEST).exists():
        for abandoned in folder.parent.glob(f".{version}-*"):  # of a killed process; a living one is done within the hour
            if time.time() - abandoned.stat().st_mtime > _HOUR:
                shutil.rmtree(abandoned, ignore_errors=True)
        draft = folder.with_name(f".{version}-{uuid.uuid4().hex}")
        try:
            draft.mkdir(parents=True)
            write_firm(draft, version)
            replace(draft, folder)
        except OSError as error:
            if not (folder / MANIFEST).exists():  # else another process was quicker
                raise DataError(
                    f"the tables of {version} could not be kept in {folder.parent} ({error.strerror}). Name a folder that you "
                    "may write to, and that no other program synchronises, in the environment variable CRMLAB_CACHE."
                ) from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder


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


def write_firm(folder: Path, version: str) -> None:
    """Simulate a firm and write its tables, with a manifest of what was written."""
    firm = simulate_firm(version)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    hashes = {}
    for name in (*firm, *(f"truth_{name}" for name in firm.truth)):
        path = folder / file_name(name)
        if name == _TEXT:
            firm[name].to_csv(path, index=False, date_format="%Y-%m-%d", lineterminator="\n")
        else:
            _write_table(firm, name, path)
        hashes[file_name(name)] = hashlib.sha256(path.read_bytes()).hexdigest()
    with atomic_write(folder / MANIFEST) as part:
        part.write_bytes((json.dumps(hashes, indent=1) + "\n").encode())
