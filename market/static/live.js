// Improves the page of a live auction: its standing renews itself. Without this the page reloads every ten seconds.
const place = document.querySelector("[data-live]");
if (place) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("standing", (event) => {
    if (place.innerHTML !== event.data) place.innerHTML = event.data;
  });
}
