// A chart in the page: draws what `Chart` in chart.py describes, at the same places as the picture at rest.

const CHARACTER = 8.4, ROW = 40, NARROW = 480; // letters, rows and narrow charts, in pixels, as in chart.py

const axisText = (axis, value) => show(value, axis.decimals) + axis.unit;
const axisShare = (axis, value) => (clamp(value, axis.low, axis.high) - axis.low) / (axis.high - axis.low);
const paint = (colour) => `var(--${colour})`;

// Where things lie on a chart of some width; `_Frame` in chart.py does the same. The labels of the axes stand outside, where
// they can wrap.
function layOutChart({ x, y, height }, width) {
  const longest = (names) => Math.max(...names.map((name) => name.length));
  const stacked = Boolean(y.names) && width < NARROW && longest(y.names) * CHARACTER > 0.34 * width;
  const most = Math.floor((stacked ? width - 24 : 0.34 * width) / CHARACTER); // names stand at the left, or above their rows
  const names = (y.names ?? []).map((name) => wrapName(name, most)), words = y.names ? longest(names.flat()) * CHARACTER : 0;
  const lines = Math.max(1, ...names.map((name) => name.length));
  const ticks = y.names ? 0 : Math.max(...y.ticks.map(([, text]) => text.length)) * CHARACTER;
  const left = stacked ? 12 : (y.names ? words : ticks) + 14, right = width - 16, top = 10;
  const bottom = top + (y.names ? (stacked ? ROW - 4 + 18 * lines : Math.max(ROW, 18 * lines + 10)) * y.names.length : height);
  const across = (value) => (x.names ? left + (value + 0.5) * (right - left) / x.names.length
    : left + (right - left) * axisShare(x, value));
  const down = (value) => (y.names ? top + (value + 0.5) * (bottom - top) / y.names.length + (stacked ? 9 * lines - 2 : 0)
    : bottom - (bottom - top) * axisShare(y, value));
  return { x, y, width, stacked, names, left, right, top, bottom, height: bottom + 26, across, down };
}

