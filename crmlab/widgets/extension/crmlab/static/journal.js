// What a reader committed to, kept in the browser's own storage while no kernel runs, as `crmlab/_journal.py` keeps it beside a
// notebook. It is put before live.js and before model.js.

const STORE = "crmlab-journal";

function journal() {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "[]");
  } catch {
    return []; // storage is switched off, or holds something else
  }
}

function keep(entries) {
  try {
    localStorage.setItem(STORE, JSON.stringify(entries));
  } catch { /* storage is switched off or full: the page goes on without memory */ }
}

const latest = (key) => journal().filter((entry) => entry.key === key).at(-1);

// What was committed to before the kernel ran goes to the kernel, once: a lesson asks nothing twice.
function handOver(model) {
  const { key } = model.get("data"), entry = latest(key);
  if (!entry || entry.handed || model.get("commitment").kind) return;
  const { time, ...commitment } = entry;
  keep(journal().map((each) => (each.key === key ? { ...each, handed: true } : each)));
  model.set("commitment", commitment);
  model.save_changes();
}
