// The page of `decide`: a choice and how sure one is, both before the evidence; then what each choice did in the twin firms.
// It reads `data` (see decide.py), `commitment`, empty before, and `before`, what the same question was answered at first; it
// writes `commitment` once. Until then the cells below wait.

const STYLE = `
${below("decide")}
.crmlab-decide { max-width: 760px; border-left: 4px solid var(--blue); }
.crmlab-decide .question { font-weight: bold; font-size: 16px; }
.crmlab-decide .choice span { max-width: 34em; }
.crmlab-decide .row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; }
.crmlab-decide .row { margin-top: 8px; }
.crmlab-decide :is(.reply, .evidence):not(:empty) { margin-top: 8px; }
.crmlab-decide .evidence .title { min-height: 0; }
.crmlab-decide .evidence p + p { margin-top: 8px; }`;

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "decide", STYLE);
  make("p", host, { class: "question", text: data.question });
  const controls = make("div", host, { class: "controls" });
  const action = makeChoice(controls, { name: "I choose", options: data.actions, changed: pick });
  const sure = makeChoice(controls, { name: "How sure?", options: data.levels.map((level) => `${level} %`), changed: pick });
  make("p", host, { class: "quiet", text: data.meaning });
  const row = make("div", host, { class: "row" });
  const button = make("button", row, { type: "button", class: "main", text: "This is my decision" });
  const skip = make("button", row, { type: "button", text: "Go on without deciding" });
  const reply = make("p", host, { class: "reply", role: "status", "aria-live": "polite" });
  const evidence = make("div", host, { class: "evidence" });
  let chart = null;

  const isDone = () => model.get("commitment").choice !== undefined;
  function ready() {
    put(button, { "aria-disabled": String(isDone() || action.value === null || sure.value === null) });
  }
  function pick() {
    reply.textContent = "";
    ready();
  }
  function showEvidence({ choice, confidence }) {
    const chosen = data.actions.indexOf(choice);
    make("p", evidence, { class: "title", text: data.title });
    const place = make("div", evidence, { class: "chart" });
    const axes = { ...data.axes, y: { ...data.axes.y,
      names: data.actions.map((name, k) => (k === chosen ? `${name} (your choice)` : name)) } };
    chart = { place, ...makeChart(place, axes) };
    chart.layOut();
    chart.draw(data.layers, data.alt);
    for (const text of [data.sentences[chosen], data.note]) if (text) make("p", evidence, { text });
    const first = { ...latest(data.firstKey), ...model.get("before") }; // what the kernel has not read yet, the page knows
    if (first.choice !== undefined) {
      make("p", evidence, { text: first.choice === choice
        ? `At first you chose the same, ${first.confidence} % sure; now ${confidence} %.`
        : `At first you chose “${first.choice}”, ${first.confidence} % sure; now “${choice}”, ${confidence} %.` });
    }
  }
  function draw() {
    const commitment = model.get("commitment");
    host.classList.toggle("is-open", !isDone() && !skip.hidden);
    ready();
    if (!isDone() || button.hidden) return;
    action.inputs.forEach((input, k) => { input.checked = data.actions[k] === commitment.choice; });
    sure.inputs.forEach((input, k) => { input.checked = data.levels[k] === commitment.confidence; });
    action.close();
    sure.close();
    skip.hidden = true;
    button.hidden = true;
    const held = data.hold ? " What each choice does, you will see when the question comes again." : "";
    reply.textContent = `You chose “${commitment.choice}”, ${commitment.confidence} % sure.${held}`;
    if (!data.hold) showEvidence(commitment);
  }
  button.addEventListener("click", () => {
    if (isDone()) return;
    if (action.value === null || sure.value === null) {
      reply.textContent = action.value === null ? "Choose first what to do." : "Say how sure you are.";
      return;
    }
    save(model, "commitment", { kind: "decision", key: data.key, question: data.question, choice: data.actions[action.value],
      confidence: data.levels[sure.value], right: data.good[action.value] });
  });
  skip.addEventListener("click", () => {
    skip.hidden = true;
    host.classList.remove("is-open");
    reply.textContent = "Undecided: what each choice does stays hidden here until you decide.";
  });
  handOver(model);
  return follow(model, "commitment", host, () => { chart?.layOut(); draw(); }, draw);
}

export default { render };
