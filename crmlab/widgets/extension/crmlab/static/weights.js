// The page of `weights`: a handle in a triangle, or three sliders, share a hundred per cent among three indicators, and a ranked
// list follows. It reads `data` (see `page_data` in weights_view.py), `values`, the weights in per cent, and `commitment`, those
// of the first list; it writes `values`, and `commitment` once. Order and words are those of weights_model.py.

const STYLE = `
.crmlab-weights { max-width: 860px; }
.crmlab-weights .parts { gap: 12px 36px; margin-top: 8px; }
.crmlab-weights .chart { flex: 1 1 280px; max-width: 420px; }
.crmlab-weights .list { flex: 1 1 280px; min-width: 0; }
.crmlab-weights .handle { cursor: grab; }
.crmlab-weights .handle .dot { fill: var(--red); stroke: var(--paper); stroke-width: 2; }
.crmlab-weights .chart:has(input:focus-visible) .dot { stroke: var(--focus); stroke-width: 4; }
.crmlab-weights .chart svg text { font-weight: 600; }
.crmlab-weights .controls { grid-template-columns: minmax(5em, max-content) minmax(0, 1fr) max-content; }
.crmlab-weights ol { list-style: none; margin: 0; padding: 0; font-size: 13px; }
.crmlab-weights li { display: grid; grid-template-columns: 2.2em minmax(0, 1fr) 30% 4.6em; gap: 8px; align-items: center;
  height: 25px; background: var(--paper); font-variant-numeric: tabular-nums; }
.crmlab-weights li > :first-child { text-align: right; }
.crmlab-weights li .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.crmlab-weights li .bar { display: flex; height: 13px; }
.crmlab-weights li .bar i { display: block; }
.crmlab-weights li .before { text-align: right; }
.crmlab-weights .reply { margin-top: 6px; }
.crmlab-weights button { margin-top: 4px; }
.crmlab-weights button[hidden] { display: none; }`;
const MOVE = 450; // milliseconds in which a row goes to its place
const EDGE = 26; // pixels above and below the triangle, for the names of its corners

// -- Order and words, as in weights_model.py -----------------------------------------------------------------------------

const scoreOf = (ranks, weights) => ranks[0] * weights[0] + ranks[1] * weights[1] + ranks[2] * weights[2];

// The customers, the most valuable first; of equal ones the smaller id, which comes first already.
function orderOf({ ranks }, weights) {
  const scores = ranks.map((each) => scoreOf(each, weights));
  return [...scores.keys()].sort((one, other) => scores[other] - scores[one] || one - other);
}

function stayOf(data, first, order) {
  const best = new Set(orderOf(data, first).slice(0, data.top));
  return order.slice(0, data.top).filter((k) => best.has(k)).length;
}

function finding(data, weights, first, order) {
  const shares = data.labels.map((label, k) => `${label} ${weights[k]} %`).join(", ");
  const stay = stayOf(data, first ?? data.start, order);
  return `${capital(shares)}: ${stay} ${first ? "of my first" : "of the"} ${data.top} best${first ? "" : " by equal weights"} stay`;
}

// What one weight gains the others lose in proportion.
function shifted(weights, k, value) {
  const [one, other] = [0, 1, 2].filter((each) => each !== k), left = 100 - value, total = weights[one] + weights[other];
  const part = Math.round(total ? left * weights[one] / total : left / 2), result = [...weights];
  [result[k], result[one], result[other]] = [value, part, left - part];
  return result;
}

// Whole per cents that add up to a hundred, nearest to shares that may lie outside.
function wholeWeights(shares) {
  const inside = shares.map((share) => Math.max(0, share)), exact = inside.map((share) => 100 * share / sum(inside));
  const result = exact.map(Math.floor), rest = (k) => exact[k] - result[k];
  const order = [0, 1, 2].sort((one, other) => rest(other) - rest(one) || one - other);
  const left = 100 - sum(result);
  order.slice(0, left).forEach((k) => { result[k] += 1; });
  return result;
}

// -- The triangle -----------------------------------------------------------------------------------------------------

// The first two indicators stand at the bottom, the third at the top; the handle is for pointers, by key the sliders move it.
function makeTriangle(parent, { labels, hues }, { weights, focus, move }) {
  const svg = make("svg", parent, { role: "img" }), outline = make("path", svg, { fill: "none", stroke: paint("pale"), "stroke-width": 1.5 });
  const lines = labels.map((_, k) => make("path", svg, { stroke: paint(hues[k]), "stroke-width": 2 }));
  const names = labels.map((_, k) => make("text", svg, { style: `fill: ${paint(hues[k])}` }));
  const handle = make("g", svg, { class: "handle" });
  make("circle", handle, { r: 22, fill: "transparent" });
  make("circle", handle, { class: "dot", r: 10 });
  let corners = [], grip = null; // while it is held: from the pointer on the page to a point of the drawing

  const pointOf = (shares) => [0, 1].map((axis) => sum(shares.map((share, k) => share / 100 * corners[k][axis])));
  function weightsAt([x, y]) {
    const [[left, bottom], [right], [, top]] = corners, third = (bottom - y) / (bottom - top);
    const second = (x - left) / (right - left) - third / 2;
    return wholeWeights([1 - second - third, second, third]);
  }
  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    focus();
    handle.setPointerCapture(event.pointerId);
    const [x, y] = pointOf(weights());
    grip = ({ clientX, clientY }) => [x + clientX - event.clientX, y + clientY - event.clientY];
  });
  // a finger on it pulls and does not scroll
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  handle.addEventListener("pointermove", (event) => grip && move(weightsAt(grip(event))));
  handle.addEventListener("lostpointercapture", () => { grip = null; });
  return {
    layOut() {
      const width = clamp(parent.clientWidth, 220, 420), side = width - 90, high = side * Math.sqrt(3) / 2;
      corners = [[45, EDGE + high], [45 + side, EDGE + high], [width / 2, EDGE]];
      put(svg, { width, height: high + 2 * EDGE });
      put(outline, { d: `M${corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}Z` });
    },
    draw(shares) {
      const [x, y] = pointOf(shares).map((each) => each.toFixed(1));
      put(svg, { "aria-label": `A triangle of weights: ${labels.map((label, k) => `${label} ${shares[k]} %`).join(", ")}.` });
      put(handle, { transform: `translate(${x},${y})` });
      corners.forEach(([at, down], k) => {
        put(lines[k], { d: `M${at.toFixed(1)},${down.toFixed(1)}L${x},${y}`, "stroke-opacity": 0.5 });
        const half = CHARACTER * (labels[k].length + 6) / 2;
        put(names[k], { "text-anchor": "middle", y: down + (k < 2 ? 18 : -9),
          x: clamp(at, half, Number(svg.getAttribute("width")) - half).toFixed(1) });
        names[k].textContent = `${labels[k]} ${shares[k]} %`;
      });
    },
  };
}

