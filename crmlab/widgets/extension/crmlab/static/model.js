// A model without a kernel: what JupyterLab would give to a widget's module, from data that lie in the page. Python and lab.js
// put journal.js before it, and both before what brings widgets to life.

class Model {
  #state;
  #listeners = new Map();
  #changed = new Set();

  constructor(state) {
    this.#state = { ...state };
    const earlier = latest(state.data?.key);
    if ("commitment" in state && earlier) this.#state.commitment = earlier;
    if ("entries" in state) {
      this.#state.entries = journal();
      addEventListener("crmlab-kept", () => this.set("entries", journal()));
    }
  }

  get(name) {
    const first = this.#state.data?.firstKey;
    return name === "before" && first ? latest(first) ?? {} : this.#state[name]; // it may have been decided on this very page
  }

  set(name, value) {
    this.#state[name] = value;
    this.#changed.add(name);
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }

  save_changes() {
    if (this.#changed.has("commitment")) keep([...journal(), { ...this.#state.commitment, time: new Date().toISOString() }]);
    this.#changed.clear();
  }

  on(event, listener) { this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]); }

  off(event, listener) { this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((other) => other !== listener)); }
}
