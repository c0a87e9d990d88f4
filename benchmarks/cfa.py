"""The factor model beside semopy, and against lavaan: seconds in one run, and equality on tables nobody prepared.

Holzinger & Swineford (1939), three factors: ours with standard errors, fit indices and SRMR, semopy with what it
offers, each in a process and an environment of its own, in turn; the estimates are first checked to agree. If
``Rscript`` and lavaan are there, 24 random tables (five factors, 22 items, 200 to 500 rows, continuous or cut into seven
categories, some with improper solutions) are fitted by both, and the largest difference of every number is printed.

    python benchmarks/cfa.py
    python benchmarks/cfa.py --lavaan
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
COVARIANCE = HERE.parent / "tests" / "published" / "holzinger_cov.csv"
MODEL = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
SIZES = dict(zip("RATES", (5, 4, 4, 5, 4), strict=True))
SEMOPY = """
import json, sys, time
import numpy as np, pandas as pd, semopy
rows = pd.read_csv(sys.argv[1])
text = "visual =~ x1 + x2 + x3\\ntextual =~ x4 + x5 + x6\\nspeed =~ x7 + x8 + x9"
def fit():
    model = semopy.Model(text)
    model.fit(rows)
    return model.inspect(), semopy.calc_stats(model)
fit()
seconds = []
for _ in range(20):
    start = time.perf_counter()
    table, stats = fit()
    seconds.append(time.perf_counter() - start)
