// A form with options for a passkey gets a button that asks the browser for one; the form then goes its usual way. Without script, or where the
// browser knows no passkeys, the button never appears.

const form = document.querySelector("form [data-passkey]")?.form;
const known = window.PublicKeyCredential?.parseCreationOptionsFromJSON;

if (form && known) {
  const field = form.querySelector("[data-passkey]");
  const { passkey: what, options, failed } = field.dataset;
  const button = form.querySelector("[data-ask]");
  const said = form.querySelector("[data-said]");
  button.hidden = false;
  const ask = {
    create: (given) => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(given) }),
    get: (given) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(given) }),
  };
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      const made = await ask[what](JSON.parse(options));
      field.value = JSON.stringify(made.toJSON());
      form.requestSubmit();
    } catch (error) {
      said.textContent = failed;
    }
  });
}
