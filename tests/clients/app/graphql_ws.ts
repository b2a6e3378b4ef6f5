import { createClient } from "graphql-ws";

import { backOff } from "./backoff.ts";

/** One socket for all live events of an app. `token` answers with an access token that works right now. */
export function openSocket(url: string, token: () => string | Promise<string>) {
  return createClient({
    url,
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
    keepAlive: 12_000,
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: backOff,
  });
}
