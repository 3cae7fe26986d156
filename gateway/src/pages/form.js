
"use strict";
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const [password, again] = form.querySelectorAll("input");
const token = new URLSearchParams(location.search).get("token");
// The link's secret leaves the address bar, and with it the history.
history.replaceState(null, "", location.pathname);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (password.value !== again.value) {
    status.textContent = "The passwords differ.";
    return;
  }
  const body = { [form.dataset.password]: password.value };
  if (token !== null) body.token = token;
  const target = location.pathname.replace(/\/(form)?$/, "") + "/" + form.dataset.action;
  try {
    const answer = await fetch(target, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) {
      form.hidden = true;
      status.textContent = form.dataset.done;
    } else if (answer.status === 404) {
      status.textContent = "This link is no longer good.";
    } else {
      const { message, detail, details } = await answer.json();
      status.textContent = details ? details.map((d) => "The " + d.key.replaceAll("_", " ") + " " + d.message + ".").join(" ") : message ?? detail;
    }
  } catch {
    status.textContent = "That did not work. Please try again.";
  }
});
