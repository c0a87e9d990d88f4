// The page of `guess`: nothing is preset, the guess moves on a line of numbers, and the answer is drawn beside it afterwards.
// It reads `data` (see guess.py) and `commitment`, what was guessed and when, empty before; it writes `commitment` once.

const STYLE = `
.crmlab-guess { max-width: 760px; }
.crmlab-guess .question { font-weight: bold; }
.crmlab-guess .reply { min-height: 1.5em; margin-top: 6px; font-weight: 600; }`;

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "guess", STYLE);
  const written = (value, digits = data.digits.answer) => `${show(value, digits)} ${data.unit}`, mine = (value) => written(value, data.digits.guess);
  make("p", host, { class: "question", text: data.question });
  const place = make("div", host, { class: "chart" }), chart = makeChart(place, data.axes);
  const controls = make("div", host, { class: "controls" });
  const slider = makeSlider(controls,
    { name: "my guess", low: data.lowest, high: data.highest, step: data.step, text: mine, changed: draw });
  const button = make("button", host, { type: "button", class: "main", text: "This is my guess" });
  const reply = make("p", host, { class: "reply", role: "status", "aria-live": "polite" });

  function draw() {
    const { guess } = model.get("commitment"), isDone = guess !== undefined;
    const at = isDone ? guess : slider.isSet ? slider.value : null;
    const layers = at === null ? [] : [{ kind: "dots", name: "", colour: "blue", shape: "circle", x: [at], y: [0] }];
    if (isDone) {
      const [low, high] = data.interval ?? [data.answer, data.answer];
      layers.push({ kind: "intervals", name: "", colour: "orange", at: [1], middle: [data.answer], low: [low], high: [high] });
    }
    const marks = isDone ? `My guess at ${mine(guess)}, the answer at ${written(data.answer)}.` : "Nothing on it yet but my guess.";
    chart.draw(layers, `A line from ${written(data.lowest)} to ${written(data.highest)}. ${marks}`);
    put(button, { "aria-disabled": String(isDone || !slider.isSet) });
    button.hidden = isDone;
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
  handOver(model);
  return follow(model, "commitment", place, () => { chart.layOut(); draw(); }, draw);
}

export default { render };