// Words in lines of so many characters.
function wrapName(name, most) {
  return name.split(" ").reduce((lines, word) => {
    const last = lines.at(-1);
    if (last && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    return lines;
  }, []);
}

const words = (parent, x, y, text, attributes = {}) =>
  make("text", parent, { x: x.toFixed(1), y: y.toFixed(1), text, ...attributes });

function drawBack(group, frame) {
  const { x, y, left, right, top, bottom, across, down } = frame;
  group.replaceChildren();
  let last = -Infinity;
  const xTicks = x.names ? x.names.map((name, k) => [k, name]) : x.ticks;
  for (const [tick, text] of xTicks) {
    const at = across(tick), half = CHARACTER * text.length / 2;
    if (!x.names) make("path", group, { d: `M${at.toFixed(1)},${top}V${bottom}`, stroke: paint("grid") });
    if (at - half <= last + 6) continue; // only as many as there is room for
    words(group, clamp(at, half, frame.width - half), bottom + 18, text, { "text-anchor": "middle" });
    last = at + half;
  }
  for (const [tick, text] of y.names ? [] : y.ticks) {
    make("path", group, { d: `M${left.toFixed(1)},${down(tick).toFixed(1)}H${right}`, stroke: paint("grid") });
    words(group, left - 8, down(tick) + 4.5, text, { "text-anchor": "end" });
  }
}

// The names of rows, over everything that crosses them: left of their rows, or above them.
function drawNames(group, { left, down, stacked, names }) {
  group.replaceChildren();
  names.forEach((lines, k) => lines.forEach((line, n) => (stacked
    ? words(group, 12, down(k) - 18 - 18 * (lines.length - 1 - n), line, { style: "stroke-width: 4px" })
    : words(group, left - 10, down(k) + 4.5 + 18 * (n - (lines.length - 1) / 2), line, { "text-anchor": "end" }))));
}

function drawShape(parent, shape, x, y, radius, fill) {
  if (shape === "circle") return make("circle", parent, { cx: x.toFixed(1), cy: y.toFixed(1), r: radius, fill });
  const wide = shape === "square" ? 2 * radius : 1.8 * radius;
  const turn = shape === "diamond" ? { transform: `rotate(45 ${x.toFixed(1)} ${y.toFixed(1)})` } : {};
  return make("rect", parent,
    { x: (x - wide / 2).toFixed(1), y: (y - wide / 2).toFixed(1), width: wide.toFixed(1), height: wide.toFixed(1), fill, ...turn });
}

// An arrow and the number of a value that lies beyond its axis.
function drawBeyond(group, frame, axis, value, x, y) {
  if (axis.names || (axis.low <= value && value <= axis.high)) return;
  const side = value > axis.high ? 1 : -1, isX = axis === frame.x;
  const d = isX ? `M${x.toFixed(1)},${(y - 6).toFixed(1)}l${9 * side},6l${-9 * side},6z`
    : `M${(x - 6).toFixed(1)},${y.toFixed(1)}l6,${-9 * side}l6,${9 * side}z`;
  make("path", group, { d, fill: paint("ink"), class: "beyond" });
  if (isX) words(group, x - 4 * side, y - 10, axisText(axis, value), { "text-anchor": side > 0 ? "end" : "start" });
  else words(group, x + 9, y + (side > 0 ? 12 : -4), axisText(axis, value));
}

const pathOf = (frame, xs, ys) => xs.map((x, k) => `${frame.across(x).toFixed(1)},${frame.down(ys[k]).toFixed(1)}`).join("L");

const DRAW = {
  line: (group, frame, { x, y, colour, dashed }) => make("path", group, { d: `M${pathOf(frame, x, y)}`, fill: "none",
    stroke: paint(colour), "stroke-width": 2.4, ...(dashed ? { "stroke-dasharray": "6 4" } : {}) }),
  band: (group, frame, { x, low, high, colour }) => make("path", group, { fill: paint(colour), "fill-opacity": 0.2,
    d: `M${pathOf(frame, x, low)}L${pathOf(frame, [...x].reverse(), [...high].reverse())}Z` }),
  rule: (group, frame, layer) => make("path", group, { stroke: paint(layer.colour), "stroke-width": 1.6,
    d: "x" in layer ? `M${frame.across(layer.x).toFixed(1)},${frame.top}V${frame.bottom}`
      : `M${frame.left.toFixed(1)},${frame.down(layer.y).toFixed(1)}H${frame.right}`,
    ...(layer.dashed ? { "stroke-dasharray": "4 3" } : {}) }),
  text: (group, frame, { x, y, text, anchor, colour }) =>
    words(group, frame.across(x), frame.down(y), text, { "text-anchor": anchor, style: `fill: ${paint(colour)}` }),
  bars: (group, frame, { value, colour }) => value.forEach((number, k) => drawBar(group, frame, k, number, paint(colour))),
  dots: (group, frame, { x, y, shape, colour, radius = 6 }) => x.forEach((value, k) => {
    const at = [frame.across(value), frame.down(y[k])];
    drawShape(group, shape, ...at, radius, paint(colour));
    drawBeyond(group, frame, frame.x, value, ...at);
    drawBeyond(group, frame, frame.y, y[k], ...at);
  }),
  intervals: (group, frame, { at, middle, low, high, colour }) => at.forEach((place, k) =>
    drawInterval(group, frame, place, [middle[k], low[k], high[k]], paint(Array.isArray(colour) ? colour[k] : colour))),
};

function drawBar(group, frame, k, value, fill) {
  const { x, y, across, down } = frame;
  if (y.names) {
    const zero = across(Math.max(0, x.low)), end = across(value), at = down(k);
    make("rect", group,
      { x: Math.min(zero, end).toFixed(1), y: (at - 11).toFixed(1), width: Math.abs(end - zero).toFixed(1), height: 22, fill });
    if (x.low <= value && value <= x.high) {
      words(group, end + (value >= 0 ? 6 : -6), at + 4.5, axisText(x, value), value >= 0 ? {} : { "text-anchor": "end" });
    } else drawBeyond(group, frame, x, value, end, at);
    return;
  }
  const zero = down(Math.max(0, y.low)), end = down(value), at = across(k), wide = 0.6 * (frame.right - frame.left) / x.names.length;
  make("rect", group, { x: (at - wide / 2).toFixed(1), y: Math.min(zero, end).toFixed(1), width: wide.toFixed(1),
    height: Math.abs(end - zero).toFixed(1), fill });
  drawBeyond(group, frame, y, value, at, end);
}

function drawInterval(group, frame, at, [middle, low, high], stroke) {
  const isRow = Boolean(frame.y.names), place = isRow ? frame.down(at) : frame.across(at), along = isRow ? frame.across : frame.down;
  const [centre, from, to] = [middle, low, high].map(along), fixed = place.toFixed(1);
  make("path", group, { stroke, "stroke-width": 5,
    d: isRow ? `M${from.toFixed(1)},${fixed}H${to.toFixed(1)}` : `M${fixed},${from.toFixed(1)}V${to.toFixed(1)}` });
  const length = Math.abs(to - from), radius = length < 0.5 ? 7 : clamp(Math.round(length / 2) - 3, 3.5, 7); // no bar is hidden
  drawShape(group, "circle", ...(isRow ? [centre, place] : [place, centre]), radius, stroke);
  const axis = isRow ? frame.x : frame.y;
  for (const value of [low, high]) drawBeyond(group, frame, axis, value, ...(isRow ? [along(value), place] : [place, along(value)]));
}

function drawLegend(legend, layers) {
  const named = layers.filter(({ name }) => name), key = JSON.stringify(named.map(({ name, kind, colour }) => [name, kind, colour]));
  if (legend.dataset.key === key) return;
  legend.dataset.key = key;
  legend.replaceChildren();
  for (const { name, kind, colour, shape, dashed } of named) {
    const entry = make("span", legend), swatch = make("svg", entry, { width: 24, height: 14, "aria-hidden": "true" });
    const stroke = paint(Array.isArray(colour) ? "ink" : colour); // of many colours none stands for all
    if (kind === "dots") drawShape(swatch, shape, 12, 7, 6, stroke);
    else make("path", swatch, { d: "M0,7H24", stroke, "stroke-width": 3, ...(dashed ? { "stroke-dasharray": "5 4" } : {}) });
    entry.append(name);
  }
}

// -- From one state to another --------------------------------------------------------------------------------------

const GLIDE = 700; // milliseconds

// Whether the numbers of one thing can become those of another: the same marks, at other places.
function isAlike(one, other) {
  if (typeof other !== "object" || other === null || typeof one !== "object" || one === null) return typeof one === typeof other;
  const keys = Object.keys(other);
  return Object.keys(one).length === keys.length && keys.every((key) => key in one && isAlike(one[key], other[key]));
}

// What lies a share of the way between both; what is no number is at once what it becomes.
function blend(from, to, share) {
  if (typeof to === "number") return from + (to - from) * share;
  if (Array.isArray(to)) return to.map((each, k) => blend(from[k], each, share));
  if (typeof to !== "object" || to === null) return to;
  return Object.fromEntries(Object.entries(to).map(([key, each]) => [key, blend(from[key], each, share)]));
}

// Calls `step` with a share that goes from 0 to 1, slowly at both ends; returns what stops it. A busy page moves more slowly, too,
// so that the way is seen.
function glide(step) {
  let request = 0, last = null, time = 0;
  function next(now) {
    time = Math.min(1, time + Math.min(now - (last ?? now), GLIDE / 10) / GLIDE);
    last = now;
    if (time < 1) request = requestAnimationFrame(next);
    step(time * time * (3 - 2 * time));
  }
  request = requestAnimationFrame(next);
  return () => cancelAnimationFrame(request);
}

// A chart with its legend; `draw(layers, alt)` shows other marks on the same axes, and with `glides` those that are there move
// to where they belong, unless the reader wants no motion.
function makeChart(parent, axes) {
  const legend = make("div", parent, { class: "legend" });
  if (axes.y.label) make("p", parent, { text: axes.y.label, "aria-hidden": "true" });
  const svg = make("svg", parent, { role: "img" });
  if (axes.x.label) make("p", parent, { text: axes.x.label, class: "axis", "aria-hidden": "true" });
  const back = make("g", svg), marks = make("g", svg), names = make("g", svg);
  let frame = null, shown = [], wanted = [], stop = () => {};
  function drawMarks() {
    marks.replaceChildren();
    for (const layer of shown) DRAW[layer.kind](marks, frame, layer);
  }
  function move() {
    const from = shown, to = wanted;
    stop = glide((share) => {
      shown = share < 1 ? blend(from, to, share) : to;
      drawMarks();
    });
  }
  return {
    svg,
    get frame() { return frame; },
    layOut() {
      const width = Math.max(240, Math.min(parent.clientWidth, 720));
      if (frame?.width === width) return;
      frame = layOutChart(axes, width);
      put(svg, { width, height: frame.height });
      drawBack(back, frame);
      drawNames(names, frame);
      drawMarks();
    },
    draw(layers, alt, { glides = false } = {}) {
      put(svg, { "aria-label": alt });
      drawLegend(legend, layers);
      if (layers.length === wanted.length && layers.every((layer, k) => layer === wanted[k])) return; // there, or on the way
      stop();
      wanted = layers;
      if (glides && frame && isAlike(shown, layers) && !matchMedia("(prefers-reduced-motion: reduce)").matches) return move();
      shown = layers;
      if (frame) drawMarks();
    },
  };
}
