// After Run All JupyterLab selects the last cell and scrolls to it, and no setting changes that. Here the first cell is
// selected and shown instead, because a lesson is read from its top. The file is what JupyterLab expects of a built
// extension (a container with `init` and `get`), written by hand so that nothing has to be built.
(() => {
  const showTop = (panel) => {
    const notebook = panel?.content;
    if (!notebook?.widgets?.length) return;
    notebook.activeCellIndex = 0;
    notebook.deselectAll();
    notebook.scrollToItem(0, "start").catch(() => {});
  };
  const plugin = {
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
  const container = { init: () => {}, get: async () => () => ({ __esModule: true, default: plugin }) };
  (window._JUPYTERLAB ??= {}).crmlab = container;
})();
