// Improves pages that work without it: a live auction's standing renews itself, a search suggests, a price is worked
// out while one types.

const place = document.querySelector("[data-live]");
if (place) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("standing", (event) => {
    if (place.innerHTML !== event.data) place.innerHTML = event.data;
  });
}

function unhurried(act, pause = 250) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, pause);
  };
}

for (const input of document.querySelectorAll("[data-suggest]")) {
  const list = document.createElement("div");
  list.className = "suggest-list";
  list.setAttribute("aria-live", "polite");
  input.after(list);
  const show = (html) => {
    list.innerHTML = html;
  };
  input.addEventListener("input", unhurried(async () => {
    const asked = input.value;
    if (!asked.trim()) return show("");
    const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(asked)}`);
    if (answer.ok && input.value === asked) show(await answer.text());
  }));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show("");
    if (event.key === "ArrowDown") {
      list.querySelector("a")?.focus();
      event.preventDefault();
    }
  });
  list.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (Number.isNaN(next)) return;
    (links[next] ?? input).focus();
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target !== input && !list.contains(event.target)) show("");
  });
}

const form = document.querySelector("[data-preview]");
if (form) {
  const shown = document.getElementById("preview");
  const renew = unhurried(async () => {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) });
    if (answer.ok) shown.innerHTML = await answer.text();
  });
  const asked = () => {
    const method = form.querySelector("[name=method]:checked, [name=method][type=hidden]")?.value;
    const standard = form.querySelector("[name=standard]")?.value;
    for (const part of form.querySelectorAll("[data-for]")) {
      const wrong = part.querySelector("[aria-invalid]");
      part.hidden = !wrong && (Boolean(standard) || (Boolean(method) && !part.dataset.for.split(" ").includes(method)));
    }
  };
  asked();
  form.addEventListener("change", asked);
  form.addEventListener("input", renew);
  form.addEventListener("change", renew);
}
