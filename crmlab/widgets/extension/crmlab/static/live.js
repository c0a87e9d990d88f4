// What the pages of all widgets share: elements, the frame of a page, controls, numbers as they read, and what moves.
// Python puts the palette, this file and chart.js before radar.js, alive.js, ...: together they are one module.

const QUIET = 600; // milliseconds without a change until the result is read out

const clamp = (number, low, high) => Math.min(Math.max(number, low), high);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
const same = (one, other) => Math.abs(one - other) < 1e-9;
const capital = (words) => words[0].toUpperCase() + words.slice(1);

// -- Numbers as they read -------------------------------------------------------------------------------------------

const size = (number, digits) => Math.abs(number).toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const isZero = (number, digits) => !/[1-9]/.test(size(number, digits));
const show = (number, digits) => (number < 0 && !isZero(number, digits) ? "−" : "") + size(number, digits);
const signed = (number, digits) => (number > 0 && !isZero(number, digits) ? "+" : "") + show(number, digits);

// -- Elements -----------------------------------------------------------------------------------------------------

function make(name, parent, { text = "", ...attributes } = {}) {
  const isSvg = name === "svg" || parent.namespaceURI === "http://www.w3.org/2000/svg";
  const element = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  if (text !== "") element.textContent = text;
  put(element, attributes);
  parent.append(element);
  return element;
}

function put(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
}

// -- The frame of a page ------------------------------------------------------------------------------------------

const variables = (colours) => Object.entries(colours).map(([key, colour]) => `--${key}: ${colour};`).join(" ");

