// The page of `laboratory`: for which firms a claim is true. It does the sums of `claims.change_of_profit` and says the words of
// laboratory_model.py in the browser. It reads `data` (claims, sliders, places, axes, task; see `page_data` in
// laboratory_view.py), `values`, the claim, its reading and the reader's firm in per cent, and `commitment`, the firm that made the
// claim true; it writes `values`, and `commitment` once.

const STYLE = `
.crmlab-laboratory { max-width: 760px; }
.crmlab-laboratory .control[hidden] { display: none; }
.crmlab-laboratory .handle { cursor: grab; }
.crmlab-laboratory .ring { fill: none; stroke: var(--red); stroke-width: 1.5; }
.crmlab-laboratory:has(.firm input:focus-visible) .ring { stroke: var(--focus); stroke-width: 3; }
.crmlab-laboratory .firm, .crmlab-laboratory .rest { display: contents; }
.crmlab-laboratory .quiet { margin-top: 6px; }
.crmlab-laboratory .task { margin-top: 10px; padding: 2px 0 2px 10px; border-left: 4px solid var(--blue); font-weight: 600; }`;

const READINGS = { unit: ["points", "per cent"], whose: ["an average customer", "the firm"] };
const LABELS = { retention: "retention", margin: "margin", annual_rate: "discount a year",
  acquisition_cost: "cost to win a customer, of their year" };
const HALVINGS = 40;
const COLUMNS = Array.from({ length: 199 }, (_, k) => (k + 1) / 2); // places of the slider of retention

// -- Numbers, as in laboratory_model.py ------------------------------------------------------------------------------

const unitOf = ({ driver }, { unit }) => (driver === "conversion" ? 1 : unit);

// What the driver becomes, as a share.
function movedTo(claimed, values, margin, retention) {
  const share = { retention, margin, cost: 100 - margin, conversion: 100 }[claimed.driver] / 100;
  return unitOf(claimed, values) === 0 ? share + claimed.step : share * (1 + claimed.step);
}

