// The page of a panel: controls that send what a reader chooses, and a box that sends what they type. It holds no rule.

const STYLE = `
.crmlab-panel { font: 14px/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff; border: 1px solid #b9b9b9;
  border-radius: 6px; padding: 12px 14px; box-sizing: border-box; max-width: 56rem; overflow-wrap: break-word; container-type: inline-size; }
.crmlab-panel * { box-sizing: border-box; }
.crmlab-panel h4 { font-size: 15px; margin: 0 0 4px; }
.crmlab-panel p { margin: 4px 0; }
.crmlab-panel section { border-top: 1px solid #ddd; margin-top: 12px; padding-top: 10px; }
.crmlab-panel section:first-of-type { border: 0; margin: 0; padding: 0; }
.crmlab-panel details { border: 1px solid #ccc; border-radius: 4px; margin: 4px 0; padding: 0 8px; }
.crmlab-panel summary { cursor: pointer; padding: 6px 0; }
.crmlab-panel summary b { font-weight: 600; }
.crmlab-panel .now { color: #0b5394; }
.crmlab-panel .set { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 2px 0 8px; border: 0; margin: 0;
  min-width: 0; }
.crmlab-panel .line { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin: 6px 0; }
.crmlab-panel .line > .what { min-width: 8.5rem; font-weight: 600; }
.crmlab-panel button { font: inherit; color: inherit; background: #fff; border: 1px solid #777; border-radius: 4px;
  padding: 4px 10px; min-height: 32px; cursor: pointer; }
.crmlab-panel button[aria-pressed="true"] { background: #0b5394; border-color: #0b5394; color: #fff; }
.crmlab-panel button[aria-pressed] { position: relative; padding: 4px 18px; }
.crmlab-panel button[aria-pressed="true"]::before { content: "✓"; position: absolute; left: 4px; }
.crmlab-panel button.rest { border-style: dashed; }
.crmlab-panel dl { display: block; margin: 0 0 8px; }
.crmlab-panel :is(dt, dd) { float: none; width: auto; }
.crmlab-panel dt { font-weight: 600; }
.crmlab-panel dd { margin: 0 0 4px 1.5em; padding: 0; }
.crmlab-panel ul { margin: 4px 0; padding-left: 1.5em; }
.crmlab-panel button.main { background: #0b5394; border-color: #0b5394; color: #fff; font-weight: 600; padding: 6px 16px; }
.crmlab-panel button:disabled { color: #767676; border-color: #bbb; cursor: default; }
.crmlab-panel input, .crmlab-panel textarea { font: inherit; color: inherit; background: #fff; border: 1px solid #777;
  border-radius: 4px; padding: 4px 8px; min-height: 32px; max-width: 100%; }
.crmlab-panel input { width: 9.5rem; }
.crmlab-panel textarea { width: 100%; min-height: 11rem; resize: vertical; }
.crmlab-panel :is(button, input, textarea, summary, .wide):focus-visible { outline: 3px solid #d55e00; outline-offset: 2px; }
.crmlab-panel .bar { position: sticky; bottom: 0; z-index: 2; background: #fff; border-top: 2px solid #0b5394; margin: 12px -14px 0;
  padding: 6px 14px; }
.crmlab-panel .bar h4 { float: left; margin: 0 10px 0 0; }
.crmlab-panel .bar + section { border: 0; margin: 0; padding: 0; }
.crmlab-panel :is(button, input, summary) { scroll-margin-bottom: 110px; } /* what has the focus is not below the bar */
/* The numbers stay in sight while one chooses: the page scrolls, and no box around the panel. */
:is(.jp-Cell-outputWrapper, .jp-Cell-outputArea, .jp-OutputArea, .jp-OutputArea-child, .jp-OutputArea-output):has(.crmlab-panel) {
  overflow: visible; }
.crmlab-panel .read { font-size: 15px; font-weight: 600; }
.crmlab-panel .wide { overflow-x: auto; max-width: 100%; }
.crmlab-panel table { border-collapse: collapse; margin: 6px 0; font-size: 13px; color: inherit; background: #fff; }
.crmlab-panel :is(th, td) { border: 1px solid #ccc; padding: 3px 8px; text-align: right; white-space: nowrap; background: #fff; }
.crmlab-panel :is(th:first-child, td:first-child), .crmlab-panel .rows :is(th, td) { text-align: left; }
.crmlab-panel caption { text-align: left; padding: 0 0 2px; caption-side: top; }
.crmlab-panel thead th { background: #f1f1f1; }
.crmlab-panel .answer { border-left: 5px solid #0b5394; padding-left: 10px; }
.crmlab-panel .says b { display: block; }
.crmlab-panel pre { white-space: pre-wrap; word-break: normal; background: #f6f6f6; padding: 8px; margin: 4px 0; font-size: 13px; color: inherit; }
@container (max-width: 30rem) { .crmlab-panel .line > .what { width: 100%; } }
.crmlab-panel .soft { color: #555; font-size: 13px; }`;

