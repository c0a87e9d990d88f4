// The page of `board`: deals as cards at their stages, and what they will bring, convolved anew at every move. It reads `data`
// (see `page_data` in board_view.py), `values`, where the deals stand and the number to reach, and `commitment`, the reader's
// first number; it writes `values`, and `commitment` once. Nothing of the forecast is seen before. Sums and words are those of
// board_forecast.py and board_model.py.

const STYLE = `
body:has(.crmlab-page > .crmlab-board) { max-width: 88rem; } /* a page of its own is as wide as the board */
.crmlab-board .body { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px 20px; margin-top: 6px; }
.crmlab-board .title { min-height: 1.4em; }
.crmlab-board .forecast { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 24px; align-content: start;
  min-width: 0; }
.crmlab-board .forecast .controls { display: block; }
.crmlab-board .forecast .control { display: grid; grid-template-columns: minmax(0, 1fr) max-content; }
.crmlab-board .forecast .control > .track { grid-column: 1 / -1; order: 1; }
.crmlab-board .facts p { margin-top: 6px; }
.crmlab-board .reply { font-weight: 600; }
.crmlab-board .places { display: grid; gap: 8px; grid-template-columns: repeat(2, minmax(0, 1fr)); margin-top: 8px; }
.crmlab-board .place { border: 1px solid var(--grid); border-top: 3px solid var(--blue); border-radius: 4px; padding: 4px;
  min-width: 0; min-height: 56px; }
.crmlab-board .place.won { border-top-color: var(--green); }
.crmlab-board .place:is(.lost, .dropped) { border-top-color: var(--pale); }
.crmlab-board .place.over { outline: 3px solid var(--focus); }
.crmlab-board .head { font-size: 12px; line-height: 1.3; padding-bottom: 4px; overflow-wrap: break-word; }
.crmlab-board .head span { display: block; }
.crmlab-board .head .name { font-weight: 600; }
.crmlab-board ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; align-content: start;
  grid-template-columns: minmax(0, 1fr); }
.crmlab-board button.card { display: flex; gap: 5px; width: 100%; padding: 3px 4px; text-align: left; font-size: 12px;
  line-height: 1.3; scroll-margin: 70px 0 110px; cursor: grab; user-select: none; -webkit-user-select: none; overflow-wrap: anywhere; }
.crmlab-board .card.held { position: relative; z-index: 3; cursor: grabbing; box-shadow: 0 3px 10px rgb(0 0 0 / .35); }
.crmlab-board .grip { flex: 0 0 14px; margin: -3px 0 -3px -4px; touch-action: none; border-radius: 3px 0 0 3px;
  background: radial-gradient(circle, var(--pale) 1px, transparent 1.4px) 3px 3px / 5px 6px; }
.crmlab-board .what { flex: 1; min-width: 0; }
.crmlab-board .what .name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.crmlab-board .numbers { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 6px;
  font-variant-numeric: tabular-nums; }
.crmlab-board .numbers :first-child { font-weight: 600; }
.crmlab-board .actions { display: flex; flex-wrap: wrap; gap: 4px; margin-top: 3px; }
.crmlab-board .actions button { flex: 1 0 auto; padding: 2px 6px; min-height: 28px; font-size: 12px; }
.crmlab-board .ends { display: contents; }
.crmlab-board :is(button, p, div)[hidden] { display: none; }
@container (max-width: 519px) {
  .crmlab-board .title { position: sticky; top: 0; z-index: 4; background: var(--paper); padding: 4px 0; }
  .crmlab-board .grip { flex-basis: 26px; background-size: 7px 8px; }
  .crmlab-board .place { grid-column: 1 / -1; min-height: 0; }
  .crmlab-board .head { display: flex; flex-wrap: wrap; gap: 0 10px; }
  .crmlab-board ul { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@container (min-width: 520px) {
  .crmlab-board .places { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .crmlab-board .ends { display: grid; grid-column: 1 / -1; gap: 8px; grid-template-columns: repeat(3, minmax(0, 1fr));
    position: sticky; bottom: 0; z-index: 2; background: var(--paper); } /* in sight while a card is pulled */
  .crmlab-board .ends ul:not(:has(.held)) { max-height: 30vh; overflow-y: auto; }
  .crmlab-board .ends ul { grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); }
  .crmlab-board .forecast { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
}
@container (min-width: 900px) { .crmlab-board .places { grid-template-columns: repeat(var(--stages), minmax(0, 1fr)); } }
@container (min-width: 1200px) {
  .crmlab-board .body { grid-template-columns: minmax(0, 1fr) 350px; }
  .crmlab-board .forecast { order: 1; grid-template-columns: minmax(0, 1fr); }
}`;

