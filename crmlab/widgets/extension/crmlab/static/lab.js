// The kit's extension of JupyterLab, written by hand in the form of a built one (a container with `init` and `get`), so that
// nothing has to be built. Looks stand in lab.css, which it brings; it does this:
// After Run All JupyterLab selects the last cell and scrolls to it, and no setting changes that; a lesson is read from its top.
// And a stored widget lives without a kernel: the data that lie in its output go to the same script as in a plain page.
// Whoever runs a cell in the middle of a lesson runs the cells above it first, once: stored widgets live without them, so that
// readers come to such a cell having run nothing. On a telephone the list of files and both side bars make room for the lesson (the
// menu View, Appearance brings the bars back). And the table of
// the course follows what was answered in any lesson and exercise.
(() => {
  const TYPE = "application/vnd.crmlab.widget+json";
  const FOLDER = document.currentScript.src.replace(/[^/]*$/, "");
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${FOLDER}lab.css` }));

  const showTop = (panel) => {
    const notebook = panel?.content;
    if (!notebook?.widgets?.length) return;
    notebook.activeCellIndex = 0;
    notebook.deselectAll();
    notebook.scrollToItem(0, "start").catch(() => {});
  };
  const top = {
    id: "crmlab:top",
    autoStart: true,
    activate: (app) => {
      app.commands.commandExecuted.connect((_, { id }) => {
        if (id !== "notebook:run-all-cells") return;
        const panel = app.shell.currentWidget;
        requestAnimationFrame(() => requestAnimationFrame(() => showTop(panel)));
      });
    },
  };

  const RUNS = new Set(["notebook:run-cell", "notebook:run-cell-and-select-next", "notebook:run-cell-and-insert-below"]);
  const ran = new Set(); // kernels in which something of a lesson was run
  const inOrder = {
    id: "crmlab:in-order",
    autoStart: true,
    activate: (app) => {
      const execute = app.commands.execute.bind(app.commands);
      app.commands.execute = async (id, args) => {
        if (RUNS.has(id)) await runAbove(app, execute);
        return execute(id, args);
      };
      app.commands.commandExecuted.connect((_, { id }) => { if (id.startsWith("notebook:run")) note(app); });
    },
  };
  const kernelOf = (app) => app.shell.currentWidget?.sessionContext?.session?.kernel;
  function note(app) {
    const kernel = kernelOf(app);
    if (!kernel || ran.has(kernel.id)) return;
    ran.add(kernel.id);
    const end = (_, status) => { if (/restarting|dead/.test(status)) { ran.delete(kernel.id); kernel.statusChanged.disconnect(end); } };
    kernel.statusChanged.connect(end);
  }
  async function runAbove(app, execute) {
    const panel = app.shell.currentWidget, kernel = kernelOf(app);
    const isLesson = /(^|[/:])(my|notebooks|exercises)\/.*\.ipynb$/.test(panel?.context?.path ?? "");
    const isCode = panel?.content?.activeCell?.model.type === "code";
    if (!isLesson || !isCode || !kernel || ran.has(kernel.id)) return;
    note(app);
    await execute("notebook:run-all-above");
  }

  const room = {
    id: "crmlab:room",
    autoStart: true,
    activate: (app) => {
      const narrow = matchMedia("(max-width: 700px)");
      const make = () => {
        if (narrow.matches) app.shell.collapseLeft();
        for (const side of ["left", "right"]) {
          if (app.shell.isSideTabBarVisible(side) === narrow.matches) app.shell.toggleSideTabBarVisibility(side);
        }
      };
      narrow.addEventListener("change", make);
      app.restored.then(make);
    },
  };

  const follow = {
    id: "crmlab:course",
    autoStart: true,
    activate: (app) => {
      let timer = 0;
      const soon = (wait) => { clearTimeout(timer); timer = setTimeout(() => fill(app).catch(() => {}), wait); };
      // an animation begins whenever its element comes into sight, also in a tab that is turned to again
      document.addEventListener("animationstart", ({ animationName }) => { if (animationName === "crmlab-here") soon(50); });
      addEventListener("crmlab-kept", () => soon(1000)); // a kernel writes it first
    },
  };
  let tools = null; // what fills the table, once it is needed
  async function fill(app) {
    const panel = app.shell.currentWidget, path = panel?.context?.path ?? "";
    if (!panel?.node.querySelector(".crmlab-asks")) return;
    tools ??= Promise.all(["journal.js", "course.js"].map(read))
      .then((parts) => load([...parts, "export { journal, courses, fillCourse };"].join("\n")));
    const { journal, courses, fillCourse } = await tools;
    const folder = path.split("/").slice(0, -1).join("/"), beside = [...path.split("/").slice(0, -2), "exercises"].join("/");
    const [kept] = await readFiles(app, folder, (name) => name === "journal.json");
    const answers = await readFiles(app, beside, (name) => name.endsWith(".answers.json"));
    const entries = [...journal(), ...(kept?.entries ?? [])]; // without a kernel, and with one
    const exercises = new Map(answers.map((each) => [each.assignment, new Set(Object.keys(each.answers ?? {}))]));
    courses(panel.node).forEach((each) => fillCourse(each, new Set(entries.map(({ key }) => key)), exercises));
  }
  // What lies in files of a folder as JSON; nothing of those that are not there or cannot be read.
  async function readFiles(app, folder, isWanted) {
    const { contents } = app.serviceManager, options = { content: true, type: "file", format: "text" };
    const list = await contents.get(folder).catch(() => ({ content: [] }));
    const paths = list.content.filter(({ name }) => isWanted(name)).map((each) => each.path);
    const found = await Promise.all(paths.map((path) => contents.get(path, options)
      .then(({ content }) => JSON.parse(content)).catch(() => null)));
    return found.filter(Boolean);
  }

  const texts = new Map(), modules = new Map();
  function read(file) {
    if (!texts.has(file)) texts.set(file, fetch(FOLDER + file).then((answer) => answer.text()));
    return texts.get(file);
  }
  const load = (source) => import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  function moduleOf(name) {
    if (!modules.has(name)) {
      const files = ["palette.json", "journal.js", "live.js", "chart.js", `${name}.js`];
      modules.set(name, Promise.all(files.map(read)).then(([palette, ...parts]) =>
        load([`const PALETTE = ${palette};`, ...parts].join("\n"))));
    }
    return modules.get(name);
  }
  const modelClass = () => Promise.all(["journal.js", "model.js"].map(read)).then((parts) =>
    load([...parts, "export { Model };"].join("\n")));

  async function show(node, { name, state }) {
    if (!/^[a-z_]+$/.test(name)) throw new Error(`${name} is no widget of crmlab`);
    const [{ default: widget }, { Model }] = await Promise.all([moduleOf(name), modelClass()]);
    node.replaceChildren();
    return widget.render({ model: new Model(state), el: node });
  }

  async function rendererFactory(scope) {
    const { Widget } = (await Object.values(scope["@lumino/widgets"])[0].get())();
    class Stored extends Widget { // until a kernel's own widget stands behind it
      async renderModel(model) {
        this.addClass("crmlab-stored");
        this.end?.();
        this.end = await show(this.node, model.data[TYPE]);
        this.watch();
      }

      onAfterAttach() { this.watch(); }

      watch() {
        const output = this.node.closest(".jp-OutputArea-child");
        this.observer?.disconnect();
        if (!output || !this.node.firstChild) return;
        const look = () => { if (output.nextElementSibling?.querySelector(".jupyter-widgets[class*=crmlab-]")) this.leave(); };
        this.observer = new MutationObserver(look);
        this.observer.observe(output.parentElement, { childList: true, subtree: true });
        look();
      }

      leave() {
        this.observer?.disconnect();
        this.end?.();
        this.end = null;
        this.node.replaceChildren();
      }

      dispose() {
        this.leave();
        super.dispose();
      }
    }
    return { id: "crmlab:widgets", rank: 0, dataType: "json",
      rendererFactory: { safe: true, mimeTypes: [TYPE], defaultRank: 10, createRenderer: () => new Stored() } };
  }

  let shared = null;
  const container = {
    init: (scope) => { shared = scope; },
    get: async (name) => {
      const plugin = name === "./mimeExtension" ? await rendererFactory(shared) : [top, inOrder, room, follow];
      return () => ({ __esModule: true, default: plugin });
    },
  };
  (window._JUPYTERLAB ??= {}).crmlab = container;
})();