function make(name, parent, { text = "", ...attributes } = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

const later = (action, wait) => {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(action, wait); };
};

// -- The controls ---------------------------------------------------------------------------------------------------

function makeControls(host, model) {
  const { columns, name, row } = model.get("about");
  const choose = (changes) => {
    model.set("choices", { ...model.get("choices"), page: 0, ...changes });
    model.save_changes();
  };
  const chosen = (key, otherwise) => model.get("choices")[key] ?? otherwise;
  const follows = []; // what shows the choices again, after each change

  function toggle(parent, label, spoken, isOn, press) {
    const button = make("button", parent, { type: "button", text: label, "aria-label": spoken });
    button.addEventListener("click", press);
    follows.push(() => button.setAttribute("aria-pressed", String(isOn())));
  }

  function pick(parent, label, key, entries) {
    const line = make("div", parent, { class: "line", role: "group", "aria-label": label });
    make("span", line, { class: "what", text: label });
    for (const [value, text] of entries) {
      toggle(line, text, `${label}: ${text}`, () => chosen(key, entries[0][0]) === value, () => choose({ [key]: value }));
    }
    return line;
  }

  function field(parent, label, spoken, value, change) {
    const box = make("label", parent, { text: `${label} ` });
    const input = make("input", box, { type: "text", "aria-label": spoken, autocomplete: "off" });
    input.value = value;
    input.addEventListener("input", later(() => change(input.value), 350));
    return input;
  }

  const filters = make("section", host, { "aria-label": `Filters of ${name}` });
  make("h4", filters, { text: "1. Which rows? (nothing chosen: all)" });
  if (row) make("p", filters, { text: row });
  explain(filters, columns.filter((column) => column.meaning));
  const clears = [];
  for (const column of columns) {
    if (!column.values.length && column.kind === "text") continue;
    const box = make("details", filters), summary = make("summary", box), set = make("div", box, { class: "set" });
    make("b", summary, { text: column.name });
    const now = make("span", summary, { class: "now" });
    const kept = () => chosen("keep", {})[column.name] ?? [];
    const span = () => chosen("span", {})[column.name] ?? ["", ""];
    for (const value of column.values) {
      toggle(set, value, `${column.name}: keep ${value}`, () => kept().includes(value), () => {
        const values = kept().includes(value) ? kept().filter((each) => each !== value) : [...kept(), value];
        choose({ keep: { ...chosen("keep", {}), [column.name]: values } });
      });
    }
    if (column.values.length > 2) {
      const rest = make("button", set, { type: "button", class: "rest", text: "all but these",
        "aria-label": `${column.name}: keep all but these` });
      rest.addEventListener("click", () => choose({ keep: { ...chosen("keep", {}),
        [column.name]: column.values.filter((value) => !kept().includes(value)) } }));
      follows.push(() => { rest.disabled = !kept().length || kept().length === column.values.length; });
    }
    if (column.kind !== "text" && column.values.length !== 1) {
      const hint = column.kind === "date" ? " (such as 2024-12-31)" : "";
      ["from", "to"].forEach((end, k) => {
        const input = field(set, end, `${column.name}, ${end}${hint}`, span()[k], (value) => {
          const ends = [...span()];
          ends[k] = value;
          choose({ span: { ...chosen("span", {}), [column.name]: ends } });
        });
        if (hint) input.placeholder = "year-month-day";
        clears.push(() => { input.value = ""; });
      });
    }
    follows.push(() => {
      const [from, to] = span().map((text) => text.trim());
      const parts = [kept().join(" or "), from && `from ${from}`, to && `to ${to}`].filter(Boolean);
      now.textContent = `: ${parts.join(", ") || "all"}`;
    });
  }
  const numbers = columns.filter((column) => column.kind === "number").map((column) => [column.name, column.name]);
  const groups = columns.filter((column) => column.groups)
    .map((column) => [column.name, column.kind === "date" ? `${column.name} (years)` : column.name]);

  const work = make("section", host, { "aria-label": `Counting in ${name}` });
  make("h4", work, { text: "2. What to count or add up?" });
  if (numbers.length) pick(work, "Add up", "number", [["", "nothing"], ...numbers]);
  if (numbers.length) {
    const line = pick(work, "Order", "order", [["", "as it stands"], ["largest", "largest first"], ["smallest", "smallest first"]]);
    const first = field(line, "only the first", "Only so many rows of this order", chosen("first", 0) || "", (value) => {
      choose({ first: Math.max(0, Math.floor(Number(value)) || 0) });
    });
    first.style.width = "5rem";
    clears.push(() => { first.value = ""; });
    follows.push(() => { line.hidden = !chosen("number", ""); line.style.display = line.hidden ? "none" : ""; });
  }
  if (groups.length) pick(work, "By groups of", "group", [["", "none"], ...groups]);
  if (groups.length > 1) {
    const split = pick(work, "and across", "split", [["", "none"], ...groups]);
    const measures = ["rows", "% of the line", ...(numbers.length ? ["sum", "mean"] : [])];
    const cells = pick(work, "each cell holds", "measure", measures.map((each) => [each, each]));
    follows.push(() => {
      split.style.display = chosen("group", "") ? "" : "none";
      cells.style.display = chosen("group", "") && chosen("split", "") ? "" : "none";
    });
  }
  const clear = make("button", make("div", work, { class: "line" }), { type: "button", text: "Start again: all rows" });
  clear.addEventListener("click", () => {
    clears.forEach((each) => each());
    model.set("choices", {});
    model.save_changes();
  });

  const draw = () => follows.forEach((each) => each());
  draw();
  return { draw, choose };
}

