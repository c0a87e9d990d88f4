// The page of `laboratory`: for which firms a claim is true. It does the sums of `claims.change_of_profit` and says the words
// of laboratory_model.py in the browser. It reads `data` (claims, sliders, places, axes, task; see `page_data` in
// laboratory_view.py), `values`, the claim, its reading and the reader's firm in per cent, and `commitment`, the firm that made
// the claim true; it writes `values`, and `commitment` once.

const STYLE = `
.crmlab-laboratory { max-width: 760px; }
.crmlab-laboratory .control[hidden] { display: none; }
.crmlab-laboratory .handle { cursor: grab; }
.crmlab-laboratory .ring { fill: none; stroke: var(--red); stroke-width: 1.5; }
.crmlab-laboratory:has(.firm input:focus-visible) .ring { stroke: var(--focus); stroke-width: 3; }
.crmlab-laboratory .firm, .crmlab-laboratory .rest { display: contents; }
.crmlab-laboratory .quiet { margin-top: 8px; }
.crmlab-laboratory ul { margin: 4px 0 0; padding-left: 20px; font-size: 13px; }
.crmlab-laboratory .task { margin-top: 10px; padding: 2px 0 2px 10px; border-left: 4px solid var(--blue); font-weight: 600; }`;

const READINGS = { unit: ["points", "per cent"], whose: ["an average customer", "the firm"] };
const LABELS = { retention: "retention", margin: "margin", annual_rate: "discount a year",
  acquisition_cost: "cost to win a customer" };
const sliderText = (name, value) => `${plainNumber(value)} %${name === "acquisition_cost" ? " of a year" : ""}`;
const HALVINGS = 40, NOTHING = 1e-12;
const COLUMNS = Array.from({ length: 199 }, (_, k) => (k + 1) / 2); // places of the slider of retention

// -- Numbers, as in laboratory_model.py ------------------------------------------------------------------------------

const unitOf = ({ driver }, { unit }) => (driver === "conversion" ? 1 : unit);

// What the driver becomes, as a share.
function movedTo(claimed, values, margin, retention) {
  const share = { retention, margin, cost: 100 - margin, conversion: 100 }[claimed.driver] / 100;
  return unitOf(claimed, values) === 0 ? share + claimed.change : share * (1 + claimed.change);
}

// By what share profit changes; infinite where a customer is worth no more than they cost, NaN where the change cannot be.
function changeOf(claimed, values, margin, retention) {
  const { driver, change } = claimed, isFirm = values.whose === 1, after = movedTo(claimed, values, margin, retention);
  const m = margin / 100, r = retention / 100, i = isFirm ? 0 : values.annual_rate / 100, a = values.acquisition_cost / 100;
  const worth = (margin, retention, cost = a) => margin * retention / (1 + i - retention) - cost, before = worth(m, r);
  if (driver !== "conversion" && !(after > -1e-12 && after < 1 + 1e-12)) return NaN;
  if (driver === "retention" && !(after < 1 + i - 1e-9)) return NaN;
  if (!(before > NOTHING)) return Infinity;
  const then = {
    retention: () => worth(m, Math.min(after, 1)),
    margin: () => worth(after, r),
    cost: () => worth(1 - after, r),
    conversion: () => worth(m, r, a / (1 + change)) * (isFirm ? 1 + change : 1),
  };
  return then[driver]() / before - 1;
}

// Between which margins the claim is true at each retention: what any change is in per cent falls with the margin.
function regionOf(claimed, values, top) {
  const last = (retention, holds) => {
    const isThere = (margin) => holds(changeOf(claimed, values, margin, retention));
    if (isThere(top)) return top;
    let low = 0, high = top;
    for (let k = 0; k < HALVINGS; k++) {
      const middle = (low + high) / 2;
      if (isThere(middle)) low = middle; else high = middle;
    }
    return low;
  };
  return COLUMNS.map((retention) => ({ retention, low: last(retention, (change) => change > claimed.high),
    high: last(retention, (change) => change >= claimed.low) }));
}

