// What the pages of all widgets share. Python puts this file before radar.js, alive.js, ...: together they are one module.

const QUIET = 600; // milliseconds without a change until the result is read out

const clamp = (number, low, high) => Math.min(Math.max(number, low), high);

// -- Elements -----------------------------------------------------------------------------------------------------

function make(name, parent, { text = "", ...attributes } = {}) {
  const isSvg = name === "svg" || parent.closest("svg");
  const element = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  element.textContent = text;
  put(element, attributes);
  parent.append(element);
  return element;
}

function put(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
}

// -- The frame of a page ------------------------------------------------------------------------------------------

const frameStyle = (name) => `
.crmlab-${name} { background: white; color: var(--ink); padding: 12px; font: 14px/1.4 system-ui, sans-serif;
  box-sizing: border-box; position: relative; container-type: inline-size; }
.crmlab-${name} p { margin: 0; }
.crmlab-${name} .title { font-size: 16px; font-weight: bold; min-height: 2.8em; }
.crmlab-${name} .parts { display: flex; flex-wrap: wrap; align-items: flex-start; }
.crmlab-${name} .chart, .crmlab-${name} .results { min-width: 0; font-size: 13px; }
.crmlab-${name} svg { display: block; user-select: none; -webkit-user-select: none; }
.crmlab-${name} svg text { font-size: 13px; fill: var(--ink); }
.crmlab-${name} .result { border-left: 5px solid; padding: 1px 0 1px 10px; }
.crmlab-${name} b { display: block; font-size: 17px; }
.crmlab-${name} button { font: inherit; color: inherit; background: white; border: 1px solid; border-radius: 4px;
  padding: 7px 14px; cursor: pointer; }
.crmlab-${name} button:focus-visible, .crmlab-${name} input:focus-visible { outline: 3px solid var(--focus);
  outline-offset: 2px; }
.crmlab-${name} .spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }`;

// A title; the chart beside the results; and, unseen, what is read out. Each colour becomes a variable of CSS.
function makeFrame(el, name, colours, style) {
  const host = make("div", el, { class: `jupyter-widgets crmlab-${name}` });
  for (const [key, colour] of Object.entries(colours)) host.style.setProperty(`--${key}`, colour);
  make("style", host, { text: frameStyle(name) + style });
  const title = make("p", host, { class: "title" }), parts = make("div", host, { class: "parts" });
  const chart = make("div", parts, { class: "chart" }), side = make("div", parts, { class: "results" });
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" });
  return { title, chart, side, spoken };
}

// One result: its label, its value, and how it changes.
function makeResult(parent, attributes, text = "") {
  const box = make("div", parent, { class: "result", ...attributes });
  return { box, label: make("div", box, { text }), value: make("b", box), change: make("div", box) };
}

// -- What moves ---------------------------------------------------------------------------------------------------

const hasModifier = (event) => event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;

function save(model, trait, value) {
  model.set(trait, value); // draws: see `follow`
  model.save_changes();
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
    announcer.stop();
  };
}