function explain(parent, columns) {
  if (!columns.length) return;
  const box = make("details", parent);
  make("summary", box, { text: "What the columns mean" });
  const list = make("dl", box);
  for (const { name, meaning } of columns) {
    make("dt", list, { text: name });
    make("dd", list, { text: meaning });
  }
}

function fill(table, { columns, rows }, caption, isGrouped) {
  table.replaceChildren();
  if (!columns.length) return;
  make("caption", table, { text: caption, class: "soft" });
  const head = make("tr", make("thead", table)), body = make("tbody", table);
  for (const column of columns) make("th", head, { text: column, scope: "col" });
  for (const row of rows) {
    const line = make("tr", body);
    row.forEach((text, k) => (k || !isGrouped ? make("td", line, { text }) : make("th", line, { text, scope: "row" })));
  }
}

function makeReadOut(host, model, choose) {
  const bar = make("div", host, { class: "bar" });
  make("h4", bar, { text: "3. Read" });
  const read = make("div", bar, { class: "read", role: "status", "aria-live": "polite" });
  const part = make("section", host, { "aria-label": "What is left" });
  const further = make("div", part);
  const groups = make("table", make("div", part, { class: "wide", tabindex: "0", role: "region", "aria-label": "Groups" }));
  const box = make("details", part);
  make("summary", box, { text: "Look at the rows themselves" });
  const rows = make("table", make("div", box, { class: "wide", tabindex: "0", role: "region", "aria-label": "Rows" }),
    { class: "rows" });
  const turn = make("div", box, { class: "line" });
  const back = make("button", turn, { type: "button", text: "Rows before" });
  const where = make("span", turn);
  const on = make("button", turn, { type: "button", text: "Rows after" });
  back.addEventListener("click", () => choose({ page: model.get("shown").page - 1 }));
  on.addEventListener("click", () => choose({ page: model.get("shown").page + 1 }));
  return () => {
    const shown = model.get("shown");
    read.replaceChildren();
    further.replaceChildren();
    shown.sentences.forEach((text, k) => make("p", k > 1 ? further : read, { text }));
    fill(groups, shown.groups, "By groups", true);
    groups.parentElement.style.display = shown.groups.columns.length ? "" : "none";
    fill(rows, shown.rows, "Rows that are kept", false);
    where.textContent = ` page ${shown.page + 1} of ${shown.n_pages} `;
    back.disabled = shown.page === 0;
    on.disabled = shown.page + 1 >= shown.n_pages;
  };
}

// -- The answer box -------------------------------------------------------------------------------------------------

const countWords = (text) => {
  const chinese = (text.match(/[\u3400-\u9fff]/g) ?? []).length;
  return (text.match(/[^\s\u3400-\u9fff]*[\p{L}\p{N}][^\s\u3400-\u9fff]*/gu) ?? []).length + Math.round(chinese / 2);
};