// -- Words, as in laboratory_model.py ----------------------------------------------------------------------------------

const plainNumber = (number) => String(Number(number.toFixed(3)));
const percent = (share) => `${size(100 * share, 1)} %`;
const stepText = (claimed, values) => `${plainNumber(Math.abs(100 * claimed.change))} ${READINGS.unit[unitOf(claimed, values)]}`;
const judgement = ({ low, high }, change) => (change < low ? "too much" : change > high ? "too little" : "true");

function finding(claimed, values) {
  const { margin, retention } = values, change = changeOf(claimed, values, margin, retention), name = capital(claimed.driver);
  const share = { retention, margin, cost: 100 - margin, conversion: 100 }[claimed.driver];
  const after = 100 * movedTo(claimed, values, margin, retention);
  if (Number.isNaN(change)) {
    const why = after > -1e-9 && after < 100 + 1e-9 ? "customers who never leave pay without end" : "it would leave 0 to 100 %";
    return `${name} of ${plainNumber(share)} % cannot change by ${stepText(claimed, values)}: ${why}`;
  }
  if (change === Infinity) {
    return "A customer brings no more than they cost to win: there is no profit that could grow by per cent of itself";
  }
  const sizes = claimed.driver === "conversion" ? `${stepText(claimed, values)} ${claimed.change > 0 ? "higher" : "lower"}`
    : `from ${plainNumber(share)} to ${plainNumber(after)} %`;
  const more = isZero(100 * change, 1) ? "as much as before" : `${percent(change)} ${change > 0 ? "more" : "less"}`;
  const whose = values.whose ? "the firm earns" : "an average customer is worth";
  return `${name} ${sizes}: ${whose} ${more}. Claimed: ${claimed.range}, ${judgement(claimed, change)} here`;
}

function remark({ driver }, { acquisition_cost: cost, whose }) {
  const reasons = {
    retention: "Nothing is paid to win a customer, so the margin cancels: the claim is true at every margin or at none.",
    conversion: "Nothing is paid to win a customer, so conversion changes only how many there are.",
    cost: "Nothing is paid to win a customer, so retention cancels: the claim is true at every retention or at none.",
  };
  const paid = "What it costs to win a customer is taken off their profit, so that a change is more per cent of what is left.";
  const text = cost ? paid : reasons[driver] ?? reasons.cost;
  return whose ? `${text} The firm's profit is that of a year in the long run, not discounted.` : text;
}

function atTheDots({ claims, places }, values) {
  const shown = claims[values.row];
  return places.map(({ industry, margin, retention }) => {
    const claimed = claims.findLast((row) => row.claim === shown.claim && row.industry === industry) ?? shown;
    const change = changeOf(claimed, values, margin, retention);
    if (!Number.isFinite(change)) {
      return `${industry}: ${Number.isNaN(change) ? "no such change" : "no profit to grow"} (claimed: ${claimed.range})`;
    }
    const sign = change < 0 ? "−" : "+";
    return `${industry}: ${sign}${percent(change)} (claimed: ${claimed.range}, ${judgement(claimed, change)})`;
  });
}

// -- Marks, as `draw` in laboratory_model.py ---------------------------------------------------------------------------