// -- The list ----------------------------------------------------------------------------------------------------------

// Customers at the top with the parts of their score, in the order of the document; rows glide to their places.
function makeList(parent, { names, ranks, hues, labels, shown }) {
  const list = make("ol", parent, { "aria-label": "Customers at the top" }), rows = new Map();
  const highest = 200 * ranks.length; // of a score
  function rowOf(k) {
    if (rows.has(k)) return rows.get(k);
    const item = make("li", list), place = make("span", item);
    make("span", item, { class: "name", text: names[k], title: names[k] });
    const bar = make("span", item, { class: "bar", role: "img" }), parts = hues.map((hue) => make("i", bar, { style: `background: ${paint(hue)}` }));
    const row = { item, place, bar, parts, before: make("span", item, { class: "before" }) };
    rows.set(k, row);
    return row;
  }
  return (order, weights, before) => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const from = new Map([...rows].map(([k, { item }]) => [k, item.getBoundingClientRect().top]));
    const base = list.getBoundingClientRect().top, top = order.slice(0, shown);
    for (const [k, { item }] of rows) if (!top.includes(k)) { item.remove(); rows.delete(k); }
    top.forEach((k, at) => {
      const { item, place, bar, parts, before: was } = rowOf(k), points = weights.map((weight, n) => weight * ranks[k][n] / highest);
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
      place.textContent = `${at + 1}.`;
      parts.forEach((part, n) => { part.style.width = `${(100 * points[n]).toFixed(1)}%`; });
      put(bar, { "aria-label": labels.map((label, n) => `${label} ${Math.round(100 * points[n])}`).join(", ") });
      was.textContent = before[k] === at + 1 ? "" : `was ${before[k]}`;
    });
    if (still) return;
    const high = list.clientHeight / top.length;
    top.forEach((k, at) => {
      const was = from.has(k) ? from.get(k) - base : list.clientHeight, way = was - at * high;
      if (Math.abs(way) > 1) {
        rows.get(k).item.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], { duration: MOVE, easing: "ease-out" });
      }
    });
  };
}

// -- The page ----------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "weights", STYLE), { labels } = data;
  const title = make("p", host, { class: "title" }), parts = make("div", host, { class: "parts" });
  const place = make("div", parts, { class: "chart" }), side = make("div", parts, { class: "list" });
  const triangle = makeTriangle(place, data, { weights: () => model.get("values"), move,
    focus: () => sliders[0].input.focus({ preventScroll: true }) });
  const controls = make("div", place, { class: "controls" });
  const sliders = labels.map((label, k) => makeSlider(controls, { name: label, low: 0, high: 100, step: 1,
    value: model.get("values")[k], text: (number) => `${number} %`, changed: (number) => move(shifted(model.get("values"), k, number)) }));
  const button = make("button", place, { type: "button", class: "main", text: "This is my first list" });
  const reply = make("p", place, { class: "reply", role: "status", "aria-live": "polite" });
  const drawList = makeList(side, data);
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);

  function move(weights) {
    if (String(weights) !== String(model.get("values"))) save(model, "values", weights);
    else draw(); // a slider that was pulled further than its weight can go
  }
  function draw() {
    const weights = model.get("values"), { weights: first } = model.get("commitment"), order = orderOf(data, weights), before = [];
    orderOf(data, first ?? data.start).forEach((k, at) => { before[k] = at + 1; });
    title.textContent = finding(data, weights, first, order);
    triangle.draw(weights);
    sliders.forEach((slider, k) => { if (slider.value !== weights[k]) slider.set(weights[k]); });
    drawList(order, weights, before);
    button.hidden = Boolean(first);
    reply.textContent = first ? `My first list: ${labels.map((label, k) => `${label} ${first[k]} %`).join(", ")}.` : "";
    announcer.announce(() => `${title.textContent}. At the top: ${order.slice(0, 3).map((k) => data.names[k]).join(", ")}`);
  }
  button.addEventListener("click", () => {
    if (model.get("commitment").weights) return;
    save(model, "commitment", { kind: "weights", key: data.key, question: data.question, weights: model.get("values") });
    sliders[0].input.focus();
  });
  handOver(model);
  model.on("change:commitment", draw);
  const end = follow(model, "values", place, () => { triangle.layOut(); draw(); }, draw, announcer);
  return () => { model.off("change:commitment", draw); end(); };
}

export default { render };
