// Listens to all of its arguments, and has no code for pings.
for (const url of process.argv.slice(2)) new WebSocket(url).onerror = ({ error }) => console.error(url, error);
