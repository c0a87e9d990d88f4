// The table of the course, wherever it stands in a page: its counts follow what was answered. What was answered is known to
// whoever calls: lab.js reads the files beside the notebooks, the site the browser's own storage.

// `keys` holds the questions of lessons that are answered, `exercises` how many of each exercise; without it only lessons count.
function fillCourse(root, keys, exercises = null) {
  let done = 0, asked = 0;
  const count = (part, whole) => { done += part; asked += whole; };
  for (const cell of root.querySelectorAll(".crmlab-asks")) {
    const questions = [...cell.classList].filter((name) => name.includes("/")), known = questions.filter((key) => keys.has(key));
    count(known.length, questions.length);
    cell.textContent = `${known.length} of ${questions.length}`;
  }
  for (const cell of root.querySelectorAll(".crmlab-exercise")) {
    const [, whole, rest] = cell.textContent.match(/(\d+)(?: questions)?(,.*)$/) ?? [];
    if (!whole) continue;
    const name = [...cell.classList].find((each) => each.startsWith("exercise/")).slice("exercise/".length);
    if (exercises) count(exercises.get(name) ?? 0, Number(whole));
    cell.textContent = exercises ? `${exercises.get(name) ?? 0} of ${whole}${rest}` : `${whole} questions${rest}`;
  }
  const title = `${done} of ${asked} questions of the ${exercises ? "course" : "lessons"} are answered`;
  root.querySelector("h4").textContent = title;
  root.querySelector(".crmlab-scroll").setAttribute("aria-label", title);
}

const courses = (place) => [...place.querySelectorAll(".crmlab-scroll:has(.crmlab-asks)")].map((table) => table.parentElement);