loads = table[table.op == "~"].Estimate.astype(float).tolist()
print(json.dumps({"seconds": sorted(seconds)[10], "loadings": loads, "chi2": float(stats["chi2"].iloc[0])}))
"""
LAVAAN = """
suppressMessages(library(lavaan))
folder <- commandArgs(TRUE)[1]
model <- paste(readLines(file.path(folder, "model.txt")), collapse = "\\n")
for (path in Sys.glob(file.path(folder, "*.csv"))) {
  rows <- read.csv(path)
  seconds <- system.time(fit <- suppressWarnings(cfa(model, data = rows)))[3]
  table <- suppressWarnings(parameterEstimates(fit)); standard <- suppressWarnings(standardizedSolution(fit))
  out <- data.frame(parameter = paste(table$lhs, table$op, table$rhs), estimate = table$est, std_error = table$se,
                    standardized = standard$est.std, standardized_std_error = standard$se)
  write.csv(out, sub("csv$", "table", path), row.names = FALSE)
  m <- fitMeasures(fit, c("chisq", "cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "srmr", "aic", "bic", "logl"))
  numbers <- c(seconds, as.integer(lavInspect(fit, "converged")), as.numeric(m))
  writeLines(format(numbers, digits = 15), sub("csv$", "fit", path))
}
"""


def rows_with(covariance, n):
    """Rows whose covariance (divisor n - 1) is exactly the given one: semopy takes rows only."""
    import numpy as np
    import pandas as pd

    noise = np.random.default_rng(0).standard_normal((n, len(covariance)))
    noise -= noise.mean(axis=0)
    noise = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False))).T
    return pd.DataFrame(noise @ np.linalg.cholesky(covariance).T, columns=covariance.columns)


def ours(path: str) -> None:
    """20 fits with everything that lavaan prints, in this process."""
    import pandas as pd

    from crmlab import measurement

    rows = pd.read_csv(path)

    def fit():
        cfa = measurement.fit_cfa(rows, MODEL)
        return cfa, (cfa.table, cfa.srmr, cfa.cfi, cfa.tli, cfa.rmsea_interval(), cfa.aic, cfa.bic)

    fit()
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        cfa, _ = fit()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), "loadings": cfa.loadings.estimate.to_list(), "chi2": cfa.chi2}))


def beside_semopy(runs: int) -> None:
    import pandas as pd

    with tempfile.TemporaryDirectory() as home:
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        python = f"{home}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "semopy"], check=True)
        rows = Path(home) / "rows.csv"
        rows_with(pd.read_csv(COVARIANCE, index_col=0), 301).to_csv(rows, index=False)
        script = Path(home) / "peer.py"
        script.write_text(SEMOPY, encoding="utf-8")
        runs_by_name = {"crmlab": [], "semopy": []}
        for _ in range(runs):
            for name, command in {"crmlab": [sys.executable, __file__, "--one"], "semopy": [python, str(script)]}.items():
                ran = subprocess.run([*command, str(rows)], capture_output=True, text=True, check=True)
                runs_by_name[name].append(json.loads(ran.stdout.strip().splitlines()[-1]))
    difference = max(abs(a - b) for a, b in zip(*(results[0]["loadings"] for results in runs_by_name.values()), strict=True))
    print(f"largest difference of a loading: {difference:.1e}\n\n| program | seconds a fit | chi2 |\n|---|---|---|")
    for name, results in runs_by_name.items():
        print(f"| {name} | {statistics.median(run['seconds'] for run in results):.4f} | {results[0]['chi2']:.3f} |")


def table(number: int):
    """A table that nobody prepared: size, strength, correlations, signs, cuts and units vary."""
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng([2024, number])
    n = (200, 300, 500, 220)[number % 4]
    lowest, highest = ((0.5, 0.9), (0.2, 0.8), (0.1, 0.95))[number % 3]
    correlation = draw.standard_normal((5, 3 + number % 5))
    correlation = correlation @ correlation.T + (0.3 if number % 2 else 1.0) * np.eye(5)
    correlation /= np.sqrt(np.outer(np.diag(correlation), np.diag(correlation)))
    factor = np.repeat(np.arange(5), list(SIZES.values()))
    loading = draw.uniform(lowest, highest, 22) * np.where(draw.random(22) < 0.2, -1, 1)
    quality = draw.multivariate_normal(np.zeros(5), correlation, n)
    rows = quality[:, factor] * loading + draw.standard_normal((n, 22)) * np.sqrt(1 - loading**2)
    if number % 4:
        rows = np.clip(np.round(4 + 1.3 * rows), 1, 7)
    if number % 6 == 5:
        rows = rows * draw.uniform(0.1, 20, 22)
    return pd.DataFrame(rows, columns=[f"{name}{k + 1}" for name, size in SIZES.items() for k in range(size)])


def against_lavaan(count: int) -> None:
    import numpy as np
    import pandas as pd

    from crmlab import measurement

    model = {f"F{place}": [f"{name}{k + 1}" for k in range(size)] for place, (name, size) in enumerate(SIZES.items())}
    print(
        "| table | rows | chi2 | fit | estimates | errors | standardised | their errors | ours s | lavaan s | |\n"
        + "|---" * 11
        + "|"
    )
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(f"{factor} =~ {' + '.join(items)}" for factor, items in model.items())
        (Path(folder) / "model.txt").write_text(text + "\n", encoding="utf-8")
        for number in range(count):
            table(number).to_csv(Path(folder) / f"{number:02d}.csv", index=False)
        script = Path(folder) / "peer.R"
        script.write_text(LAVAAN, encoding="utf-8")
        subprocess.run(["Rscript", str(script), folder], check=True, stdout=subprocess.DEVNULL)
        for number in range(count):
            rows = pd.read_csv(Path(folder) / f"{number:02d}.csv")
            theirs = pd.read_csv(Path(folder) / f"{number:02d}.table").set_index("parameter")
            seconds, converged, *measures = map(float, (Path(folder) / f"{number:02d}.fit").read_text().split())
            start = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fit = measurement.fit_cfa(rows, model)
            estimates = fit.table.set_index("parameter")
            took = time.perf_counter() - start
            indices = [fit.chi2, fit.cfi, fit.tli, fit.rmsea, *fit.rmsea_interval(), fit.srmr, fit.aic, fit.bic, fit.loglik]
            lavaan = theirs.loc[estimates.index]
            differences = ((estimates - lavaan).abs() / np.maximum(1, lavaan.abs())).max()
            worst = max(abs(a - b) for a, b in zip(indices, measures, strict=True))
            note = fit.improper[0] if fit.improper else "" if converged else "lavaan did not converge"
            print(f"| {number} | {len(rows)} | {fit.chi2:.3f} | {worst:.0e} | "
                f"{' | '.join(f'{value:.0e}' for value in differences)} | "
                  f"{took:.3f} | {seconds:.3f} | {note} |")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--lavaan", action="store_true", help="against lavaan, which must be installed in R")
    parser.add_argument("--tables", type=int, default=24)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        ours(arguments.one)
    elif arguments.lavaan:
        against_lavaan(arguments.tables)
    else:
        beside_semopy(arguments.runs)
