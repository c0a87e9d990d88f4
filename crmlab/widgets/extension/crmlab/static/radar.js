// The page of the RATER radar: draws it, moves it, and does the sums of `radar_effect` in the browser; live.js is prepended.
// It reads `data` (see `page_data` in radar_view.py) and `values`, what is perceived now, and writes `values` back.

const STEP = 0.1; // points of the scale
const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5, Home: 0 }; // in steps
const SIZE = 13; // of letters, in pixels: the drawing is as wide as its place, so letters need not shrink

const STYLE = `
.crmlab-radar { max-width: 860px; }
.crmlab-radar .parts { gap: 12px 28px; }
.crmlab-radar .chart { flex: 1 1 300px; max-width: 420px; text-align: center; }
.crmlab-radar .results { flex: 1 1 270px; }
.crmlab-radar svg { margin: auto; }
.crmlab-radar svg text { font-size: ${SIZE}px; text-anchor: middle; }
.crmlab-radar .handle { cursor: grab; outline: none; }
.crmlab-radar .handle:focus .dot { stroke: var(--ink); stroke-width: 4; }
.crmlab-radar span { display: inline-block; margin: 0 8px; }
.crmlab-radar i { display: inline-block; width: 28px; margin: 0 6px 3px 0; border-top: 3px; }
.crmlab-radar .result { margin-bottom: 10px; }
.crmlab-radar button { margin: 2px 0 8px; }`;

// -- Numbers, as in radar_model.py -------------------------------------------------------------------------------------

// The height at x of a line through the points (xs[k], at(k)).
function between(x, xs, at) {
  const k = clamp(xs.filter((each) => each < x).length, 1, xs.length - 1);
  const part = clamp((x - xs[k - 1]) / (xs[k] - xs[k - 1]), 0, 1);
  return (1 - part) * at(k - 1) + part * at(k);
}

// Means over firms, and where the mean difference lies; without `student` there is no interval.
function result(label, now, changed, form, student = null) {
  const differences = now.map((each, firm) => changed[firm] - each), difference = mean(differences);
  const squares = differences.map((each) => (each - difference) ** 2);
  const half = student ? student * Math.sqrt(sum(squares) / (now.length - 1) / now.length) : 0;
  const low = difference - half, high = difference + half;
  return { label, now: mean(now), changed: mean(changed), difference, low, high, sure: low > 0 || high < 0, ...form, student };
}

function results(data, values) {
  const gaps = (levels) => levels.map((level, k) => level - data.expected[k]);
  const weighted = (levels) => sum(gaps(levels).map((gap, k) => data.weights[k] * gap));
  const points = { digits: 2, unit: "", units: "", better: 1 };
  const gap = result("Weighted gap", [weighted(data.perceived)], [weighted(values)], points);
  if (!data.now) return { gap, plain: result("Plain gap", [mean(gaps(data.perceived))], [mean(gaps(values))], points) };

  const { now, answers, amounts, months, student } = data;
  const step = values.map((value, k) => value - data.perceived[k]);
  const after = (measure) => now[measure].map((before, firm) => before
    + sum(step.map((x, k) => between(x, amounts[k], (at) => answers[measure][k][at][firm]))));
  const left = (kept) => kept.map((share) => 100 * (1 - clamp(share, 0, 1)));
  const percent = { digits: 1, unit: " %", units: " points", better: -1 };
  return {
    gap,
    satisfaction: result("Satisfaction, in points", now.satisfaction, after("satisfaction"), points, student),
    leaving: result(`Customers who leave within ${months} months`,
      left(now.retention), left(after("retention")), percent, student),
    profit: result(`Profit a year${data.prices ? ", after the cost" : ""}`,
      now.profit, after("profit"), { ...points, digits: 0 }, student),
  };
}

function finding(data, values, { gap, leaving, profit }) {
  const moved = values.map((value, k) => [data.dimensions[k], value, data.perceived[k]]).filter(([, a, b]) => !same(a, b));
  if (!moved.length) return data.title;
  const said = capital(moved.map(([name, a, b]) => `${name} ${signed(a - b, 2).replace(/\.?0+$/, "")}`).join(", "));
  if (!leaving) return `${said}: the weighted gap goes from ${show(gap.now, 2)} to ${show(gap.changed, 2)}`;
  const stay = leaving.sure
    ? `${size(leaving.difference, 1)} ${leaving.difference < 0 ? "more" : "fewer"} of 100 customers stay`
    : "as many customers stay, as far as one can tell";
  const earn = profit.sure
    ? `profit ${profit.difference > 0 ? "rises" : "falls"} by ${size(profit.difference, 0)} a year`
    : "profit may rise or fall";
  return `${said}: ${stay}; ${earn}`;
}

