// A text's marks are sent one after the other, never two at a time: the later choice must also arrive later.
"use strict";
const forms = [...document.querySelectorAll("form.marks")], done = document.getElementById("done");
const sending = new Map(), typed = new Set();
const tell = (form, state, words) => {
  form.dataset.state = state;
  if (words) form.querySelector("output").value = words;
  form.querySelector("button").hidden = !["changed", "failed"].includes(state);
};
const send = async form => {
  do {
    typed.delete(form);
    tell(form, "open", "saving ...");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: {Accept: "application/json"}, keepalive: true,
      });
      const said = await answer.json();
      tell(form, said.saved ? "saved" : "failed", said.words);
      if (said.saved) {
        form.querySelector(".changed")?.remove();
        document.getElementById("progress").textContent = `${said.marked} of ${forms.length} marked`;
        document.querySelector("progress").value = said.marked;
      }
    } catch {
      tell(form, "failed", "not saved: nobody answers. Has marking ended? Then start it again, and mark this text once more.");
    }
  } while (typed.has(form) && form.dataset.state === "saved");
  sending.delete(form);
  aim();
};
const keep = form => {
  typed.add(form);
  const lacking = form.querySelectorAll("fieldset").length - form.querySelectorAll("input:checked").length;
  if (lacking) tell(form, "open", `not saved yet: ${lacking} more line${lacking > 1 ? "s" : ""} to mark`);
  else if (!sending.has(form)) sending.set(form, send(form));
};
const unsaved = form => typed.has(form) || ["open", "failed"].includes(form.dataset.state);
const aim = () => {
  const form = forms.find(form => form.dataset.state !== "saved"), next = document.getElementById("next");
  next.hidden = !form;
  if (form) next.href = `#${form.closest("article").id}`;
};
for (const form of forms) {
  tell(form, form.dataset.state);
  form.addEventListener("change", () => keep(form));
  form.addEventListener("submit", event => { event.preventDefault(); if (form.reportValidity()) keep(form); });
  form.querySelector("textarea").addEventListener("input", () => {
    typed.add(form);
    if (!sending.has(form)) tell(form, "open", "not saved yet");
  });
}
const warn = event => { if (forms.some(unsaved)) event.preventDefault(); };
addEventListener("beforeunload", warn);
done.addEventListener("submit", async event => {
  event.preventDefault();
  await Promise.all(sending.values());
  const left = forms.filter(unsaved);
  if (left.length && !confirm(`${left.length} of the texts are not saved. End all the same?`)) {
    left[0].closest("article").scrollIntoView();
    return;
  }
  removeEventListener("beforeunload", warn);
  done.submit();
});
