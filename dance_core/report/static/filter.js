// Filters and sorts the items of a list by the fields of a form.
"use strict";

document.querySelectorAll("form[data-filter]").forEach((form) => {
  const list = document.getElementById(form.dataset.filter);
  const items = [...list.querySelectorAll("[data-item]")];
  const words = items.map((item) => item.dataset.search.toLocaleLowerCase());
  const output = form.querySelector("output");

  const matches = (item, place, field) => {
    const value = field.value.trim();
    if (!value) return true;
    if (field.name === "search") return value.toLocaleLowerCase().split(/\s+/).every((word) => words[place].includes(word));
    const own = item.dataset[field.name];
    return own === value || own.split(" ").includes(value);
  };

  const sort = (field) => {
    const [key, direction] = field.value.split(":");
    const sign = direction === "down" ? -1 : 1;
    const ordered = [...items].sort((a, b) => sign * (a.dataset[key] - b.dataset[key]) || a.dataset.place - b.dataset.place);
    list.append(...ordered);
  };

  const apply = () => {
    const fields = [...form.elements].filter((field) => field.name && field.name !== "sort");
    let shown = 0;
    items.forEach((item, place) => {
      item.hidden = !fields.every((field) => matches(item, place, field));
      shown += item.hidden ? 0 : 1;
    });
    output.value = shown === items.length ? `${shown} shown` : `${shown} of ${items.length} shown`;
    list.querySelectorAll("section").forEach((section) => {
      section.hidden = shown < items.length && !section.querySelector("[data-item]:not([hidden])");
    });
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["input", "change"]) {
    form.addEventListener(name, (event) => {
      if (event.target.name === "sort") sort(event.target);
      else apply();
    });
  }
  apply();
  if (form.elements.sort && form.elements.sort.selectedIndex > 0) sort(form.elements.sort);
});