// -- Geometry, as in _svg.py -----------------------------------------------------------------------------------

function spoke(k, count, length) {
  const angle = 2 * Math.PI * k / count - Math.PI / 2;
  return [length * Math.cos(angle), length * Math.sin(angle)];
}

// Places labels outside the ring and apart from one another: the centres of their boxes, as in `label_centres`.
function labelCentres(boxes, radius, half) {
  const count = boxes.length, flat = 0.01 * radius, centres = [], placed = [];
  const tips = boxes.map((_, k) => spoke(k, count, radius)), normals = boxes.map((_, k) => spoke(2 * k + 1, 2 * count, 1));
  const height = (k) => Math.round(Math.abs(tips[k][1]));
  for (const k of [...boxes.keys()].sort((one, other) => height(one) - height(other))) { // labels at the sides cannot give way
    const [wide, high] = boxes[k], direction = tips[k][1] > flat ? 1 : -1;
    const furthest = Math.max(...tips.map(([, y]) => direction * y)), x = tips[k][0] / radius * (half - wide / 2);
    let y = tips[k][1] + (Math.abs(tips[k][1]) > flat ? direction * (high / 2 + 14) : 0);
    const beyond = ([a, b]) =>
      x * a + y * b - (wide * Math.abs(a) + high * Math.abs(b)) / 2 > radius * Math.cos(Math.PI / count) + 6;
    const meets = ([u, v, w, h]) => Math.abs(x - u) <= (wide + w) / 2 && Math.abs(y - v) <= (high + h) / 2;
    while (!(direction * y - high / 2 > furthest + 6 || normals.some(beyond)) || placed.some(meets)) y += direction;
    centres[k] = [x, y];
    placed.push([x, y, wide, high]);
  }
  return centres;
}

