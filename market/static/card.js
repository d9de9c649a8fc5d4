// The gateway's own card field, in its own frame; what is typed there never reaches this page.
(() => {
  const place = document.getElementById("card-payment");
  if (!place || typeof Stripe === "undefined") return;
  const stripe = Stripe(place.dataset.key);
  const card = stripe.elements().create("card");
  card.mount("#card");
  const button = document.getElementById("card-pay");
  button.addEventListener("click", async () => {
    button.disabled = true; // pressed twice it would still be one charge
    const answer = await stripe.confirmCardPayment(place.dataset.secret, { payment_method: { card } }).catch((error) => ({ error }));
    if (!answer.error) {
      window.location = place.dataset.back;
      return;
    }
    document.getElementById("card-error").textContent = answer.error.message || "";
    button.disabled = false;
  });
})();