function layersOf(data, values) {
  const region = regionOf(data.claims[values.row], values, data.sliders.margin[1]), layers = [];
  for (let k = 0; k < region.length; k++) {
    const run = [];
    while (k < region.length && region[k].low < region[k].high) run.push(region[k++]);
    if (!run.length) continue;
    const x = run.map(({ retention }) => retention), low = run.map((each) => each.low), high = run.map((each) => each.high);
    layers.push({ kind: "band", name: layers.length ? "" : "the claim is true", colour: "blue", x, low, high });
    layers.push({ kind: "line", name: "", colour: "blue", dashed: false, x: [...x, ...x.toReversed(), x[0]],
      y: [...low, ...high.toReversed(), low[0]] });
  }
  const { places } = data, shape = "square";
  layers.push({ kind: "dots", name: "industries", colour: "ink", shape, x: places.map(({ retention }) => retention),
    y: places.map(({ margin }) => margin) });
  for (const { at, height, industry, anchor } of places) {
    layers.push({ kind: "text", name: "", colour: "ink", x: at, y: height, text: industry, anchor });
  }
  layers.push({ kind: "dots", name: "my firm", colour: "red", shape: "diamond", x: [values.retention], y: [values.margin] });
  return layers;
}

// -- The page ----------------------------------------------------------------------------------------------------------

const isFirst = ({ claims }, { row }) => claims[row].claim === claims[0].claim;
const isSolved = ({ claims, target: [low, high] }, values) => {
  const change = changeOf(claims[values.row], values, values.margin, values.retention);
  return isFirst({ claims }, values) && low - 1e-12 <= change && change <= high + 1e-12;
};

function solution({ change, unit, whose, ...firm }) {
  const at = (name) => `${plainNumber(firm[name])} %`;
  return `You made it true to the full: ${signed(change, 1)} % for ${whose}, counted in ${unit}, at a retention of `
    + `${at("retention")}, a margin of ${at("margin")}, a discount of ${at("annual_rate")} and a cost to win a customer of `
    + `${at("acquisition_cost")} of a year. Where else is it true?`;
}

// The choices of the claim and of its reading; returns what shows them as they are in values.
function makeReadings(parent, claims, move) {
  const names = [...new Set(claims.map(({ claim }) => claim))];
  const rows = names.map((name) => claims.flatMap(({ claim }, k) => (claim === name ? [k] : [])));
  const claim = makeChoice(parent, { name: "claim", options: names, changed: (k) => move({ row: rows[k][0] }) });
  const isOne = (own) => own.every((k) => claims[k].range === claims[own[0]].range); // the same is said of all
  const industry = (k) => (claims[k].industry === "all" ? "every firm" : claims[k].industry);
  const saidOf = rows.map((own) => makeChoice(parent, { name: "as said of", options: own.map(industry),
    changed: (k) => move({ row: own[k] }) }));
  const unit = makeChoice(parent, { name: "counted in", options: READINGS.unit, changed: (k) => move({ unit: k }) });
  const whose = makeChoice(parent, { name: "profit of", options: READINGS.whose, changed: (k) => move({ whose: k }) });
  const check = ({ inputs }, at) => inputs.forEach((input, k) => { input.checked = k === at; });
  return (values) => {
    const claimed = claims[values.row];
    check(claim, names.indexOf(claimed.claim));
    saidOf.forEach((choice, k) => {
      choice.group.parentElement.hidden = claimed.claim !== names[k] || isOne(rows[k]);
      check(choice, rows[k].indexOf(values.row));
    });
    check(unit, unitOf(claimed, values));
    check(whose, values.whose);
    unit.inputs[0].disabled = claimed.driver === "conversion"; // points depend on its rate
  };
}

// The reader's firm in the chart, to be pulled by pointer; by key its two sliders move it. Returns what puts it in its place.
function makeHandle(svg, frameOf, sliders, { firm, focus, move }) {
  const handle = make("g", svg, { class: "handle", "aria-hidden": "true" });
  make("circle", handle, { r: 22, fill: "transparent" });
  make("circle", handle, { r: 9, class: "ring" });
  let grip = null; // while it is held: from the pointer on the page to retention and margin
  const snap = ([low, high, step], value) => clamp(step * Math.round(value / step), low, high);
  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    focus();
    handle.setPointerCapture(event.pointerId);
    const { retention, margin } = firm(), { left, right, top, bottom, x, y } = frameOf();
    grip = ({ clientX, clientY }) => ({
      retention: snap(sliders.retention, retention + (clientX - event.clientX) * (x.high - x.low) / (right - left)),
      margin: snap(sliders.margin, margin - (clientY - event.clientY) * (y.high - y.low) / (bottom - top)),
    });
  });
  // a finger on it pulls and does not scroll
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  handle.addEventListener("pointermove", (event) => grip && move(grip(event)));
  handle.addEventListener("lostpointercapture", () => { grip = null; });
  return ({ retention, margin }) => {
    const { across, down } = frameOf();
    put(handle, { transform: `translate(${across(retention).toFixed(1)},${down(margin).toFixed(1)})` });
  };
}

