// The page of `clouds`: coins on which groups are real and which were cut out of noise, then draw after draw, then the truth.
// It reads `data` (see `page_data` in clouds_view.py), `values`, the stakes, the draw and whether the truth is shown, and
// `commitment`, what was staked; it writes `values`, and `commitment` once. Words are those of clouds_model.py.

const STYLE = `
.crmlab-clouds { max-width: 1100px; }
.crmlab-clouds .title { min-height: 1.4em; }
.crmlab-clouds .cards { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 14px; margin-top: 10px; }
@container (max-width: 520px) { .crmlab-clouds .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@container (min-width: 900px) { .crmlab-clouds .cards { grid-template-columns: repeat(5, minmax(0, 1fr)); } }
.crmlab-clouds .card { margin: 0; padding: 6px; border: 2px solid var(--grid); border-radius: 6px; min-width: 0; font-size: 13px; }
.crmlab-clouds .card.won { border-color: var(--green); }
.crmlab-clouds .card.lost { border-color: var(--red); }
.crmlab-clouds .card svg { width: 100%; height: auto; }
.crmlab-clouds .dot { stroke: transparent; stroke-width: 2.2; transition: fill .8s, stroke .8s; }
.crmlab-clouds .dot.moved { stroke: var(--ink); }
.crmlab-clouds .caption { min-height: 5.6em; margin-bottom: 4px; }
.crmlab-clouds .control { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 8px; margin: 0; }
.crmlab-clouds .control > .track { flex: 1 0 100%; order: 1; }
.crmlab-clouds .control output { min-width: 0; }
.crmlab-clouds .ends { display: flex; justify-content: space-between; }
.crmlab-clouds .bank { display: flex; flex-wrap: wrap; gap: 8px 12px; align-content: center; margin-top: 10px; }
.crmlab-clouds .bank p { flex: 1 0 100%; }
.crmlab-clouds :is(.bank p, .quiet):empty { display: none; }
.crmlab-clouds .reply { font-weight: 600; }
.crmlab-clouds .echo { display: none; }
@container (max-width: 520px) { /* the clouds are higher than the screen: what came of them stays in sight, with the buttons */
  .crmlab-clouds .bank { position: sticky; bottom: 0; z-index: 1; background: var(--paper); border-top: 2px solid var(--blue);
    margin: 10px -12px 0; padding: 8px 12px; }
  .crmlab-clouds .echo { display: block; }
  .crmlab-clouds .control { scroll-margin-bottom: 150px; }
}
:is(.jp-Cell-outputWrapper, .jp-Cell-outputArea, .jp-OutputArea, .jp-OutputArea-child, .jp-OutputArea-output, .crmlab-place,
  .output):has(.crmlab-clouds) {
  overflow: visible; } /* the page scrolls, and no box around the clouds */
.crmlab-clouds button[hidden] { display: none; }`;

const SIDE = 200; // of a drawing, in its own units

// -- What is said, as in clouds_model.py ---------------------------------------------------------------------------------

const percent = (share) => `${Math.floor(100 * share + 0.5)}\u00a0%`;

// The share of customers with the colour of the first draw.
function keptOf({ groups }, draw) {
  const [first] = groups;
  return [...groups[draw]].filter((group, k) => group === first[k]).length / first.length;
}

const wonOf = ({ clouds }, stakes) => sum(clouds.map(({ real }, k) => (real ? stakes[k] : -stakes[k])));

function finding(data, { stakes, draw, truth }) {
  if (truth) {
    const names = data.clouds.filter((cloud) => cloud.real).map(({ name }) => name);
    const real = names.join(", ").replace(/, (?=[^,]*$)/, " and ");
    const coins = sum(stakes.map(Math.abs)), right = (coins + wonOf(data, stakes)) / 2;
    return `The groups of ${real} are real, the others were cut out of noise. Of your ${coins} coins ${right} lay right`;
  }
  if (!draw) return data.question;
  const kept = data.clouds.map((cloud) => keptOf(cloud, draw)), most = Math.max(...kept), least = Math.min(...kept);
  const nameOf = (share) => data.clouds[kept.indexOf(share)].name;
  return `Other customers, draw ${draw} of ${data.draws}: ${percent(most)} keep their colour in ${nameOf(most)}, `
    + `${percent(least)} in ${nameOf(least)}`;
}

function caption(cloud, { draw, truth }) {
  const kept = cloud.groups.slice(1, draw + 1).map((_, k) => keptOf(cloud, k + 1));
  const text = `${Math.max(...cloud.groups[0]) + 1} groups, silhouette ${cloud.silhouette}`
    + (draw ? `; ${percent(kept.at(-1))} keep their colour, at least ${percent(Math.min(...kept))} so far` : "");
  return truth ? `${text}; ${cloud.real ? "real" : "noise"}` : text;
}

function stakeText(stake, real) {
  if (!stake) return "nothing";
  const result = real === null ? "" : real === stake > 0 ? ": won" : ": lost";
  return `${Math.abs(stake)} on ${stake > 0 ? "real" : "noise"}${result}`;
}

// -- The page ----------------------------------------------------------------------------------------------------------

