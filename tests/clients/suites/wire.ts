// What clients send over HTTP: seen on its way, not changed.

export interface Sent {
  method: string;
  hasText: boolean;
  hash: string | undefined;
  codes: string[];
}

/** Runs `work` and answers with each request it made to the graph. */
export async function sentBy(work: () => Promise<unknown>): Promise<Sent[]> {
  const seen: Promise<Sent>[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = async (address, options) => {
    const answer = await real(address, options);
    seen.push(look(String(address), options, answer.clone()));
    return answer;
  };
  try {
    await work();
    return await Promise.all(seen);
  } finally {
    globalThis.fetch = real;
  }
}

async function look(address: string, options: RequestInit | undefined, answer: Response): Promise<Sent> {
  const method = options?.method ?? "GET";
  const parameters = Object.fromEntries(new URL(address).searchParams);
  const asked = method === "GET" ? parameters : JSON.parse(String(options?.body));
  const extensions = typeof asked.extensions === "string" ? JSON.parse(asked.extensions) : asked.extensions;
  const { errors = [] } = (await answer.json()) as { errors?: { extensions: { code: string } }[] };
  return {
    method,
    hasText: Boolean(asked.query),
    hash: extensions?.persistedQuery?.sha256Hash,
    codes: errors.map((error) => error.extensions.code),
  };
}
