// The page of `note`: a line in the reader's own words before they see, or, later, that line and room for a second one.
// It reads `data` (see note.py), `commitment`, empty before, and `before`, what was written at first where it is asked again;
// it writes `commitment` once. Until then the cells below wait, where `data.hold` says so.

const STYLE = `
${below("note")}
.crmlab-note { max-width: 760px; border-left: 4px solid var(--blue); }
.crmlab-note .question { font-weight: bold; font-size: 16px; }
.crmlab-note textarea { display: block; width: 100%; box-sizing: border-box; margin: 8px 0; padding: 8px 10px; font: inherit;
  color: inherit; background: var(--paper); border: 1px solid var(--pale); border-radius: 4px; resize: vertical; }
.crmlab-note textarea:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.crmlab-note blockquote { margin: 8px 0 0; padding: 2px 0 2px 12px; border-left: 3px solid var(--pale); overflow-wrap: anywhere; }
.crmlab-note .row { display: flex; flex-wrap: wrap; gap: 8px 12px; }
.crmlab-note :is(.reply, .first):not(:empty) { margin-top: 8px; }
.crmlab-note :is(textarea, .row, blockquote)[hidden] { display: none; }`;

const EMPTY = "You wrote nothing when this was asked.";

// Letters are for the line, not for JupyterLab's shortcuts; those with Ctrl or Cmd, such as Save, stay its own.
function keepLetters(host, area) {
  const suppress = (isOn) => host.toggleAttribute("data-lm-suppress-shortcuts", isOn);
  suppress(true);
  area.addEventListener("keydown", (event) => {
    if (["Control", "Meta"].includes(event.key)) suppress(false);
    else if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
  for (const name of ["keyup", "focusout"]) area.addEventListener(name, (event) => suppress(!event.ctrlKey && !event.metaKey));
}

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "note", STYLE), id = newId();
  make("label", host, { class: "question", text: data.prompt, for: id });
  const drawFirst = data.firstKey ? makeFirst(model, host) : () => {};
  return ask(model, host, id, drawFirst);
}

// What was written at first; returns what draws it.
function makeFirst(model, host) {
  const said = make("p", host, { class: "first", role: "status" }), quote = make("blockquote", host, { class: "earlier" });
  return () => {
    const { text } = { ...latest(model.get("data").firstKey), ...model.get("before") }; // the page may know more than the kernel
    said.textContent = text === undefined ? EMPTY : "At first you wrote:";
    quote.textContent = text ?? "";
    quote.hidden = text === undefined;
  };
}

function ask(model, host, id, drawFirst) {
  const data = model.get("data"), area = make("textarea", host, { id, rows: 2, maxlength: data.longest });
  const row = make("div", host, { class: "row" });
  const button = make("button", row, { type: "button", class: "main", text: "This is my line" });
  const skip = make("button", row, { type: "button", text: "Go on without writing" });
  const reply = make("p", host, { class: "reply", role: "status", "aria-live": "polite" });
  const quote = make("blockquote", host, { class: "now" });
  skip.hidden = !data.hold;
  let waits = data.hold;

  const written = () => area.value.trim().replace(/\s+/g, " "), isDone = () => model.get("commitment").text !== undefined;
  function draw() {
    const { text } = model.get("commitment");
    host.classList.toggle("is-open", waits && !isDone());
    put(button, { "aria-disabled": String(!written()) });
    area.hidden = row.hidden = isDone();
    quote.hidden = !isDone();
    quote.textContent = text ?? "";
    if (isDone()) reply.textContent = data.firstKey ? "Now you write:" : "You wrote:";
    drawFirst();
  }
  function commit() {
    if (isDone()) return;
    if (!written()) reply.textContent = "Write a line first.";
    else save(model, "commitment", { kind: "note", key: data.key, question: data.prompt, text: written() });
  }
  area.addEventListener("input", () => { reply.textContent = ""; draw(); });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return; // Enter may choose a Chinese character
    event.preventDefault();
    commit();
  });
  button.addEventListener("click", commit);
  skip.addEventListener("click", () => {
    waits = false;
    skip.hidden = true;
    reply.textContent = "Go on; the line can still be written.";
    draw();
  });
  keepLetters(host, area);
  handOver(model);
  model.on("change:before", drawFirst);
  addEventListener("crmlab-kept", drawFirst);
  const end = follow(model, "commitment", host, draw, draw);
  return () => { model.off("change:before", drawFirst); removeEventListener("crmlab-kept", drawFirst); end(); };
}

export default { render };
