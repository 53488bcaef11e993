"use strict";
// Only what scrolls takes the focus: a table that fits is no stop on the way of the Tab key.
(() => {
  const parts = [...document.querySelectorAll(".scroll")];
  const adjust = () =>
    parts.forEach((part) => {
      part.tabIndex = part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight ? 0 : -1;
    });
  const watch = new ResizeObserver(adjust);
  parts.forEach((part) => watch.observe(part));
  adjust();
})();
// Filters the mistakes. Without scripts the form stays hidden and everything is shown.
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const rows = [...document.querySelectorAll("[data-kind]")];
  const texts = rows.map((row) => row.textContent.toLocaleLowerCase());
  const show = () => {
    const { type, kind, text } = Object.fromEntries(new FormData(form));
    const wanted = text.trim().toLocaleLowerCase();
    let mistakes = 0;
    rows.forEach((row, i) => {
      row.hidden = Boolean(
        (kind && row.dataset.kind !== kind) ||
        (type && !row.dataset.type.split(" ").includes(type)) ||
        !texts[i].includes(wanted)
      );
      mistakes += row.tagName === "TR" && !row.hidden;
    });
    const all = rows.filter((row) => row.tagName === "TR").length;
    document.getElementById("shown").textContent = `${mistakes} of ${all} mistakes shown`;
  };
  form.addEventListener("input", show);
  form.querySelector("button").addEventListener("click", () => {
    form.reset();
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  show();
})();