const frameStyle = (name) => `
.crmlab-${name} { ${variables(PALETTE.light)} background: var(--paper); color: var(--ink); padding: 12px;
  font: 14px/1.4 system-ui, sans-serif; box-sizing: border-box; position: relative; container-type: inline-size; }
[data-jp-theme-light="false"] .crmlab-${name} { ${variables(PALETTE.dark)} }
@media (prefers-color-scheme: dark) { .crmlab-page .crmlab-${name} { ${variables(PALETTE.dark)} } }
@media (prefers-reduced-motion: reduce) { .crmlab-${name} * { transition: none !important; animation: none !important; } }
.crmlab-${name} p { margin: 0; overflow-wrap: anywhere; }
.crmlab-${name} .title { font-size: 16px; font-weight: bold; min-height: 2.8em; }
@container (max-width: 520px) { .crmlab-${name} .title { min-height: 4.2em; } }
.crmlab-${name} .parts { display: flex; flex-wrap: wrap; align-items: flex-start; }
.crmlab-${name} .chart, .crmlab-${name} .results { min-width: 0; font-size: 13px; }
.crmlab-${name} svg { display: block; user-select: none; -webkit-user-select: none; }
.crmlab-${name} svg text { font-size: 13px; fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 3px;
  font-variant-numeric: tabular-nums; }
.crmlab-${name} .result { border-left: 5px solid; padding: 1px 0 1px 10px; }
.crmlab-${name} b { display: block; font-size: 17px; }
.crmlab-${name} button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--pale);
  border-radius: 4px; padding: 7px 14px; cursor: pointer; min-height: 36px; }
.crmlab-${name} button[aria-disabled="true"] { color: var(--pale); cursor: default; }
.crmlab-${name} button.main { background: var(--blue); border-color: var(--blue); color: var(--paper); }
.crmlab-${name} button.main[aria-disabled="true"] { background: var(--paper); color: var(--pale); border-color: var(--pale); }
.crmlab-${name} :is(button, input):focus-visible, .crmlab-${name} .choice input:focus-visible + span {
  outline: 3px solid var(--focus); outline-offset: 2px; }
.crmlab-${name} .controls { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; gap: 8px 14px;
  align-items: center; margin: 6px 0 10px; }
.crmlab-${name} .control { display: contents; }
.crmlab-${name} .control > :first-child { font-weight: 600; }
.crmlab-${name} .control > .wide { grid-column: 2 / -1; }
@container (max-width: 520px) {
  .crmlab-${name} .controls { display: block; }
  .crmlab-${name} .control { display: grid; grid-template-columns: minmax(0, 1fr) max-content; margin-bottom: 6px; }
  .crmlab-${name} .control > :is(.track, .wide) { grid-column: 1 / -1; order: 1; }
}
.crmlab-${name} input[type=range] { width: 100%; margin: 0; height: 28px; accent-color: var(--blue); cursor: pointer; }
.crmlab-${name} .track { position: relative; min-width: 0; box-sizing: border-box; }
.crmlab-${name} input[type=range].unset { appearance: none; display: block; box-sizing: border-box; /* no thumb stands anywhere */
  background: none; border: 1.5px dashed var(--pale); border-radius: 14px; }
.crmlab-${name} .unset::-webkit-slider-thumb { appearance: none; width: 16px; height: 16px; background: transparent; }
.crmlab-${name} .unset::-moz-range-thumb { opacity: 0; }
.crmlab-${name} .track > span { display: none; }
.crmlab-${name} .unset + span { display: flex; position: absolute; inset: 0; align-items: center; justify-content: center;
  pointer-events: none; font-size: 13px; white-space: nowrap; overflow: hidden; }
.crmlab-${name} .control output { min-width: 4.5em; text-align: right; font-variant-numeric: tabular-nums; }
.crmlab-${name} .choices { display: flex; flex-wrap: wrap; gap: 6px; border: 0; margin: 0; padding: 0; min-width: 0; }
.crmlab-${name} .choice { position: relative; }
.crmlab-${name} .choice input { position: absolute; opacity: 0; inset: 0; width: 100%; height: 100%; margin: 0; cursor: pointer; }
.crmlab-${name} .choice span { display: block; border: 1px solid var(--pale); border-radius: 4px; padding: 6px 12px;
  min-height: 36px; box-sizing: border-box; }
.crmlab-${name} .choice input:checked + span { background: var(--blue); border-color: var(--blue); color: var(--paper); }
.crmlab-${name} .choice input:disabled + span { cursor: default; }
.crmlab-${name} .choice input:disabled:not(:checked) + span { color: var(--pale); }
.crmlab-${name} .tick { display: flex; gap: 10px; align-items: center; cursor: pointer; min-height: 32px; }
.crmlab-${name} .tick input { width: 18px; height: 18px; margin: 0; accent-color: var(--blue); flex: none; }
.crmlab-${name} .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0; font-size: 13px; }
.crmlab-${name} .legend span { display: inline-flex; align-items: center; gap: 6px; }
.crmlab-${name} .axis { text-align: center; }
.crmlab-${name} .quiet { font-size: 13px; }
.crmlab-${name} .spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }`;

// Hides the cells below a widget as long as it is open.
const below = (name) =>
  `:is(.jp-Cell, .crmlab-cell):has(.crmlab-${name}.is-open) ~ :is(.jp-Cell, .crmlab-cell) { display: none; }`;

// The host of a widget; keys that mean something here are not taken by JupyterLab for itself.
function makeHost(el, name, style) {
  const host = make("div", el, { class: `jupyter-widgets crmlab-${name}` });
  make("style", host, { text: frameStyle(name) + style });
  host.addEventListener("keydown", (event) => { if (!hasModifier(event)) event.stopPropagation(); });
  return host;
}

// A title; the chart beside the results; and, unseen, what is read out.
function makeFrame(el, name, style) {
  const host = makeHost(el, name, style);
  const title = make("p", host, { class: "title" }), parts = make("div", host, { class: "parts" });
  const chart = make("div", parts, { class: "chart" }), side = make("div", parts, { class: "results" });
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" });
  return { host, title, chart, side, spoken };
}