const MOVE = 250; // milliseconds in which a card goes to its place
const PULL = 4, EDGE = 40; // pixels until a press is a pull; from an edge of the window at which the page scrolls
const TINY = 1e-4; // of the distribution, beyond the axis

// -- Sums, as in board_forecast.py and board_model.py ----------------------------------------------------------------------

// The distribution of a sum in which the k-th addend is cells[k] by its chance, else 0.
function convolve(cells, chances) {
  const masses = new Float64Array(sum(cells) + 1);
  let reach = 0;
  masses[0] = 1;
  cells.forEach((cell, k) => {
    const chance = chances[k], not = 1 - chance;
    if (!chance) return;
    for (let at = reach + cell; at >= cell; at -= 1) masses[at] = masses[at] * not + masses[at - cell] * chance;
    for (let at = Math.min(cell - 1, reach); at >= 0; at -= 1) masses[at] *= not;
    reach += cell;
  });
  return masses;
}

// The first place up to which so much lies.
function placeOf(masses, share) {
  let below = 0;
  for (let at = 0; at < masses.length; at += 1) {
    below += masses[at];
    if (below >= share - 1e-9) return at;
  }
  return masses.length - 1;
}

function reachOf({ masses, cell }, commit) {
  let share = 0;
  for (let at = Math.max(0, Math.ceil(commit / cell - 1e-6)); at < masses.length; at += 1) share += masses[at];
  return share;
}

// Days at the present stage: none yet where a deal was moved.
const ageOf = ({ ages, start }, k, place) => (place === start[k] ? ages[k] : 0);

function chanceOf(data, k, place) {
  if (place >= data.stages.length) return Number(place === data.stages.length);
  return data.classes[place].findLast(([since]) => since <= ageOf(data, k, place))[1];
}

function forecastOf(data, places) {
  const chances = places.map((place, k) => chanceOf(data, k, place));
  return { cell: data.cell, masses: convolve(data.cells, chances), numbers: convolve(data.cells.map(() => 1), chances),
    mean: sum(chances.map((chance, k) => chance * data.deals[k])) };
}

// -- Words, as in board_model.py -------------------------------------------------------------------------------------------

const money = ({ digits, unit }, value) => show(value, digits) + unit;

function percent(share) {
  if (share > 1e-12 && share < 0.005) return "under 1\u00a0%";
  if (share >= 0.995 && share < 1 - 1e-12) return "over 99\u00a0%";
  return `${Math.floor(100 * share + 0.5)}\u00a0%`;
}

function finding(data, { commit }, forecast) {
  if (commit === null) return data.question;
  return `Chance that you reach ${money(data, commit)} ${data.period}: ${percent(reachOf(forecast, commit))}`;
}

function factsOf(data, { masses, numbers, cell, mean }) {
  const [low, high] = [0.1, 0.9].map((share) => money(data, placeOf(masses, share) * cell));
  const [least, most] = [0.1, 0.9].map((share) => placeOf(numbers, share));
  const many = sum([...numbers].map((mass, k) => mass * k));
  return [
    `Value won: mean ${money(data, mean)}, 80\u00a0% prediction interval ${low} to ${high}.`,
    `Deals won: mean ${show(many, 1)}, 80\u00a0% prediction interval ${least} to ${most}.`,
  ];
}

// -- The distribution ------------------------------------------------------------------------------------------------------

// The next round number: 1, 2 or 5 times a power of ten.
function roundUp(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * [1, 2, 5, 10].find((factor) => power * factor >= step - 1e-12);
}

// An axis as `Axis` in chart.py makes it.
function axisTo(low, high, label, unit = "") {
  const step = roundUp((high - low) / 6), decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= Math.floor(high / step + 1e-9); k += 1) {
    ticks.push([step * k, show(step * k, decimals) + unit]);
  }
  return { label, low, high, unit, decimals, ticks };
}

