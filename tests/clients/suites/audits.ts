// Every audit of GraphQL over HTTP that npm's graphql-http knows; a warning counts as a failure.
import { serverAudits } from "graphql-http";

import { check, run, world } from "./harness.ts";

for (const audit of serverAudits({ url: world.http })) {
  check(`${audit.id} ${audit.name}`, async () => {
    const found = await audit.fn();
    if (found.status !== "ok") throw new Error(`${found.status}: ${found.reason}`);
  });
}

await run();
