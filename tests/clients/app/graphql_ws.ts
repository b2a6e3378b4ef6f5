import { createClient } from "graphql-ws";

/** One socket for all live events of an app. `token` answers with an access token that works right now. */
export function openSocket(url: string, token: () => string | Promise<string>) {
  return createClient({
    url,
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    keepAlive: 12_000,
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: (tries) => new Promise((go) => setTimeout(go, (0.5 + Math.random()) * Math.min(30_000, 500 * 2 ** tries))),
  });
}