// Steps of so much width from `low` to `high`, as high as what lies in each, in per cent; the last one holds all beyond, too.
function stairs(masses, cell, low, high, width) {
  const heights = new Array(Math.ceil((high - low) / width - 1e-9)).fill(0), last = heights.length - 1;
  masses.forEach((mass, at) => { heights[Math.min(last, Math.floor((at * cell - low) / width + 1e-9))] += 100 * mass; });
  return { x: heights.flatMap((_, k) => [low + k * width, Math.min(high, low + (k + 1) * width)]),
    y: heights.flatMap((each) => [each, each]) };
}

// The part of a staircase between two values.
function between({ x, y }, low, high) {
  const inside = x.map((at) => clamp(at, low, high)), kept = [...inside.keys()].filter((k) => inside[k] !== inside[k ^ 1]);
  return { x: kept.map((k) => inside[k]), y: kept.map((k) => y[k]) };
}

function area({ x, y }, colour, name = "") {
  if (!x.length) return [];
  const edge = { x: [x[0], ...x, x.at(-1)], y: [0, ...y, 0] };
  return [{ kind: "band", name: "", colour, x, low: y.map(() => 0), high: y },
    { kind: "line", name, colour, dashed: false, ...edge }];
}

// A chart whose axes may change.
function makePicture(parent) {
  let key = "", chart = null;
  return {
    layOut() { chart?.layOut(); },
    get frame() { return chart.frame; },
    draw(axes, layers, alt) {
      const next = JSON.stringify(axes);
      if (next !== key) {
        parent.replaceChildren();
        chart = makeChart(parent, axes);
        chart.layOut();
        key = next;
      }
      chart.draw(layers, alt);
    },
  };
}

// An end of an axis that stays as long as it can: what it must hold is neither beyond it nor far within.
function makeEnd(next) {
  let end = 0;
  return (least) => {
    if (least > end || least < end / 3) end = next(least);
    return end;
  };
}

// Value and number of the deals won; the reader's number as a line, beneath it the slider that moves it.
function makeForecast(parent, data, { changed }) {
  const main = make("div", parent), side = make("div", parent, { class: "facts" });
  const value = makePicture(make("div", main, { class: "chart" })), controls = make("div", main, { class: "controls" });
  const slider = makeSlider(controls, { name: "my number", low: 0, high: data.highest, step: data.step, changed,
    text: (number) => money(data, number), hint: "click on this line" });
  const lines = [make("p", side), make("p", side)];
  const number = makePicture(make("div", side, { class: "chart" }));
  const endOf = makeEnd((least) => Math.min(data.highest, data.step * Math.ceil(1.05 * least / data.step)));
  const topOf = makeEnd((most) => 4 * roundUp(most / 4)), manyOf = makeEnd((least) => Math.min(data.deals.length, least + 2));
  const highest = makeEnd((most) => 4 * roundUp(most / 4));
  const label = `value won ${data.period}${data.unit && `, in${data.unit}`}`;
  let step = data.step;

  function drawOpen(commit) {
    const text = { kind: "text", name: "", colour: "ink", text: "first your number, then the distribution", anchor: "middle",
      x: data.highest / 2, y: 10 };
    const layers = commit === null ? [text] : [{ kind: "rule", name: "", colour: "red", dashed: false, x: commit }];
    value.draw({ x: axisTo(0, data.highest, label), y: axisTo(0, 20, "chance in %"), height: 190 }, layers,
      "An axis from 0 to the value of all deals, with nothing on it yet but my number.");
  }
  function drawValue(forecast, commit, said) {
    const { masses, cell, mean } = forecast, high = endOf(Math.max(commit, placeOf(masses, 1 - TINY) * cell));
    const width = roundUp(high / 100), all = stairs(masses, cell, 0, high, width), top = topOf(Math.max(...all.y));
    step = [1, 2, 10, 20, 100].map((part) => data.step / part).find((each) => high / each >= 40 && each <= step) ?? step;
    const [low, up] = [0.1, 0.9].map((share) => placeOf(masses, share) * cell);
    const layers = [
      { kind: "band", name: "80 % prediction interval", colour: "purple", x: [low, up], low: [0, 0], high: [top, top] },
      ...area(between(all, 0, commit), "pale"), ...area(between(all, commit, high), "blue", "my number or more"),
      { kind: "rule", name: "mean", colour: "purple", dashed: true, x: mean },
      { kind: "rule", name: "my number", colour: "red", dashed: false, x: commit },
    ];
    const axes = { x: axisTo(0, high, label), y: axisTo(0, top, `chance in %, by steps of ${money(data, width)}`), height: 190 };
    value.draw(axes, layers, `A distribution. ${said}`);
    put(slider.input, { max: high, step });
    slider.set(commit);
  }
  function drawNumber({ numbers }, said) {
    const high = manyOf(placeOf(numbers, 1 - TINY)) + 0.5, all = stairs(numbers, 1, -0.5, high, 1);
    number.draw({ x: axisTo(-0.5, high, "deals won"), y: axisTo(0, highest(Math.max(...all.y)), "chance in %"), height: 90 },
      area(all, "blue"), `A distribution. ${said}`);
  }
  return {
    slider,
    layOut() {
      value.layOut();
      number.layOut();
    },
    draw(forecast, commit) {
      side.hidden = commit === null;
      if (commit === null) drawOpen(slider.isSet ? slider.value : null);
      else {
        const said = factsOf(data, forecast);
        said.forEach((text, k) => { lines[k].textContent = text; });
        drawValue(forecast, commit, said[0]);
        drawNumber(forecast, said[1]);
      }
      const { left, right } = value.frame, thumb = 16; // its middle moves along the axis
      put(slider.track, { style: `margin-left: ${left - thumb / 2}px; width: ${right - left + thumb}px` });
    },
  };
}

