"""A page opened offline in Chromium, for the tests of what people see."""

from __future__ import annotations


class Visit:
    """A page opened offline from its file; it keeps what the browser complains of and asks for."""

    def __init__(self, browser, path, **options):
        self.context = browser.new_context(**options)
        self.context.set_offline(True)
        self.page, self.said, self.asked = self.context.new_page(), [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.add_init_script(
            "window.reports=[];addEventListener('securitypolicyviolation',"
            "e=>window.reports.push(e.violatedDirective))"
        )
        self.url = path.as_uri()
        self.page.goto(self.url)

    def of(self, script):
        return self.page.evaluate(script)

    def end(self, scripted=True):
        if scripted:
            assert self.of("window.reports") == []
            assert self.of("window.__pwn") is None
            assert self.of("document.documentElement.scrollWidth <= innerWidth")
        assert self.said == []
        assert self.asked == [self.url]
        self.context.close()
