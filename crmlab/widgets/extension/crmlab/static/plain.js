// A page without a kernel: brings each widget to life where its place is; model.js is prepended.

const content = JSON.parse(document.getElementById("crmlab-widgets").textContent), modules = {};
for (const [name, source] of Object.entries(content.modules)) {
  modules[name] = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
}
document.querySelectorAll(".crmlab-place").forEach((el, k) => {
  const { name, state } = content.widgets[k];
  el.replaceChildren(); // the picture at rest makes room
  modules[name].default.render({ model: new Model(state), el });
});