// By what share profit changes; infinite where a customer is worth no more than they cost, NaN where the change cannot be.
function changeOf(claimed, values, margin, retention) {
  const { driver, step } = claimed, isFirm = values.whose === 1, after = movedTo(claimed, values, margin, retention);
  const m = margin / 100, r = retention / 100, i = isFirm ? 0 : values.annual_rate / 100, a = values.acquisition_cost / 100;
  const worth = (margin, retention, cost = a) => margin * retention / (1 + i - retention) - cost, before = worth(m, r);
  if (driver !== "conversion" && !(after > -1e-12 && after < 1 + 1e-12)) return NaN;
  if (driver === "retention" && !(after < 1 + i - 1e-9)) return NaN;
  if (!(before > 0)) return Infinity;
  const then = {
    retention: () => worth(m, Math.min(after, 1)),
    margin: () => worth(after, r),
    cost: () => worth(1 - after, r),
    conversion: () => worth(m, r, a / (1 + step)) * (isFirm ? 1 + step : 1),
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
const stepText = (claimed, values) => `${plainNumber(Math.abs(100 * claimed.step))} ${READINGS.unit[unitOf(claimed, values)]}`;
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
  const sizes = claimed.driver === "conversion" ? `${stepText(claimed, values)} ${claimed.step > 0 ? "higher" : "lower"}`
    : `from ${plainNumber(share)} to ${plainNumber(after)} %`;
  const more = isZero(100 * change, 1) ? "as much as before" : `${percent(change)} ${change > 0 ? "more" : "less"}`;
  const whose = values.whose ? "the firm earns" : "an average customer is worth";
  return `${name} ${sizes}: ${whose} ${more}. Claimed: ${claimed.range}, ${judgement(claimed, change)} here`;
}

function remark({ driver }, { acquisition_cost: cost, whose }) {
  const reasons = {
    retention: "Nothing is paid to win a customer, so the margin cancels: the claim is true at every margin or at none.",
    conversion: "Nothing is paid to win a customer, so conversion changes only how many there are.",
  };
  const text = cost ? "What it costs to win a customer is taken off their profit, so that a change is more per cent of what is left."
    : reasons[driver] ?? "Nothing is paid to win a customer, so retention cancels: only the margin counts.";
  return whose ? `${text} The firm's profit is that of a year in the long run, not discounted.` : text;
}

function atTheDots({ claims, places }, values) {
  const shown = claims[values.row];
  const texts = places.map(({ industry, margin, retention }) => {
    const claimed = claims.findLast((row) => row.claim === shown.claim && row.industry === industry) ?? shown;
    const change = changeOf(claimed, values, margin, retention), isKnown = Number.isFinite(change);
    const text = isKnown ? `${change < 0 ? "−" : ""}${percent(change)}` : "no answer";
    return `${industry} ${text} (claimed: ${claimed.range}${isKnown ? `, ${judgement(claimed, change)}` : ""})`;
  });
  return `At the dots: ${texts.join("; ")}.`;
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

function render({ model, el }) {
  const data = model.get("data"), { claims, sliders } = data, host = makeHost(el, "laboratory", STYLE);
  const controls = make("div", host, { class: "controls" }), start = model.get("values");
  const move = (change) => {
    const values = { ...model.get("values"), ...change };
    save(model, "values", values);
    solve(values);
  };

  const names = [...new Set(claims.map(({ claim }) => claim))], rowsOf = (name) => claims.flatMap((row, k) => (row.claim === name ? [k] : []));
  const claim = makeChoice(controls, { name: "claim", options: names, changed: (k) => move({ row: rowsOf(names[k])[0] }) });
  const saidOf = names.map((name) => makeChoice(controls, { name: "as said of", options: rowsOf(name).map((k) => claims[k].industry),
    changed: (k) => move({ row: rowsOf(name)[k] }) }));
  const unit = makeChoice(controls, { name: "counted in", options: READINGS.unit, changed: (k) => move({ unit: k }) });
  const whose = makeChoice(controls, { name: "profit of", options: READINGS.whose, changed: (k) => move({ whose: k }) });
  const firm = make("div", controls, { class: "firm" }), rest = make("div", controls, { class: "rest" });
  const inputs = Object.entries(sliders).map(([name, [low, high, step]]) => [name, makeSlider(
    name === "retention" || name === "margin" ? firm : rest,
    { name: LABELS[name], low, high, step, value: start[name], text: (value) => `${plainNumber(value)} %`, changed: (value) => move({ [name]: value }) })]);

  const title = make("p", host, { class: "title" }), place = make("div", host, { class: "chart" }), chart = makeChart(place, data.axes);
  const handle = make("g", chart.svg, { class: "handle", "aria-hidden": "true" }); // its sliders stand above
  make("circle", handle, { r: 22, fill: "transparent" });
  make("circle", handle, { r: 9, class: "ring" });
  const note = make("p", host, { class: "quiet" }), dots = make("p", host, { class: "quiet" });
  const task = data.task ? make("p", host, { class: "task", role: "status", "aria-live": "polite" }) : null;
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);

  function solve(values) {
    const claimed = claims[values.row], change = changeOf(claimed, values, values.margin, values.retention);
    const isSolved = claimed.claim === claims[0].claim && Number.isFinite(change) && change >= claims[0].high - 1e-12;
    if (!task || !isSolved || model.get("commitment").kind) return;
    const { unit, whose, retention, margin, annual_rate, acquisition_cost } = values;
    save(model, "commitment", { kind: "task", key: data.key, question: data.task, change: Number((100 * change).toFixed(1)),
      unit: READINGS.unit[unit], whose: READINGS.whose[whose], retention, margin, annual_rate, acquisition_cost });
    drawTask();
  }
  function drawTask() {
    if (!task) return;
    const { kind, change, unit, whose, retention, margin, annual_rate: rate, acquisition_cost: cost } = model.get("commitment");
    task.textContent = !kind ? data.task : `You made it true: ${signed(change, 1)} % for ${whose}, counted in ${unit}, at a retention of `
      + `${plainNumber(retention)} %, a margin of ${plainNumber(margin)} %, a discount of ${plainNumber(rate)} % and a cost to win `
      + `a customer of ${plainNumber(cost)} % of their year. Where else is it true?`;
  }
  function drawControls(values) {
    const at = names.indexOf(claims[values.row].claim);
    claim.inputs.forEach((input, k) => { input.checked = k === at; });
    saidOf.forEach(({ group, inputs: options }, k) => {
      const rows = rowsOf(names[k]);
      group.parentElement.hidden = k !== at || rows.length < 2;
      options.forEach((input, n) => { input.checked = rows[n] === values.row; });
    });
    const fixed = claims[values.row].driver === "conversion";
    unit.inputs.forEach((input, k) => { input.checked = k === unitOf(claims[values.row], values); input.disabled = fixed && k === 0; });
    whose.inputs.forEach((input, k) => { input.checked = k === values.whose; });
    for (const [name, slider] of inputs) if (slider.value !== values[name]) slider.set(values[name]);
  }
  function draw() {
    const values = model.get("values"), claimed = claims[values.row], text = finding(claimed, values), list = atTheDots(data, values);
    drawControls(values);
    title.textContent = text;
    note.textContent = remark(claimed, values);
    dots.textContent = list;
    chart.draw(layersOf(data, values),
      `${text}. Retention ${plainNumber(values.retention)} %, margin ${plainNumber(values.margin)} %. ${list}`);
    const { frame } = chart;
    if (frame) put(handle, { transform: `translate(${frame.across(values.retention).toFixed(1)},${frame.down(values.margin).toFixed(1)})` });
    announcer.announce(() => title.textContent);
  }

  let grip = null; // while the firm is held: from the pointer on the page to retention and margin
  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    inputs[0][1].input.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    const { retention, margin } = model.get("values"), { left, right, top, bottom, x, y } = chart.frame;
    const snap = (name, value) => {
      const [low, high, step] = sliders[name];
      return clamp(step * Math.round(value / step), low, high);
    };
    grip = ({ clientX, clientY }) => ({
      retention: snap("retention", retention + (clientX - event.clientX) * (x.high - x.low) / (right - left)),
      margin: snap("margin", margin - (clientY - event.clientY) * (y.high - y.low) / (bottom - top)),
    });
  });
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false }); // a finger pulls and does not scroll
  handle.addEventListener("pointermove", (event) => grip && move(grip(event)));
  handle.addEventListener("lostpointercapture", () => { grip = null; });

  model.on("change:commitment", drawTask);
  if (task) handOver(model);
  drawTask();
  const end = follow(model, "values", place, () => { chart.layOut(); draw(); }, draw, announcer);
  return () => { model.off("change:commitment", drawTask); end(); };
}

export default { render };
