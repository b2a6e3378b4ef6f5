import type { createClient as createStreams } from "graphql-sse";
import type { createClient as createSocket } from "graphql-ws";

type Transport = Pick<ReturnType<typeof createSocket | typeof createStreams>, "subscribe">;
type Request = { query: string; variables: { after?: string | null; [name: string]: unknown } };

/** Takes each event of a subscription that passes `$after` on. After a break it goes on behind the last one taken. */
export function follow<Event extends { cursor: string | null }>(
  transport: Transport,
  request: Request,
  take: (event: Event) => void,
  fail: (reason: unknown) => void,
) {
  return transport.subscribe<Record<string, Event>>(request, {
    next({ data, errors }) {
      if (!data) return fail(errors);
      const [event] = Object.values(data);
      request.variables.after = event?.cursor ?? request.variables.after; // both clients send the request anew
      if (event) take(event);
    },
    error: fail,
    complete() {},
  });
}
