// Search while typing: each text is sent over a WebSocket, which answers with titles.
const url = new URL("search", location.href.replace(/^http/, "ws"));
const socket = new WebSocket(url);
const search = document.getElementById("search");
search.addEventListener("input", () => socket.send(search.value));
socket.addEventListener("message", ({ data }) => {
  const titles = new Set(JSON.parse(data));
  for (const item of document.getElementById("books").children) {
    item.hidden = !titles.has(item.dataset.title);
  }
});

// What happens to the books: server-sent events.
const changes = new EventSource("changes");
for (const kind of ["added", "changed", "removed"]) {
  changes.addEventListener(kind, ({ data }) => {
    const item = document.createElement("li");
    item.textContent = `${kind}: ${JSON.parse(data).title}`;
    document.getElementById("changes").prepend(item);
  });
}
