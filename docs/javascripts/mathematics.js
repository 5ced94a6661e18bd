// The mathematics of a page, written by KaTeX when the page has been read.
document.addEventListener("DOMContentLoaded", () => {
  for (const part of document.querySelectorAll(".arithmatex")) {
    const display = part.textContent.startsWith("\\[");
    katex.render(part.textContent.slice(2, -2), part, { displayMode: display, throwOnError: false });
  }
});