// -- The cards -------------------------------------------------------------------------------------------------------------

// The stages and the ends; what a chance says of a stage is shown once the reader has a number.
function makePlaces(parent, { stages, outcomes, classes }) {
  const all = make("div", parent, { class: "places", style: `--stages: ${stages.length}` });
  const ends = make("div", all, { class: "ends" });
  return [...stages, ...outcomes].map((name, place) => {
    const isEnd = place >= stages.length, section = make("section", isEnd ? ends : all,
      { class: `place ${isEnd ? name : ""}`, "aria-label": name });
    if (!isEnd) all.insertBefore(section, ends);
    const head = make("p", section, { class: "head" }), [, count, chance] = ["name", "count", "chance"].map((part) =>
      make("span", head, { class: part, text: part === "name" ? name : "" }));
    const own = isEnd ? [] : classes[place].map(([, each]) => each), [least, most] = [Math.min(...own), Math.max(...own)];
    const words = isEnd ? "" : `chance ${least === most ? "" : `${percent(least)} to `}${percent(most)}`;
    return { name, section, list: make("ul", section), draw(text, isOpen) {
      count.textContent = text;
      chance.textContent = isOpen ? words : "";
    } };
  });
}

function makeCard(data, k, described) {
  const item = document.createElement("li");
  const card = make("button", item, { type: "button", class: "card", tabindex: -1, "aria-describedby": described });
  make("span", card, { class: "grip", "aria-hidden": "true" });
  const what = make("span", card, { class: "what" });
  make("span", what, { class: "name", text: data.names[k] });
  const numbers = make("span", what, { class: "numbers" }), [value, age] = [0, 1].map(() => make("span", numbers));
  value.textContent = money(data, data.deals[k]);
  return { item, card, draw(place, name, isOpen) {
    const days = ageOf(data, k, place), isEnd = place >= data.stages.length, share = percent(chanceOf(data, k, place));
    age.textContent = isEnd ? "" : `${days} d${isOpen ? ` · ${share}` : ""}`;
    put(card, { "aria-label": `${data.names[k]}, ${money(data, data.deals[k])}, ${name}`
      + (isEnd ? "" : ` for ${days} days${isOpen ? `, chance ${share}` : ""}`) });
  } };
}

