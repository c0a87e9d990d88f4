// The table of the course, wherever it stands in a page: its counts follow what was answered. What was answered is known to
// whoever calls: lab.js reads the files beside the notebooks, the site the browser's own storage.

// `keys` holds the questions of lessons that are answered, `exercises` those of each exercise; without it only lessons count.
// Extra practice is counted apart.
function fillCourse(root, keys, exercises = null) {
  let done = 0, asked = 0;
  const count = (part, whole) => { done += part; asked += whole; };
  for (const cell of root.querySelectorAll(".crmlab-asks")) {
    const questions = [...cell.classList].filter((name) => name.includes("/")), known = questions.filter((key) => keys.has(key));
    count(known.length, questions.length);
    cell.textContent = `${known.length} of ${questions.length}`;
  }
  for (const cell of root.querySelectorAll(".crmlab-exercise")) {
    const marked = (kind) => [...cell.classList].filter((each) => each.startsWith(`${kind}/`)).map((each) => each.slice(kind.length + 1));
    const answered = exercises?.get(marked("exercise")[0]) ?? new Set(), core = marked("core"), extra = marked("extra");
    const share = (names, unit) => (exercises ? `${names.filter((name) => answered.has(name)).length} of ${names.length}` : names.length + unit);
    if (exercises) count(core.filter((name) => answered.has(name)).length, core.length);
    const text = cell.textContent.replace(/^[^,]*/, share(core, " questions"));
    cell.textContent = text.replace(/extra \d+( of \d+)?/, `extra ${share(extra, "")}`);
  }
  const title = `${done} of ${asked} questions of the ${exercises ? "course" : "lessons"} are answered`;
  root.querySelector("h4").textContent = title;
  root.querySelector(".crmlab-scroll").setAttribute("aria-label", title);
}

const courses = (place) => [...place.querySelectorAll(".crmlab-scroll:has(.crmlab-asks)")].map((table) => table.parentElement);
