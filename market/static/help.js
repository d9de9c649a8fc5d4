// A "?" beside a term opens what the term means. Without script it is a link to the glossary, where the same is said.

const box = document.createElement("div");
box.className = "term-box";
box.popover = "auto";
box.tabIndex = -1;
box.setAttribute("role", "dialog");
const name = document.createElement("a");
const meaning = document.createElement("p");
box.append(name, meaning);

let left; // the mark whose box this click has just closed
const markOf = (event) => event.target.closest?.("a.term");

document.addEventListener("pointerdown", (event) => {
  const mark = markOf(event);
  left = mark && box.matches(":popover-open") && box.previousElementSibling === mark ? mark : null;
}, true);

document.addEventListener("click", (event) => {
  const mark = markOf(event);
  if (!mark || event.ctrlKey || event.metaKey || event.shiftKey || !box.showPopover) return;
  event.preventDefault();
  const closed = left;
  left = null;
  if (mark === closed) return;
  name.href = mark.href;
  name.textContent = mark.dataset.term;
  meaning.textContent = mark.dataset.meaning;
  box.setAttribute("aria-label", mark.dataset.term);
  mark.after(box);
  box.showPopover();
  const place = mark.getBoundingClientRect();
  const most = document.documentElement.clientWidth - box.offsetWidth - 8;
  box.style.left = `${Math.max(8, Math.min(place.left, most)) + window.scrollX}px`;
  box.style.top = `${place.bottom + 4 + window.scrollY}px`;
  box.focus({ preventScroll: true });
});

// The menu closes as others do: by Escape, and by a click beside it.
const shut = (event) => {
  for (const menu of document.querySelectorAll("details.more-rooms[open]")) {
    if (event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target)) {
      menu.open = false;
      if (event.type === "keydown") menu.querySelector("summary").focus();
    }
  }
};
document.addEventListener("click", shut);
document.addEventListener("keydown", shut);