// Pulls a card: by mouse anywhere, by finger at its grip, so that a page of cards still scrolls. Returns whether a click that
// comes now ends a pull.
function makePullable({ card }, { placeAt, over, drop }) {
  let grip = null, pulled = false;
  const scrollerOf = (element) => {
    for (let at = element.parentElement; at; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowY) && at.scrollHeight > at.clientHeight) return at;
    }
    return document.scrollingElement;
  };
  function end() {
    grip = null;
    card.classList.remove("held");
    card.style.transform = "";
    over(-1);
  }
  card.addEventListener("pointerdown", (event) => {
    pulled = false;
    if (event.button || (event.pointerType !== "mouse" && !event.target.classList.contains("grip"))) return;
    card.setPointerCapture(event.pointerId);
    const scroller = scrollerOf(card);
    grip = { x: event.clientX, y: event.clientY + scroller.scrollTop, scroller };
  });
  card.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (!grip) return;
    const { scroller } = grip, way = () => [clientX - grip.x, clientY + scroller.scrollTop - grip.y];
    if (!pulled && Math.hypot(...way()) < PULL) return;
    pulled = true;
    if (clientY < EDGE) scroller.scrollTop -= EDGE / 2;
    if (clientY > innerHeight - EDGE) scroller.scrollTop += EDGE / 2;
    card.classList.add("held");
    card.style.transform = `translate(${way()[0]}px, ${way()[1]}px)`;
    over(placeAt(clientX, clientY));
  });
  card.addEventListener("pointerup", ({ clientX, clientY }) => {
    const isDrop = grip && pulled;
    end();
    if (isDrop) drop(placeAt(clientX, clientY));
  });
  card.addEventListener("pointercancel", end);
  return () => pulled;
}

// What can be done with one card: buttons below it.
function makeActions(data, { step, end, close }) {
  const bar = document.createElement("div");
  put(bar, { class: "actions", role: "group" });
  const button = (text, act, label = text) =>
    make("button", bar, { type: "button", text, "aria-label": label }).addEventListener("click", act);
  button("◀", () => step(-1), "to the stage before");
  button("▶", () => step(1), "to the next stage");
  data.outcomes.forEach((name, n) => button(name, () => end(data.stages.length + n)));
  bar.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  return bar;
}

// All cards at their places. One of them takes part in the tab order; up and down go to another, left and right move the deal.
function makeCards(parent, data, { places, move }) {
  const hint = newId(), count = data.stages.length, names = [...data.stages, ...data.outcomes];
  make("p", parent, { class: "quiet", id: hint, text: "Pull a card to another stage, or choose one by ↑ and ↓ and move it by "
    + "← and →. A click or Enter lets you mark a deal as won, lost or dropped." });
  const columns = makePlaces(parent, data), home = [...data.start]; // the last stage of each deal
  const cards = data.names.map((_, k) => makeCard(data, k, hint));
  let order = [], current = null, opened = null;

  const placeAt = (x, y) => columns.findIndex(({ section }) => {
    const { left, right, top, bottom } = section.getBoundingClientRect();
    return left <= x && x <= right && top <= y && y <= bottom;
  });
  const over = (at) => columns.forEach(({ section }, place) => section.classList.toggle("over", place === at));
  function go(k, place) {
    if (place < 0 || place === places()[k]) return;
    move(k, place, `${data.names[k]}: ${names[place]}`);
  }
  function step(k, way) {
    const place = places()[k];
    if (place >= count) go(k, way < 0 ? home[k] : place);
    else go(k, clamp(place + way, 0, count));
  }
  function choose(k) {
    current = k;
    cards.forEach(({ card }, n) => put(card, { tabindex: n === k ? 0 : -1 }));
  }
  function open(k) {
    opened = k;
    cards.forEach(({ card }, n) => put(card, { "aria-expanded": String(n === k) }));
    if (k === null) return actions.remove();
    put(actions, { "aria-label": data.names[k] });
    cards[k].item.append(actions);
  }
  function close() {
    const k = opened;
    open(null);
    cards[k].card.focus();
  }
  const actions = makeActions(data, { step: (way) => step(opened, way), close, end: (place) => {
    const k = opened;
    close();
    go(k, place);
  } });
  const KEYS = { ArrowLeft: (k) => step(k, -1), ArrowRight: (k) => step(k, 1), ArrowUp: (k) => look(k, -1),
    ArrowDown: (k) => look(k, 1), Home: () => cards[order[0]].card.focus(), End: () => cards[order.at(-1)].card.focus() };
  const look = (k, way) => cards[order[clamp(order.indexOf(k) + way, 0, order.length - 1)]].card.focus();
  cards.forEach((each, k) => {
    const { card } = each, isPull = makePullable(each, { placeAt, over, drop: (place) => go(k, place) });
    card.addEventListener("focus", () => choose(k));
    card.addEventListener("click", (event) => {
      if (isPull()) return;
      open(opened === k ? null : k);
      if (opened === k && !event.detail) actions.firstChild.focus(); // by key
    });
    card.addEventListener("keydown", (event) => {
      if (!KEYS[event.key] || hasModifier(event)) return;
      event.preventDefault();
      KEYS[event.key](k);
    });
  });
  open(null);

  const bySize = (one, other) => data.deals[other] - data.deals[one] || one - other;
  function arrange(now, isOpen) {
    order = [];
    columns.forEach(({ list, name, draw }, place) => {
      const own = now.flatMap((at, k) => (at === place ? [k] : [])).sort(bySize);
      own.forEach((k, n) => {
        const { item } = cards[k], there = list.children[n] ?? null;
        if (there !== item) list.insertBefore(item, there);
        cards[k].draw(place, name, isOpen);
      });
      draw(own.length ? `${own.length}: ${money(data, sum(own.map((k) => data.deals[k])))}` : "none", isOpen);
      order.push(...own);
    });
  }
  return (now, isOpen) => {
    const root = parent.getRootNode(), focused = parent.contains(root.activeElement) ? root.activeElement : null;
    const glides = parent.clientWidth && !matchMedia("(prefers-reduced-motion: reduce)").matches && order.length;
    const before = glides ? cards.map(({ item }) => item.getBoundingClientRect()) : [];
    now.forEach((place, k) => { if (place < count) home[k] = place; });
    arrange(now, isOpen);
    if (current === null) choose(order[0]);
    if (focused && focused !== root.activeElement) focused.focus();
    if (!glides) return;
    cards.forEach(({ item }, k) => {
      const after = item.getBoundingClientRect(), [x, y] = [before[k].left - after.left, before[k].top - after.top];
      if (Math.hypot(x, y) < 1) return;
      item.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: MOVE, easing: "ease-out" });
    });
  };
}

