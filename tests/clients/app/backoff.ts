/** Waits longer from try to try, half a minute at most, and everybody differently: servers come back to a crowd. */
export const backOff = (tries: number) =>
  new Promise<void>((go) => setTimeout(go, (0.5 + Math.random()) * Math.min(30_000, 500 * 2 ** tries)));
