"""One run of leadforge for ``world.py``, in an environment of its own: simulate N leads, print one JSON line."""

import json
import resource
import sys
import time

import leadforge.simulation.engine
import leadforge.simulation.population
import leadforge.structure.sampler  # noqa: F401  (it would be imported inside the measured time)
from leadforge.api import Generator
from leadforge.render.relational import to_dataframes

leads, seed = int(sys.argv[1]), int(sys.argv[2])
# accounts and contacts in the ratio of its own recipe; alone, `n_leads` would leave them at their defaults
sizes = {"n_leads": leads, "n_accounts": max(1, round(0.3 * leads)), "n_contacts": max(1, round(0.84 * leads))}
start = time.perf_counter()
made = Generator.from_recipe("b2b_saas_procurement_v1", seed=seed, exposure_mode="research_instructor", **sizes).generate()
rows = sum(len(table) for table in to_dataframes(made.simulation_result, made.population).values())
seconds = time.perf_counter() - start
print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
