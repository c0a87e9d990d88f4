// The page of `clicks`: what is left of a proud model, click by click, each guessed before it is seen. It reads `data` (see
// `page_data` in clicks_view.py), `values`, the guesses so far, and `commitment`, all of them, empty before the last; it writes
// `values`, and `commitment` once. All words are made in clicks_model.py.

const STYLE = `
.crmlab-clicks { max-width: 980px; }
.crmlab-clicks .parts { gap: 8px 24px; }
.crmlab-clicks .steps { flex: 1 1 340px; min-width: 0; }
.crmlab-clicks .side { flex: 1 1 260px; min-width: 0; max-width: 420px; }
.crmlab-clicks .controls { display: block; }
.crmlab-clicks .control { display: grid; grid-template-columns: minmax(0, 1fr) max-content; }
.crmlab-clicks .control > .track { grid-column: 1 / -1; order: 1; }
.crmlab-clicks .question { font-weight: 600; }
.crmlab-clicks .reply:not(:empty) { margin-top: 6px; }
.crmlab-clicks table { border-collapse: collapse; margin-top: 10px; font-variant-numeric: tabular-nums; }
.crmlab-clicks small { display: block; font-size: 12px; }
@container (min-width: 520px) { .crmlab-clicks small { white-space: nowrap; } }
.crmlab-clicks :is(td, th) { padding: 4px 10px 4px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid);
  font-size: 13px; }
.crmlab-clicks :is(button, table, .question, .controls)[hidden] { display: none; }`;

const THUMB = 16; // pixels: its middle moves along the axis of the chart
const auc = (number) => show(number, 2);

// The place of a model on the row of a step, as in clicks_view.py.
const rowOf = (step, k, models) => step + 0.26 * (k - (models - 1) / 2);

// The steps that are open, one line and its intervals for each model; a diamond for each guess.
function layersOf(data, guesses, next) {
  const seen = guesses.length + 1, steps = [...data.auc.keys()].slice(0, seen), many = data.models.length;
  const layers = data.models.flatMap((name, k) => {
    const at = steps.map((step) => rowOf(step, k, many)), [middle, low, high] = ["auc", "low", "high"].map((what) =>
      steps.map((step) => data[what][step][k]));
    const line = { kind: "line", name: "", colour: data.hues[k], dashed: false, x: middle, y: at };
    return [line, { kind: "intervals", name, colour: data.hues[k], at, middle, low, high }];
  });
  const shown = next === null ? guesses : [...guesses, next];
  if (shown.length) {
    layers.push({ kind: "dots", name: "my guess", colour: "ink", shape: "diamond", x: shown, y: shown.map((_, k) => k + 1) });
  }
  return layers;
}

function curvesOf(data, step) {
  const ends = [...data.curves[step][0].keys()].map((at) => 100 * at / (data.curves[step][0].length - 1));
  const curves = data.models.map((name, k) => ({ kind: "line", name, colour: data.hues[k], dashed: false, x: ends,
    y: data.curves[step][k].map((share) => 100 * share) }));
  return [{ kind: "line", name: "chance", colour: "pale", dashed: true, x: [0, 100], y: [0, 100] }, ...curves];
}

function makeTable(parent, data) {
  const table = make("table", parent), head = make("tr", make("thead", table)), rows = make("tbody", table);
  for (const text of ["AUC, 95 % interval", ...data.models, "my guess"]) make("th", head, { text, scope: "col" });
  const cells = data.labels.map((label, step) => {
    const row = make("tr", rows);
    make("th", row, { text: label, scope: "row" });
    data.cells[step].forEach(([value, interval]) => make("small", make("td", row, { text: value }), { text: interval }));
    return make("td", row);
  });
  return { table, draw(guesses) {
    cells.forEach((cell, step) => { cell.textContent = step && step <= guesses.length ? auc(guesses[step - 1]) : "–"; });
  } };
}

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "clicks", STYLE), clicks = data.labels.length - 1;
  const title = make("p", host, { class: "title" }), parts = make("div", host, { class: "parts" });
  const main = make("div", parts, { class: "steps" }), place = make("div", main, { class: "chart" });
  const chart = makeChart(place, data.axes);
  const side = data.curves && make("div", parts, { class: "side chart" }), curve = side && makeChart(side, data.curveAxes);
  const question = make("p", main, { class: "question" }), controls = make("div", main, { class: "controls" });
  const slider = makeSlider(controls, { name: "my guess", low: data.lowest, high: 1, step: 0.01, text: auc, changed: draw,
    hint: "click on this line" });
  const button = make("button", main, { type: "button", class: "main", text: "This is my guess: click" });
  const reply = make("p", main, { class: "reply", role: "status", "aria-live": "polite" });
  const result = makeTable(host, data);

  const guessesOf = () => model.get("commitment").guesses ?? model.get("values").guesses;
  function draw() {
    const guesses = guessesOf(), seen = guesses.length, isDone = seen === clicks;
    const next = slider.isSet && !isDone ? slider.value : null;
    title.textContent = data.titles[seen];
    chart.draw(layersOf(data, guesses, next), data.alts[seen] + (next === null ? "" : ` My guess: ${auc(next)}.`));
    curve?.draw(curvesOf(data, seen), `A curve for each model. ${data.titles[seen]}.`, { glides: true });
    question.hidden = controls.hidden = button.hidden = isDone;
    question.textContent = isDone ? "" : data.asked[seen];
    put(button, { "aria-disabled": String(!slider.isSet) });
    result.table.hidden = !isDone;
    result.draw(guesses);
    if (seen) reply.textContent = `You guessed ${auc(guesses.at(-1))}; it is ${auc(data.auc[seen][0])}.`;
    else if (slider.isSet) reply.textContent = "";
  }
  button.addEventListener("click", () => {
    const guesses = guessesOf();
    if (guesses.length === clicks) return;
    if (!slider.isSet) {
      reply.textContent = "Move the slider to your guess first.";
      return;
    }
    const all = [...guesses, slider.value];
    slider.unset();
    save(model, "values", { guesses: all });
    if (all.length < clicks) return slider.input.focus();
    save(model, "commitment", { kind: "clicks", key: data.key, question: data.question, guesses: all,
      answers: data.auc.slice(1).map(([first]) => Number(first.toFixed(4))) });
  });
  handOver(model);
  model.on("change:commitment", draw);
  function layOut() {
    chart.layOut();
    curve?.layOut();
    const { left, right } = chart.frame;
    put(slider.track, { style: `margin-left: ${left - THUMB / 2}px; width: ${right - left + THUMB}px` });
    draw();
  }
  const end = follow(model, "values", place, layOut, draw);
  return () => { model.off("change:commitment", draw); end(); };
}

export default { render };
