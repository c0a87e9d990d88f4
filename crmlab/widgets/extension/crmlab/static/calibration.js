// The page of `calibration`: of what a reader was 80 % sure of, how much came true. It reads `entries`, the reader's journal.

const STYLE = `
.crmlab-calibration { max-width: 760px; }
.crmlab-calibration table { border-collapse: collapse; font-size: 13px; width: 100%; margin-top: 8px; }
.crmlab-calibration :is(th, td) { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--grid);
  vertical-align: top; }
@container (max-width: 520px) { /* one block for each question */
  .crmlab-calibration :is(table, tbody, tr, td) { display: block; border: 0; padding: 0; }
  .crmlab-calibration thead { display: none; }
  .crmlab-calibration tr { border-bottom: 1px solid var(--grid); padding: 6px 0; }
  .crmlab-calibration td:first-child { font-weight: 600; }
  .crmlab-calibration td:nth-child(n + 2)::before { content: attr(data-head) ": "; }
}`;

const LEVELS = [50, 60, 70, 80, 90, 100], FEWEST = 10; // decisions until anything can be said
const Z = 1.959963984540054;

// Wilson's interval of a share, in per cent.
function wilson(hits, n) {
  const share = hits / n, centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n);
  const half = Z / (1 + Z * Z / n) * Math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
  return [100 * Math.max(0, centre - half), 100 * Math.min(1, centre + half)];
}

// The last decision on each question, and what they say together.
function calibrationOf(entries) {
  const decisions = [...new Map(entries.filter(({ kind }) => kind === "decision").map((entry) => [entry.key, entry])).values()];
  const groups = LEVELS.map((level) => {
    const group = decisions.filter(({ confidence }) => confidence === level), hits = group.filter(({ right }) => right).length;
    return { level, n: group.length, hits };
  }).filter(({ n }) => n);
  const n = decisions.length, hits = decisions.filter(({ right }) => right).length;
  return { decisions, groups, n, hits, sure: n ? mean(decisions.map(({ confidence }) => confidence)) : 0 };
}

function finding({ n, hits, sure }) {
  if (!n) return "You have not decided anything yet";
  const came = `In ${hits} of your ${n} decision${n === 1 ? "" : "s"} nothing else did better`;
  if (n < FEWEST) return `${came}: too few to say how well you judge yourself`;
  const [low, high] = wilson(hits, n), average = `you were ${sure.toFixed(0)} % sure on average`;
  if (sure > high) return `${came}; ${average}: surer than right`;
  if (sure < low) return `${came}; ${average}: more often right than you thought`;
  return `${came}; ${average}: no difference can be told`;
}

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "calibration", STYLE), title = make("p", host, { class: "title" });
  const place = make("div", host, { class: "chart" }), chart = makeChart(place, data.axes), reading = make("p", host);
  const table = make("div", host);
  function draw() {
    const entries = model.get("entries"), result = calibrationOf(entries), { groups } = result;
    title.textContent = finding(result);
    const words = groups.map((group) => `of ${group.n} that you were ${group.level} % sure of, ${group.hits} came true`);
    chart.draw(layersOf(groups), `${words.join("; ") || "Nothing on it yet"}.`);
    reading.textContent = `${capital(words.join("; ") || "decide something in a lesson, and it will stand here")}.`;
    table.replaceChildren();
    drawTable(table, result.decisions, entries.filter(({ kind }) => kind === "guess"));
  }
  return follow(model, "entries", place, () => { chart.layOut(); draw(); }, draw);
}

function layersOf(groups) {
  const diagonal = { kind: "line", name: "as sure as right", colour: "pale", dashed: true, x: [50, 100], y: [50, 100] };
  if (!groups.length) return [diagonal];
  const ends = groups.map(({ hits, n }) => wilson(hits, n));
  return [diagonal, { kind: "intervals", name: "came true, 95 % interval", colour: "blue", at: groups.map(({ level }) => level),
    middle: groups.map(({ hits, n }) => 100 * hits / n), low: ends.map(([low]) => low), high: ends.map(([, high]) => high) }];
}

function drawTable(host, decisions, guesses) {
  const rows = [
    ...decisions.map(({ question, choice, confidence, right }) =>
      [question, `${choice}, ${confidence} % sure`, right ? "nothing else did better" : "something else did better"]),
    ...guesses.map(({ question, guess, answer, unit }) => [question, `${guess} ${unit}`, `${answer} ${unit}`]),
  ];
  if (!rows.length) return;
  const heads = ["question", "you said", "what came"];
  const table = make("table", host, { role: "table" }); // roles, since a narrow page shows its rows as blocks
  const head = make("tr", make("thead", table)), body = make("tbody", table, { role: "rowgroup" });
  for (const text of heads) make("th", head, { text, scope: "col" });
  for (const row of rows) {
    const line = make("tr", body, { role: "row" });
    row.forEach((text, k) => make("td", line, { text: text || " ", role: "cell", "data-head": heads[k] }));
  }
}

export default { render };