function write(parent, { label, text, layout }) {
  make("p", parent, { text: layout === "sentence" ? `${label}: ${text}` : `${label}:` });
  if (layout === "code") make("pre", parent, { text });
  if (layout === "paragraphs") text.split("\n\n").forEach((each) => make("p", parent, { text: each }));
  if (layout === "list") {
    const list = make("ul", parent);
    text.split("\n").forEach((line) => make("li", list, { text: line }));
  }
}

function makeBox(host, model) {
  const about = model.get("about");
  const part = make("section", host, { class: "answer", "aria-label": `Answer to ${about.name}` });
  make("h4", part, { text: about.kind === "text" ? "Your memo" : "Your answer" });
  make("p", part, { text: `Wanted: ${about.form}.`, class: "soft" });
  const send = (text) => model.send({ do: "answer", text });
  let box = null;
  if (about.kind === "choice") {
    const set = make("div", part, { class: "line", role: "group", "aria-label": "Your answer" });
    for (const choice of about.choices) {
      const button = make("button", set, { type: "button", text: choice, "aria-label": `Answer: ${choice}` });
      button.addEventListener("click", () => { box.value = choice; follow(); });
    }
    box = { value: "", buttons: [...set.children] };
  } else {
    const isText = about.kind === "text";
    box = make(isText ? "textarea" : "input", make("div", part, { class: "line" }),
      { "aria-label": `Your answer to ${about.name}: ${about.form}`, autocomplete: "off", ...(isText ? {} : { type: "text" }) });
    if (!isText) box.style.width = "28rem";
    if (!isText) make("span", box.parentElement, { text: about.unit });
    if (!isText) make("p", part, { class: "soft", text: about.kind === "list"
      ? "Write a semicolon between the numbers; each may be a sum, such as = 100 * 143 / 512."
      : "You may also write a sum, such as = 100 * 143 / 512." });
    box.addEventListener("input", () => follow());
    if (!isText) box.addEventListener("keydown", (event) => { if (event.key === "Enter") send(box.value); });
  }
  const words = about.kind === "text" ? make("p", part, { class: "soft" }) : null;
  const line = make("div", part, { class: "line" });
  const check = make("button", line, { type: "button", class: "main", text: "Check my answer" });
  check.addEventListener("click", () => send(box.value));
  const solve = about.is_practice ? make("button", line, { type: "button" }) : null;
  const label = about.kind === "text" ? "Show a model memo" : "Show a worked solution";
  if (solve) solve.textContent = label;
  solve?.addEventListener("click", () => model.send({ do: "solve" }));
  const says = make("div", part, { class: "says", role: "status", "aria-live": "polite" });
  const worked = make("div", part);

  function follow() {
    if (words) words.textContent = `${countWords(box.value)} words; ${about.words.join(" to ")} are asked for.`;
    box.buttons?.forEach((button) => button.setAttribute("aria-pressed", String(button.textContent === box.value)));
  }
  return (isFirst) => {
    const { text, title, note, solution } = model.get("reply");
    if (isFirst || !box.value) box.value = text;
    says.replaceChildren();
    if (title) make("b", says, { text: title });
    if (note) make("span", says, { text: note });
    worked.replaceChildren();
    if (solution) {
      make("h4", worked, { text: solution.title });
      solution.parts.forEach((part) => write(worked, part));
    }
    follow();
  };
}

function render({ model, el }) {
  const host = make("div", el, { class: "crmlab-panel jupyter-widgets" });
  make("style", host, { text: STYLE });
  // JupyterLab has shortcuts of one letter, which must not act here; those with Ctrl or Cmd, such as Save, must.
  const suppress = (isOn) => host.toggleAttribute("data-lm-suppress-shortcuts", isOn);
  suppress(true);
  host.addEventListener("keydown", (event) => {
    if (["Control", "Meta"].includes(event.key)) suppress(false);
    else if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
  for (const name of ["keyup", "focusout"]) host.addEventListener(name, (event) => suppress(!event.ctrlKey && !event.metaKey));
  const ends = [];
  const on = (trait, draw) => { model.on(`change:${trait}`, draw); ends.push(() => model.off(`change:${trait}`, draw)); };
  if (model.get("about").columns.length) {
    const controls = makeControls(host, model), read = makeReadOut(host, model, controls.choose);
    read();
    on("choices", controls.draw);
    on("shown", read);
  }
  const answer = makeBox(host, model);
  answer(true);
  on("reply", () => answer(false));
  return () => ends.forEach((end) => end());
}

export default { render };