// -- The page ---------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const data = model.get("data"), names = data.dimensions, count = names.length, [lowest, highest] = data.scale;
  const { title, chart, side, spoken } = makeFrame(el, "radar", STYLE), announcer = makeAnnouncer(spoken);

  const svg = make("svg", chart, { role: "group", "aria-label": "Perceived quality: a slider for each dimension" });
  const back = make("g", svg, { "aria-hidden": "true", fill: "none", stroke: paint("grid") });
  const rings = Array.from({ length: highest - lowest + 1 }, () => make("polygon", back));
  const axes = names.map(() => make("path", back));
  const today = make("polygon", back, { stroke: paint("pale"), "stroke-width": 1.5 });
  const perceived = make("polygon", back,
    { fill: paint("blue"), "fill-opacity": 0.15, stroke: paint("blue"), "stroke-width": 2.5 });
  const expected = make("polygon", back, { stroke: paint("orange"), "stroke-width": 2.5, "stroke-dasharray": "6 4" });
  const labels = names.map((name) => [capital(name), ""].map((text) => make("text", back, { stroke: "none", text })));
  const handles = names.map((name, k) => {
    const handle = make("g", svg, { class: "handle", role: "slider", tabindex: 0, "aria-label": `${capital(name)}, perceived`,
      "aria-valuemin": data.lowest[k].toFixed(2), "aria-valuemax": data.highest[k].toFixed(2) });
    make("circle", handle, { r: 20, fill: "transparent" });
    make("circle", handle, { class: "dot", r: 8, fill: paint("blue"), stroke: paint("paper"), "stroke-width": 2 });
    return handle;
  });
  const legend = make("p", chart);
  const looks = [["perceived", "blue", "solid"], ["expected", "orange", "dashed"], ["perceived today", "pale", "solid"]];
  for (const [name, colour, look] of looks) {
    const entry = make("span", legend);
    make("i", entry, { style: `border-top-style:${look};border-color:${paint(colour)}` });
    entry.append(name);
  }
  make("p", chart, { text: `From ${lowest} at the centre to ${highest} at the edge; numbers: perceived / expected. `
    + "Pull a handle, or Tab to it and press arrow keys." });

  const lines = Object.keys(results(data, data.perceived)).map((name) => makeResult(side, { "data-result": name }));
  const button = make("button", side, { type: "button", text: "Back to today" }), price = make("p", side);
  make("p", side, { text: data.note });

  let radius = 0, half = 0, centre = 0;
  const place = (k, value) => {
    const [x, y] = spoke(k, count, radius * (value - lowest) / (highest - lowest));
    return `${(half + x).toFixed(1)},${(centre + y).toFixed(1)}`;
  };
  const outline = (values) => values.map((value, k) => place(k, value)).join(" ");

  function layOut() { // what depends on the width of the page
    const width = clamp(chart.clientWidth, 220, 420);
    const boxes = names.map((name) => [0.58 * SIZE * Math.max(name.length, 10), 2.5 * SIZE]);
    half = width / 2;
    radius = (count <= 5 ? 0.34 : 0.26) * width;
    const centres = labelCentres(boxes, radius, half), ends = centres.flatMap(([, y]) => [y - 1.25 * SIZE, y + 1.25 * SIZE]);
    centre = 4 - Math.min(...ends, -radius);
    put(svg, { width, height: centre + Math.max(...ends, radius) + 8 });
    rings.forEach((ring, k) => put(ring, { points: outline(names.map(() => lowest + k)) }));
    axes.forEach((axis, k) => put(axis, { d: `M${half},${centre}L${place(k, highest)}` }));
    labels.forEach((pair, k) => pair.forEach((text, line) =>
      put(text, { x: half + centres[k][0], y: centre + centres[k][1] - 3 + line * 1.25 * SIZE })));
    put(expected, { points: outline(data.expected) });
    put(today, { points: outline(data.perceived) });
    draw();
  }

  function draw() { // what depends on the values
    const values = model.get("values"), effects = results(data, values);
    const isToday = values.every((value, k) => same(value, data.perceived[k]));
    title.textContent = finding(data, values, effects);
    put(perceived, { points: outline(values) });
    values.forEach((value, k) => {
      const before = data.perceived[k], at = value.toFixed(2), wanted = data.expected[k].toFixed(2);
      const moved = same(value, before) ? "as today" : `${signed(value - before, 2)} from today`;
      put(handles[k], { transform: `translate(${place(k, value)})`,
        "aria-valuenow": at, "aria-valuetext": `${at}, ${moved}, expected ${wanted}` });
      labels[k][1].textContent = `${at} / ${wanted}`;
    });
    Object.values(effects).forEach(({ label, now, changed, difference, digits, unit, ...effect }, k) => {
      const { low, high, sure, better, student, units } = effect;
      const interval = student ? ` (${signed(low, digits)} to ${signed(high, digits)})` : "";
      lines[k].label.textContent = label;
      lines[k].value.textContent = `${show(now, digits)}${unit} → ${show(changed, digits)}${unit}`;
      lines[k].change.textContent = isToday ? "no change" : `${signed(difference, digits)}${units}${interval}`;
      const colour = !sure || same(difference, 0) ? "pale" : difference * better > 0 ? "green" : "red";
      lines[k].box.style.borderColor = paint(colour);
    });
    const paid = data.prices ? sum(data.prices.map((prices, k) =>
      between(values[k] - data.perceived[k], data.amounts[k], (at) => prices[at]))) : 0;
    price.textContent = same(paid, 0) ? ""
      : `The change ${paid < 0 ? "saves" : "costs"} ${size(paid, 2)} for each customer and month.`;
    announcer.announce(() => {
      const readings = lines.slice(0, 2).map(({ label, value }) => `${label.textContent} ${value.textContent}`);
      return [title.textContent, ...readings].join(". ");
    });
  }

  function move(k, value) { // to the nearest step, counted from where it is in the data
    const before = data.perceived[k], snapped = before + STEP * Math.round((value - before) / STEP);
    save(model, "values",
      model.get("values").map((each, other) => (other === k ? clamp(snapped, data.lowest[k], data.highest[k]) : each)));
  }

  handles.forEach((handle, k) => {
    let grip = null; // while the handle is held: from the pointer on the page to the value
    handle.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
      const [a, b] = spoke(k, count, 1), start = model.get("values")[k];
      grip = ({ clientX, clientY }) => start
        + ((clientX - event.clientX) * a + (clientY - event.clientY) * b) * (highest - lowest) / radius;
    });
    // a finger on a handle pulls it and does not scroll; `touch-action` would not reach inside a drawing
    handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    handle.addEventListener("pointermove", (event) => grip && move(k, grip(event)));
    handle.addEventListener("lostpointercapture", () => { grip = null; });
    handle.addEventListener("keydown", (event) => {
      const by = KEYS[event.key];
      if (by === undefined || hasModifier(event)) return;
      event.preventDefault();
      event.stopPropagation();
      move(k, by ? model.get("values")[k] + by * STEP : data.perceived[k]);
    });
  });
  button.addEventListener("click", () => save(model, "values", [...data.perceived]));

  return follow(model, "values", chart, layOut, draw, announcer);
}

export default { render };
