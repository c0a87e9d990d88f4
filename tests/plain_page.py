"""A saved widget in a plain browser: its page asks nobody and fails nowhere."""

from contextlib import contextmanager


@contextmanager
def opening(browser, path, landmark, height):
    """Give a function that opens the page and waits for ``landmark``; in the end nothing may have gone wrong."""
    contexts, wrong = [], []

    def open_page(*, width=1000, scheme="light", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"file://{path}")
        page.locator(landmark).first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong
