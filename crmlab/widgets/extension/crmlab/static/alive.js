// The page of the silent customer: draws their purchases and the chance that they are still there, and does the sums of
// `btyd`; live.js is prepended. It reads `data` (see `page_data` in alive_view.py) and `purchases`, the weeks with a
// purchase, and writes `purchases` back.

const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -1e6, End: 1e6 };
const STEP = 0.25; // weeks between two points of a curve
const LEFT = 54, RIGHT = 18, TOP = 14, HIGH = 220, LANE = 26; // of the drawing, in pixels
const NEAR = 4; // pixels that a hand may shake before it pulls

const STYLE = `
.crmlab-alive { max-width: 900px; }
@container (max-width: 520px) { .crmlab-alive .title { min-height: 5.6em; } }
.crmlab-alive .parts { gap: 12px 24px; }
.crmlab-alive .chart { flex: 2 1 420px; max-width: 600px; }
@container (max-width: 480px) { .crmlab-alive .chart { flex-basis: 100%; } }
.crmlab-alive .results { flex: 1 1 210px; }
.crmlab-alive .axis { margin-bottom: 6px; }
.crmlab-alive .place { cursor: copy; }
.crmlab-alive .purchase { cursor: grab; }
.crmlab-alive .cursor { outline: none; pointer-events: none; }
.crmlab-alive .cursor:focus .arrow { stroke: var(--ink); stroke-width: 3; }
.crmlab-alive .result { margin-bottom: 12px; }
.crmlab-alive button { margin: 2px 8px 8px 0; }`;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

// -- Numbers, as in crmlab/btyd/bgnbd.py and pareto_nbd.py -----------------------------------------------------------------------

// Gauss-Legendre on 0 to 1, eight nodes.
const NODES = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363]
  .flatMap((at) => [(1 - at) / 2, (1 + at) / 2]);
const WEIGHTS = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763]
  .flatMap((weight) => [weight / 2, weight / 2]);

// The chance to be alive at each of `times` (rising) of a customer whose x-th repeat purchase, at `last`, was their last.
function aliveChances({ dropoutsBefore, params }, x, last, times) {
  if (dropoutsBefore === null) return paretoChances(params, x, last, times);
  const [r, alpha, a, b] = params, survived = x + dropoutsBefore; // occasions to drop out that were survived
  if (!survived) return times.map(() => 1);
  const odds = Math.log(a / (b + survived - 1));
  return times.map((time) => 1 / (1 + Math.exp(odds + (r + x) * Math.log1p((time - last) / (alpha + last)))));
}

// Pareto/NBD: the customer is alive, or died at some moment since `last`; the integral over it grows from time to time.
function paretoChances([r, alpha, s, beta], x, last, times) {
  const scale = last + Math.min(alpha, beta); // moments lie evenly in the logarithm
  const survival = (since) => Math.exp(-(r + x) * Math.log1p(since / (alpha + last)) - s * Math.log1p(since / (beta + last)));
  let died = 0, from = 0;
  return times.map((time) => {
    const end = Math.log1p((time - last) / scale);
    NODES.forEach((node, k) => {
      const spot = from + (end - from) * node, since = scale * Math.expm1(spot);
      died += WEIGHTS[k] * (end - from) * scale * Math.exp(spot) * survival(since) * s / (beta + last + since);
    });
    from = end;
    const alive = survival(time - last);
    return alive / (alive + died);
  });
}

// The whole curve: for each stretch without a purchase, times and chances.
function stretches(model, purchases, weeks) {
  const bought = [0, ...purchases].sort((one, other) => one - other);
  return bought.map((last, x) => {
    const end = x + 1 < bought.length ? bought[x + 1] : weeks;
    const times = Array.from({ length: Math.round((end - last) / STEP) + 1 }, (_, k) => last + k * STEP);
    return { times, shares: aliveChances(model, x, last, times) };
  });
}

// The chance at a moment, with what was known then.
function chanceAt(model, purchases, week) {
  const bought = [0, ...purchases].filter((each) => each <= week), last = Math.max(...bought);
  const times = Array.from({ length: Math.round((week - last) / STEP) + 1 }, (_, k) => last + k * STEP);
  return aliveChances(model, bought.length - 1, last, times).at(-1);
}

