import { createClient } from "graphql-sse";

/** Live events where no WebSocket gets through: a stream for each subscription. `token` answers as for the socket. */
export function openStreams(url: string, token: () => string | Promise<string>) {
  return createClient({
    url,
    headers: async () => ({ authorization: `Bearer ${await token()}` }),
    retryAttempts: Infinity,
    retry: (tries) => new Promise((go) => setTimeout(go, (0.5 + Math.random()) * Math.min(30_000, 500 * 2 ** tries))),
  });
}