// -- The page --------------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "board", STYLE), title = make("p", host, { class: "title" });
  const body = make("div", host, { class: "body" }), panel = make("div", body, { class: "forecast" });
  const picture = makeForecast(panel, data, { changed: (commit) => {
    if (isDone()) set({ commit });
    else draw();
    reply.textContent = said();
  } });
  const main = panel.firstChild;
  const button = make("button", main, { type: "button", class: "main", text: "This is my number" });
  const reply = make("p", main, { class: "reply", role: "status", "aria-live": "polite" });
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);
  let moved = "", shown = "", forecast = null;
  const drawCards = makeCards(make("div", body), data, { places: () => model.get("values").places, move: (k, place, words) => {
    moved = `${words}. `;
    set({ places: model.get("values").places.map((each, n) => (n === k ? place : each)) });
  } });

  const isDone = () => model.get("values").commit !== null;
  function said() {
    const { commit, chance } = model.get("commitment");
    return commit === undefined ? "" : `My first number: ${money(data, commit)}; its chance then: ${percent(chance)}.`;
  }
  const set = (change) => save(model, "values", { ...model.get("values"), ...change });
  function draw() {
    const values = model.get("values"), now = `${values.places} ${isDone()}`;
    if (now !== shown) { // a number to reach moves neither deals nor what they bring
      forecast = forecastOf(data, values.places);
      drawCards(values.places, isDone());
      shown = now;
    }
    title.textContent = finding(data, values, forecast);
    picture.draw(forecast, values.commit);
    button.hidden = isDone();
    put(button, { "aria-disabled": String(!picture.slider.isSet) });
    if (isDone()) reply.textContent = said();
    const words = moved;
    announcer.announce(() => words + [title.textContent, ...(isDone() ? factsOf(data, forecast) : [])].join(". "));
    moved = "";
  }
  function takeCommitment() {
    const { commit } = model.get("commitment");
    if (commit !== undefined && !isDone()) set({ commit });
    else draw();
  }
  button.addEventListener("click", () => {
    if (isDone()) return;
    if (!picture.slider.isSet) {
      reply.textContent = "Set your number first.";
      return;
    }
    const commit = picture.slider.value, chance = Number(reachOf(forecast, commit).toFixed(4));
    save(model, "commitment", { kind: "commit", key: data.key, question: data.question, commit, chance });
    picture.slider.input.focus();
  });
  handOver(model);
  model.on("change:commitment", takeCommitment);
  let width = 0;
  function layOut() { // what is drawn changes the height only
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    picture.layOut();
    takeCommitment();
  }
  const end = follow(model, "values", host, layOut, draw, announcer);
  return () => { model.off("change:commitment", takeCommitment); end(); };
}

export default { render };