// -- The page ---------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const data = model.get("data"), { weeks, ahead, models } = data;
  const { title, chart, side, spoken } = makeFrame(el, "alive", STYLE), announcer = makeAnnouncer(spoken);

  const svg = make("svg", chart, { role: "group",
    "aria-label": "The customer's purchases, and the chance that they are still there" });
  const back = make("g", svg, { "aria-hidden": "true", fill: "none", stroke: paint("grid") });
  const lines = models.map(({ colour }, k) => make("path", svg,
    { "aria-hidden": "true", fill: "none", stroke: paint(colour), "stroke-width": 2.5, ...(k ? { "stroke-dasharray": "7 4" } : {}) }));
  const ends = models.map(({ colour }) => make("circle", svg, { "aria-hidden": "true", r: 5, fill: paint(colour) }));
  const place = make("rect", svg, { class: "place", fill: "transparent" });
  const cursor = make("g", svg, { class: "cursor", role: "slider", tabindex: 0, "aria-label": "Week",
    "aria-valuemin": 1, "aria-valuemax": weeks });
  const ruler = make("path", cursor, { stroke: paint("pale"), "stroke-width": 1.5, "stroke-dasharray": "2 3" });
  const arrow = make("path", cursor, { class: "arrow", d: "M0,0l-7,-11h14z", fill: paint("pale") });
  const dots = make("g", svg, { "aria-hidden": "true" });
  make("p", chart, { class: "axis", text: "weeks since the first purchase; the end is today" });
  const under = make("p", chart, { class: "under" });
  make("p", chart, { text: "Click on the line of purchases to add one, on a purchase to take it away, or pull it. By keyboard: "
    + "Tab to the line, arrow keys, Enter." });

  const boxes = models.map(({ name, colour }) =>
    makeResult(side, { "data-result": name, style: `border-color:${paint(colour)}` }, name));
  const story = make("p", side, { class: "story" });
  const button = make("button", side, { type: "button", text: "Back to the start" });
  const none = make("button", side, { type: "button", text: "No purchase at all" });
  let both = models.length > 1;
  if (both) {
    makeTick(side, { name: `show ${models[1].name} as well (dashed)`, value: true, changed: (on) => {
      both = on;
      draw();
    } });
  }

  let at = clamp(Math.max(0, ...data.start) + 1, 1, weeks), width = 0;
  const across = (week) => LEFT + (width - LEFT - RIGHT) * week / weeks;
  const down = (share) => TOP + HIGH * (1 - share);
  const lane = TOP + HIGH + LANE;

  function layOut() { // what depends on the width of the page
    width = clamp(chart.clientWidth, 190, 600);
    put(svg, { width, height: lane + 34 });
    back.replaceChildren();
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      make("path", back, { d: `M${LEFT},${down(share)}H${width - RIGHT}` });
      make("text", back, { text: `${100 * share} %`, x: LEFT - 6, y: down(share) + 4, "text-anchor": "end" });
    }
    make("path", back, { d: `M${LEFT},${lane}H${width - RIGHT}`, stroke: paint("ink"), "stroke-width": 1.5 });
    const every = [5, 10, 13, 26, 52, 104].find((step) => (across(step) - across(0)) > 44) ?? 130;
    for (let week = 0; week <= weeks; week += every) {
      make("path", back, { d: `M${across(week)},${lane}v7`, stroke: paint("ink") });
      make("text", back, { text: week, x: across(week), y: lane + 27, "text-anchor": "middle" });
    }
    make("rect", back, { x: across(0) - 6, y: lane - 6, width: 12, height: 12, fill: paint("ink") });
    put(place, { x: LEFT - 6, y: TOP, width: width - LEFT - RIGHT + 12, height: HIGH + LANE + 16 });
    draw();
  }

  function draw() { // what depends on the purchases and on where the cursor is
    const purchases = model.get("purchases"), last = Math.max(0, ...purchases), silent = weeks - last, x = purchases.length;
    const shown = models.slice(0, both ? 2 : 1);
    models.forEach((each, k) => {
      const here = k < shown.length;
      for (const one of [lines[k], ends[k], boxes[k].box]) one.style.display = here ? "" : "none";
      if (!here) return;
      const curve = stretches(each, purchases, weeks);
      put(lines[k], { d: curve.map(({ times, shares }, first) => times.map((time, n) =>
        `${first || n ? "L" : "M"}${across(time).toFixed(1)},${down(shares[n]).toFixed(1)}`).join("")).join("") });
      const now = curve.at(-1).shares.at(-1), next = each.ahead[x];
      put(ends[k], { cx: across(weeks), cy: down(now) });
      boxes[k].value.textContent = `${percent(now)} still there`;
      boxes[k].change.textContent =
        `× ${next.toFixed(2)} purchases in ${ahead} weeks if they are = ${(now * next).toFixed(2)} to expect`;
      if (k) return;
      const silence = silent > 1 ? `After ${silent} silent weeks` : silent ? "After a silent week" : "Just after a purchase";
      title.textContent = `${silence} ${each.name} gives a chance of ${percent(now)} that they are still there: `
        + `${(now * next).toFixed(2)} purchases to expect in ${ahead} weeks`;
    });
    story.textContent = x ? `Bought ${x + 1} times, last in week ${last}.` : "Bought once, in week 0.";
    while (dots.children.length > x) dots.lastChild.remove();
    while (dots.children.length < x) addDot(dots.children.length);
    purchases.forEach((week, k) => put(dots.children[k], { transform: `translate(${across(week).toFixed(1)},${lane})` }));
    const shares = shown.map((each) => percent(chanceAt(each, purchases, at))).join(" / ");
    const event = purchases.includes(at) ? "a purchase" : "no purchase";
    put(cursor, { "aria-valuenow": at, "aria-valuetext": `week ${at}, ${event}, still there with ${shares}` });
    put(ruler, { d: `M${across(at).toFixed(1)},${TOP}V${lane - 20}` });
    put(arrow, { transform: `translate(${across(at).toFixed(1)},${lane - 9})` });
    under.textContent = `Week ${at}, ${event}: still there with ${shares}, as known then.`;
    announcer.announce(() => title.textContent);
  }

  const toggle = (week) => {
    const purchases = model.get("purchases");
    save(model, "purchases", purchases.includes(week) ? purchases.filter((each) => each !== week) : [...purchases, week]);
  };
  const weekOf = ({ clientX }) => clamp(
    Math.round((clientX - svg.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT) * weeks), 1, weeks);

  place.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus goes to the cursor, below
  place.addEventListener("click", (event) => {
    at = weekOf(event);
    cursor.focus({ preventScroll: true });
    const purchases = model.get("purchases");
    if (purchases.includes(at)) draw();
    else save(model, "purchases", [...purchases, at]);
  });

  function addDot(k) { // the k-th purchase, which a hand may hold
    const dot = make("g", dots, { class: "purchase" });
    make("circle", dot, { r: 15, fill: "transparent" });
    make("circle", dot, { class: "dot", r: 7, fill: paint("ink"), stroke: paint("paper"), "stroke-width": 1.5 });
    let from = null, pulled = false;
    dot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      cursor.focus({ preventScroll: true });
      dot.setPointerCapture(event.pointerId);
      from = event.clientX;
      pulled = false;
    });
    // a finger on a purchase pulls it and does not scroll; `touch-action` would not reach inside a drawing
    dot.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    dot.addEventListener("pointermove", (event) => {
      if (from === null || (!pulled && Math.abs(event.clientX - from) < NEAR)) return;
      pulled = true;
      const purchases = model.get("purchases"), week = weekOf(event);
      if (purchases.includes(week)) return;
      at = week;
      save(model, "purchases", purchases.map((each, other) => (other === k ? week : each)));
    });
    dot.addEventListener("pointerup", () => {
      if (from === null) return;
      from = null;
      if (pulled) return;
      at = model.get("purchases")[k];
      toggle(at);
    });
    dot.addEventListener("pointercancel", () => { from = null; });
  }

  cursor.addEventListener("keydown", (event) => {
    const by = KEYS[event.key], change = event.key === "Enter" || event.key === " ";
    if ((by === undefined && !change) || hasModifier(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (change) return toggle(at);
    at = clamp(at + by, 1, weeks);
    draw();
  });
  button.addEventListener("click", () => save(model, "purchases", [...data.start]));
  none.addEventListener("click", () => save(model, "purchases", []));

  return follow(model, "purchases", chart, layOut, draw, announcer);
}

export default { render };
