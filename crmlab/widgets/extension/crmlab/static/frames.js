// The page of `frames`: controls that choose one of many pictures computed beforehand. A slider draws it at once; at a switch or
// a choice the marks move to where they belong, so that the change is seen.
// It reads `data` (controls, axes, layers, frames; see frames.py) and `values`, the place of each control, and writes `values`.

const STYLE = `
.crmlab-frames { max-width: 760px; }
.crmlab-frames .said { min-height: 3em; padding: 4px 0; }
.crmlab-frames .ticks { margin: 4px 0 8px; }`;

function render({ model, el }) {
  const data = model.get("data"), host = makeHost(el, "frames", STYLE);
  const ticks = make("div", host, { class: "ticks" }), controls = make("div", host, { class: "controls" });
  const title = make("p", host, { class: data.axes ? "title" : "said", role: "status", "aria-live": "off" });
  const place = make("div", host, { class: "chart" });
  const chart = data.axes ? makeChart(place, data.axes) : null;
  const spoken = make("p", host, { class: "spoken", role: "status", "aria-live": "polite" }), announcer = makeAnnouncer(spoken);

  const move = (k, at) => save(model, "values", model.get("values").map((value, other) => (other === k ? at : value)));
  const inputs = data.controls.map(({ name, kind, options, texts }, k) => {
    const value = model.get("values")[k];
    if (kind === "tick") return makeTick(ticks, { name, value: value === 1, changed: (on) => move(k, on ? 1 : 0) });
    if (kind === "choice") return makeChoice(controls, { name, options: texts, value, changed: (at) => move(k, at) });
    return makeSlider(controls,
      { name, low: 0, high: options.length - 1, step: 1, value, text: (at) => texts[at], changed: (at) => move(k, at) });
  });

  function frameOf(values) {
    return data.frames[values.reduce((index, at, k) => index * data.controls[k].options.length + at, 0)];
  }
  let before = model.get("values");
  function draw() {
    const values = model.get("values"), frame = frameOf(values);
    const glides = data.controls.some(({ kind }, k) => kind !== "slider" && values[k] !== before[k]);
    before = values;
    title.textContent = frame.title;
    chart?.draw(frame.layers.map((k) => data.layers[k]), frame.words, { glides });
    inputs.forEach((input, k) => { // moved from elsewhere
      if (data.controls[k].kind === "slider" && input.value !== values[k]) input.set(values[k]);
    });
    announcer.announce(() => frame.title);
  }
  return follow(model, "values", place, () => { chart?.layOut(); draw(); }, draw, announcer);
}

export default { render };