// One result: its label, its value, and how it changes.
function makeResult(parent, attributes, text = "") {
  const box = make("div", parent, { class: "result", ...attributes });
  return { box, label: make("div", box, { text }), value: make("b", box), change: make("div", box) };
}

// -- Controls -----------------------------------------------------------------------------------------------------

let lastId = 0;
const newId = () => `crmlab-${Date.now().toString(36)}-${++lastId}`;

// A slider with its name before it and its value behind it. Without a value it is unset until it is touched.
function makeSlider(parent, { name, low, high, step, value = null, text, changed, hint = "" }) {
  const control = make("div", parent, { class: "control" }), id = newId();
  make("label", control, { text: name, for: id });
  const track = make("div", control, { class: "track" });
  const input = make("input", track, { type: "range", id, min: low, max: high, step });
  if (hint) make("span", track, { text: hint, "aria-hidden": "true" });
  const output = make("output", control, { for: id });
  const slider = { input, track, isSet: value !== null, get value() { return Number(input.value); }, set(number) {
    input.value = number;
    slider.isSet = true;
    tell();
  }, unset() {
    slider.isSet = false;
    tell();
  } };
  function tell() {
    input.classList.toggle("unset", !slider.isSet);
    const words = slider.isSet ? text(Number(input.value)) : "–";
    output.textContent = words;
    input.setAttribute("aria-valuetext", slider.isSet ? words : "nothing chosen yet");
  }
  function take() {
    slider.isSet = true;
    tell();
    changed(Number(input.value));
  }
  input.value = value ?? low + Math.round((high - low) / 2 / step) * step;
  input.addEventListener("input", take);
  input.addEventListener("pointerup", () => { if (!slider.isSet) take(); });
  tell();
  return slider;
}

// A choice of a few, as buttons of which one at most is down.
function makeChoice(parent, { name, options, value = null, changed, labelled = true }) {
  const control = make("div", parent, { class: "control" }), id = newId();
  make("span", control, { text: name, id, ...(labelled ? {} : { class: "spoken" }) });
  const group = make("div", control, { class: "choices wide", role: "radiogroup", "aria-labelledby": id });
  const inputs = options.map((option, k) => {
    const label = make("label", group, { class: "choice" });
    const input = make("input", label, { type: "radio", name: id, value: k });
    make("span", label, { text: option });
    input.checked = k === value;
    input.addEventListener("change", () => changed(k));
    return input;
  });
  return { group, inputs, get value() { const k = inputs.findIndex((input) => input.checked); return k < 0 ? null : k; },
    close() { inputs.forEach((input) => { input.disabled = true; }); } };
}

function makeTick(parent, { name, value, changed }) {
  const label = make("label", parent, { class: "tick" });
  const input = make("input", label, { type: "checkbox" });
  make("span", label, { text: name });
  input.checked = value;
  input.addEventListener("change", () => changed(input.checked));
  return input;
}

// -- What moves ---------------------------------------------------------------------------------------------------

const hasModifier = (event) => event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;

function save(model, trait, value) {
  model.set(trait, value); // draws: see `follow`
  model.save_changes();
  if (trait === "commitment") dispatchEvent(new Event("crmlab-kept")); // the table of the course follows
}

// Reads a text out once nothing has changed for a moment.
function makeAnnouncer(element) {
  let timer = 0;
  return {
    announce(text) {
      clearTimeout(timer);
      timer = setTimeout(() => { element.textContent = text(); }, QUIET);
    },
    stop() { clearTimeout(timer); },
  };
}

// Lays the page out now and whenever its width changes, and draws whenever the trait does; returns what ends it.
function follow(model, trait, chart, layOut, draw, announcer) {
  const observer = new ResizeObserver(layOut);
  observer.observe(chart);
  model.on(`change:${trait}`, draw);
  layOut();
  return () => {
    observer.disconnect();
    model.off(`change:${trait}`, draw);
    announcer?.stop();
  };
}
