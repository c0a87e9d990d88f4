// The page of `guess`: nothing is preset, the guess moves on a line of numbers, and the answer is drawn beside it afterwards.
// It reads `data` (see guess.py) and `commitment`, what was guessed and when, empty before; it writes `commitment` once. Until
// then the cells below wait, where `data.hold` says so.

const STYLE = `
${below("guess")}
.crmlab-guess { max-width: 760px; }
.crmlab-guess .question { font-weight: bold; }
.crmlab-guess .controls { display: block; }
.crmlab-guess .control { display: grid; grid-template-columns: minmax(0, 1fr) max-content; }
.crmlab-guess .control > .track { grid-column: 1 / -1; order: 1; }
.crmlab-guess .row { display: flex; flex-wrap: wrap; gap: 8px 12px; }
.crmlab-guess .row[hidden] { display: none; }
.crmlab-guess .reply { font-weight: 600; }
.crmlab-guess .reply:not(:empty) { margin-top: 6px; }`;
const THUMB = 16; // pixels: its middle moves along the axis of the chart

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "guess", STYLE);
  const written = (value, digits = data.digits.answer) => `${show(value, digits)} ${data.unit}`, mine = (value) => written(value, data.digits.guess);
  make("p", host, { class: "question", text: data.question });
  const place = make("div", host, { class: "chart" }), chart = makeChart(place, data.axes);
  const controls = make("div", host, { class: "controls" });
  const slider = makeSlider(controls,
    { name: "my guess", low: data.lowest, high: data.highest, step: data.step, text: mine, changed: draw,
      hint: "click on this line" });
  const row = make("div", host, { class: "row" });
  const button = make("button", row, { type: "button", class: "main", text: "This is my guess" });
  const skip = make("button", row, { type: "button", text: "Go on without guessing" });
  const reply = make("p", host, { class: "reply", role: "status", "aria-live": "polite" });
  skip.hidden = !data.hold;

  function draw() {
    const { guess } = model.get("commitment"), isDone = guess !== undefined;
    host.classList.toggle("is-open", !isDone && !skip.hidden);
    const at = isDone ? guess : slider.isSet ? slider.value : null;
    const layers = at === null ? [] : [{ kind: "dots", name: "", colour: "blue", shape: "circle", x: [at], y: [0] }];
    if (isDone) {
      const [low, high] = data.interval ?? [data.answer, data.answer];
      layers.push({ kind: "intervals", name: "", colour: "orange", at: [1], middle: [data.answer], low: [low], high: [high] });
    }
    const marks = isDone ? `My guess at ${mine(guess)}, the answer at ${written(data.answer)}.` : "Nothing on it yet but my guess.";
    chart.draw(layers, `A line from ${written(data.lowest)} to ${written(data.highest)}. ${marks}`);
    put(button, { "aria-disabled": String(isDone || !slider.isSet) });
    row.hidden = isDone;
    slider.input.disabled = isDone;
    if (!isDone) {
      if (slider.isSet) reply.textContent = "";
      return;
    }
    if (!slider.isSet || slider.value !== guess) slider.set(guess);
    const off = Math.abs(guess - data.answer), near = isZero(off, data.digits.answer) ? "exactly right" : `off by ${written(off)}`;
    reply.textContent = `You guessed ${mine(guess)}; it is ${written(data.answer)}: ${near}. ${data.then}`;
  }
  button.addEventListener("click", () => {
    if (model.get("commitment").guess !== undefined) return;
    if (!slider.isSet) {
      reply.textContent = "Move the slider to your guess first.";
      return;
    }
    save(model, "commitment", { kind: "guess", key: data.key, question: data.question, guess: slider.value, answer: data.answer,
      unit: data.unit });
  });
  skip.addEventListener("click", () => {
    skip.hidden = true;
    host.classList.remove("is-open");
    reply.textContent = "Go on; the guess can still be made.";
  });
  handOver(model);
  function layOut() {
    chart.layOut();
    const { left, right } = chart.frame;
    put(slider.track, { style: `margin-left: ${left - THUMB / 2}px; width: ${right - left + THUMB}px` });
    draw();
  }
  return follow(model, "commitment", place, layOut, draw);
}

export default { render };
