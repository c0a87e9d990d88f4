// The page of `what_if`: changes one cause of the firm, at a price, and does the sums of `world.effect` in the browser.
// It reads `data` (see what_if.py) and `values`: cause, amount and price as places, and a price of one's own; it writes `values`.

const STYLE = `
.crmlab-what_if { max-width: 760px; }
.crmlab-what_if .measure { margin-top: 6px; font-weight: 600; }`;

const PRICES = ["the usual cost", "nothing", "my own price"];

// The mean over firms and its interval: Student's.
function interval(differences, student) {
  const middle = mean(differences);
  const variance = sum(differences.map((value) => (value - middle) ** 2)) / (differences.length - 1);
  const half = student * Math.sqrt(variance / differences.length);
  return { middle, low: middle - half, high: middle + half, differences };
}

// What one change does, as `change` in sliders.py: points of retention, and profit a year.
function effectOf(data, { cause, amount, price, own }) {
  const { retention, profit, payers, usual, amounts } = data.causes[cause];
  const step = amounts[amount], paid = price === 0 ? usual[amount] : price === 1 ? 0 : Math.sign(step) * own;
  return {
    step, paid, usual: usual[amount],
    retention: interval(retention[amount], data.student),
    profit: interval(profit[amount].map((value, firm) => value - paid * payers[amount][firm]), data.student),
  };
}

const direction = ({ low, high }) => (low > 0 ? 1 : high < 0 ? -1 : 0);

function finding(data, values, { step, paid, retention, profit }) {
  const name = capital(data.causes[values.cause].name);
  if (!step) return `${name} as it is: nothing changes`;
  const stay = { 1: "more customers stay", "-1": "fewer customers stay", 0: "whether more customers stay cannot be told" };
  const earn = { 1: "profit rises", "-1": "profit falls", 0: "whether profit rises cannot be told" };
  const price = same(paid, 0) ? "free" : `${paid < 0 ? "saving" : "at"} ${size(paid, 2)} per customer per month`;
  return `${name} ${signed(step, 2)}, ${price}: ${stay[direction(retention)]}, ${earn[direction(profit)]}`;
}

const reading = ({ middle, low, high }, digits) =>
  `${signed(middle, digits)} (95 % interval ${signed(low, digits)} to ${signed(high, digits)})`;

function layersOf({ middle, low, high, differences }, isFirst) {
  const colour = low > 0 ? "green" : high < 0 ? "red" : "pale", name = (text) => (isFirst ? text : "");
  return [
    { kind: "rule", x: 0, name: name("no change"), colour: "ink", dashed: true },
    { kind: "intervals", name: name("mean, 95 % interval"), colour, at: [0], middle: [middle], low: [low], high: [high] },
    { kind: "dots", name: name("each shop"), colour: "pale", shape: "circle", x: differences, y: differences.map(() => 1), radius: 3.5 },
  ];
}

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "what_if", STYLE);
  const controls = make("div", host, { class: "controls" });
  const move = (change) => save(model, "values", { ...model.get("values"), ...change });
  const start = model.get("values");
  makeChoice(controls, { name: "cause", options: data.causes.map(({ name }) => name), value: start.cause,
    changed: (cause) => move({ cause }) });
  const amount = makeSlider(controls, { name: "better by", low: 0, high: data.causes[0].amounts.length - 1, step: 1,
    value: start.amount, text: (at) => signed(data.causes[0].amounts[at], 2), changed: (at) => move({ amount: at }) });
  const price = makeChoice(controls, { name: "it costs", options: PRICES, value: start.price, changed: (k) => move({ price: k }) });
  const own = makeSlider(controls, { name: "my own price", low: 0, high: data.most, step: 0.05, value: start.own,
    text: (value) => value.toFixed(2), changed: (value) => move({ own: value, price: 2 }) });
  const title = make("p", host, { class: "title" });
  const rows = ["retention", "profit"].map((measure) => {
    const label = make("p", host, { class: "measure" }), place = make("div", host, { class: "chart" });
    return { measure, label, place, chart: makeChart(place, data.axes[measure]) };
  });
  const note = make("p", host, { class: "quiet" });
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);

  function draw() {
    const values = model.get("values"), effect = effectOf(data, values);
    title.textContent = finding(data, values, effect);
    rows.forEach(({ measure, label, chart }) => {
      const text = reading(effect[measure], data.digits[measure]);
      label.textContent = `${data.labels[measure]}: ${text}`;
      chart.draw(layersOf(effect[measure], measure === "retention"), `${data.labels[measure]}: ${text}`);
    });
    const { step, usual } = effect;
    note.textContent = !step ? "No step, no cost." : usual < 0
      ? `This step down usually saves ${size(usual, 2)} per customer per month.`
      : `The usual cost of this step is ${size(usual, 2)} per customer per month.`;
    price.inputs.forEach((input, k) => { input.checked = k === values.price; });
    if (amount.value !== values.amount) amount.set(values.amount);
    if (!same(own.value, values.own)) own.set(values.own);
    announcer.announce(() => title.textContent);
  }
  return follow(model, "values", host, () => { rows.forEach(({ chart }) => chart.layOut()); draw(); }, draw, announcer);
}

export default { render };
