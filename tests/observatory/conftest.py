"""Chromium for the tests of what people see, where it is installed."""

from __future__ import annotations

import shutil

import pytest


def sandbox_browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if path is None:
        pytest.skip("Chromium is not installed")
    options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run"
    quiet = "--disable-background-networking --disable-component-update --disable-sync"
    return playwright.sync_playwright(), path, f"{options} {quiet}".split()


@pytest.fixture(scope="module")
def browser():
    starter, path, options = sandbox_browser()
    with starter as playwright:
        running = playwright.chromium.launch(executable_path=path, args=options)
        yield running
        running.close()