// One cloud, and the slider for its stake.
function makeCard(parent, cloud, { hues, coins }, { text, changed }) {
  const card = make("div", parent, { class: "card" });
  const svg = make("svg", card, { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" }), scale = SIDE / 2 / cloud.reach;
  const dots = cloud.points.map(([x, y]) => make("circle", svg,
    { class: "dot", cx: (SIDE / 2 + scale * x).toFixed(1), cy: (SIDE / 2 - scale * y).toFixed(1), r: 4 }));
  const words = make("p", card, { class: "caption" });
  const slider = makeSlider(card, { name: `Stake on ${cloud.name}`, low: -coins, high: coins, step: 1, value: 0, text, changed });
  const ends = make("div", card, { class: "ends", "aria-hidden": "true" });
  for (const end of ["noise", "real"]) make("span", ends, { text: end });
  return { card, slider, draw(values) {
    const said = `${cloud.name}: ${caption(cloud, values)}`, stake = values.stakes[cloud.place];
    words.textContent = said;
    put(svg, { "aria-label": `Cloud ${said}` });
    [...cloud.groups[values.draw]].forEach((group, k) => {
      put(dots[k], { fill: paint(hues[group]) });
      dots[k].classList.toggle("moved", group !== cloud.groups[0][k]);
    });
    slider.set(stake);
    card.classList.toggle("won", Boolean(values.truth && stake) && cloud.real === stake > 0);
    card.classList.toggle("lost", Boolean(values.truth && stake) && cloud.real !== stake > 0);
  } };
}

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "clouds", STYLE), { coins, clouds, draws } = data;
  const title = make("p", host, { class: "title" });
  make("p", host, { text: `Dots are customers, colours their groups, formed by k-means. Some clouds hold real groups, the others `
    + `none: there k-means cut noise. Stake ${coins} coins; each one on the right side wins one, on the wrong side it is `
    + "lost. Then draw other customers from where each cloud came from: the same dots are coloured by their groups, and a ring "
    + "marks those of another colour than at first." });
  const cards = make("div", host, { class: "cards" });
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);

  const isDone = () => model.get("commitment").stakes !== undefined;
  const staked = () => sum(model.get("values").stakes.map(Math.abs));
  const move = (change) => save(model, "values", { ...model.get("values"), ...change });
  const shown = clouds.map((cloud, place) => makeCard(cards, { ...cloud, place }, data, {
    text: (stake) => stakeText(stake, model.get("values").truth ? cloud.real : null),
    changed: (stake) => {
      const { stakes } = model.get("values"), left = coins - staked() + Math.abs(stakes[place]);
      move({ stakes: stakes.map((each, k) => (k === place ? clamp(stake, -left, left) : each)) });
      if (Math.abs(stake) > left) reply.textContent = `All ${coins} coins lie on the table: take some from another cloud first.`;
    },
  }));

  const bank = make("div", host, { class: "bank" });
  const [lock, again, reveal] = ["These are my stakes", "Resample", "Show the truth"].map((text, k) =>
    make("button", bank, { type: "button", text, class: k ? "" : "main" }));
  const reply = make("p", bank, { class: "reply", role: "status", "aria-live": "polite" });
  const echo = make("p", bank, { class: "echo", "aria-hidden": "true" });
  const note = make("p", host, { class: "quiet" });

  function draw() {
    const values = model.get("values"), done = isDone(), { draw: at, truth } = values;
    title.textContent = finding(data, values);
    shown.forEach((card) => {
      card.slider.input.disabled = done;
      card.draw(values);
    });
    lock.hidden = done;
    again.hidden = !done;
    reveal.hidden = !done || !at || Boolean(truth);
    put(lock, { "aria-disabled": String(staked() < coins) });
    put(again, { "aria-disabled": String(at === draws) });
    again.classList.toggle("main", !at);
    reply.textContent = done ? at || truth ? "" : "Your stakes are placed. Now resample." : `${staked()} of ${coins} coins are staked.`;
    echo.textContent = at || truth ? title.textContent : "";
    note.textContent = truth ? data.lesson : "";
    announcer.announce(() => [title.textContent, ...shown.map(({ card }) => card.querySelector(".caption").textContent)].join(". "));
  }
  function takeStakes() { // those that were kept before
    const { stakes } = model.get("commitment");
    if (stakes && String(stakes) !== String(model.get("values").stakes)) move({ stakes });
    else draw();
  }
  lock.addEventListener("click", () => {
    const { stakes } = model.get("values");
    if (isDone() || staked() < coins) return;
    save(model, "commitment", { kind: "bet", key: data.key, question: data.question, stakes, won: wonOf(data, stakes) });
    again.focus();
  });
  again.addEventListener("click", () => {
    const { draw: at } = model.get("values");
    if (at < draws) move({ draw: at + 1 });
  });
  reveal.addEventListener("click", () => { move({ truth: 1 }); again.focus(); });
  handOver(model);
  model.on("change:commitment", takeStakes);
  const end = follow(model, "values", host, takeStakes, draw, announcer);
  return () => { model.off("change:commitment", takeStakes); end(); };
}

export default { render };