function render({ model, el }) {
  const data = model.get("data"), { claims, sliders } = data, host = makeHost(el, "laboratory", STYLE);
  const showReadings = makeReadings(make("div", host, { class: "controls" }), claims, move);
  const title = make("p", host, { class: "title" });
  const place = make("div", host, { class: "chart" }), chart = makeChart(place, data.axes);
  const controls = make("div", host, { class: "controls" });
  const groups = { firm: make("div", controls, { class: "firm" }), rest: make("div", controls, { class: "rest" }) };
  const inputs = Object.entries(sliders).map(([name, [low, high, step]]) => {
    const group = name === "retention" || name === "margin" ? groups.firm : groups.rest, value = model.get("values")[name];
    return [name, makeSlider(group, { name: LABELS[name], low, high, step, value, text: (number) => sliderText(name, number),
      changed: (number) => move({ [name]: number }) })];
  });
  const putHandle = makeHandle(chart.svg, () => chart.frame, sliders,
    { firm: () => model.get("values"), focus: () => inputs[0][1].input.focus({ preventScroll: true }), move });
  const task = make("p", host, { class: "task", role: "status", "aria-live": "polite" });
  const note = make("p", host, { class: "quiet" }), dots = make("ul", host, { "aria-label": "Industries" });
  const lines = data.places.map(() => make("li", dots));
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);

  let rest = 0;
  function move(change) {
    save(model, "values", { ...model.get("values"), ...change });
    clearTimeout(rest);
    rest = setTimeout(keepSolution, QUIET); // whoever only passes by has not found it
  }
  function keepSolution() {
    const values = model.get("values");
    if (!data.task || model.get("commitment").kind || !isSolved(data, values)) return;
    const { row, unit, whose, ...firm } = values, share = changeOf(claims[row], values, firm.margin, firm.retention);
    save(model, "commitment", { kind: "task", key: data.key, question: data.task, change: Number((100 * share).toFixed(1)),
      unit: READINGS.unit[unit], whose: READINGS.whose[whose], ...firm });
  }
  function drawTask() {
    task.hidden = !data.task || !isFirst(data, model.get("values")); // it is a task of that claim alone
    const commitment = model.get("commitment"), text = commitment.kind ? solution(commitment) : data.task;
    if (task.textContent !== text) task.textContent = text; // read out once
  }
  function draw() {
    const values = model.get("values"), claimed = claims[values.row];
    const said = finding(claimed, values), list = atTheDots(data, values);
    showReadings(values);
    drawTask();
    for (const [name, slider] of inputs) if (slider.value !== values[name]) slider.set(values[name]);
    title.textContent = said;
    note.textContent = remark(claimed, values);
    list.forEach((line, k) => { lines[k].textContent = line; });
    const firm = `Retention ${plainNumber(values.retention)} %, margin ${plainNumber(values.margin)} %`;
    chart.draw(layersOf(data, values), `${said}. ${firm}. ${list.join("; ")}.`);
    putHandle(values);
    announcer.announce(() => title.textContent);
  }
  model.on("change:commitment", drawTask);
  if (data.task) handOver(model);
  const end = follow(model, "values", place, () => { chart.layOut(); draw(); }, draw, announcer);
  return () => { clearTimeout(rest); model.off("change:commitment", drawTask); end(); };
}

export default { render };
