import { createClient } from "graphql-sse";

import { backOff } from "./backoff.ts";

/** Live events where no WebSocket gets through: a stream for each subscription. `token` answers as for the socket. */
export function openStreams(url: string, token: () => string | Promise<string>) {
  return createClient({
    url,
    headers: async () => ({ authorization: `Bearer ${await token()}` }),
    retryAttempts: Infinity,
    retry: backOff,
  });
}
