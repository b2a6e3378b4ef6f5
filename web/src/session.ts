/** Who is asking: the seeded people of a development server, or whoever owns the token typed in. */
import { ask } from './ask';
import LOG_IN from './operations/log_in.graphql?raw';
import { Store } from './store';

export interface Person {
  readonly handle: string;
  readonly password?: string;
  readonly token: string;
}

interface Session {
  readonly people: readonly Person[];
  /** Null when signed out. */
  readonly chosen: Person | null;
}

interface LoggedIn {
  logIn: { tokens: { accessToken: string } | null; errors: { message: string }[] } | null;
}

const REMEMBERED = 'aperture:person';
const SIGNED_OUT = '';
const RENEW_SECONDS_BEFORE_END = 30;

export const session = new Store<Session>({ people: [], chosen: null });

/** Reads the seeded people; a server in production has none to give. */
export async function loadPeople(): Promise<void> {
  const answer = await fetch('/graphiql/people.json');
  const people: Person[] = answer.ok ? await answer.json() : [];
  const remembered = sessionStorage.getItem(REMEMBERED);
  const chosen = people.find((person) => person.handle === remembered) ?? people[0] ?? null;
  session.change({ people, chosen: remembered === SIGNED_OUT ? null : chosen });
}

/** Speaks as one of the seeded people from now on, in this window only; signed out for an unknown handle. */
export function choose(handle: string): void {
  const chosen = session.value.people.find((person) => person.handle === handle) ?? null;
  sessionStorage.setItem(REMEMBERED, chosen?.handle ?? SIGNED_OUT);
  session.change({ ...session.value, chosen });
}

/** Speaks with a token typed in, which is kept in memory alone. */
export function typeToken(token: string): void {
  session.change({ ...session.value, chosen: token ? { handle: 'token', token } : null });
}

/** The bearer token of the chosen person, renewed by their password when it is about to end. */
export async function bearerToken(): Promise<string | null> {
  return session.value.chosen && (await freshToken(session.value.chosen));
}

/** A token to look around with: the chosen person's, else that of the first seeded one. */
export async function anyToken(): Promise<string | null> {
  const person = session.value.chosen ?? session.value.people[0];
  return person ? freshToken(person) : null;
}

async function freshToken(person: Person): Promise<string> {
  if (!person.password || !isEnding(person.token)) return person.token;
  const token = await logIn(person.handle, person.password);
  replace(person, { ...person, token });
  return token;
}

function isEnding(token: string): boolean {
  const claims = token.split('.')[1] ?? '';
  const { exp } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
  return exp - RENEW_SECONDS_BEFORE_END < Date.now() / 1000;
}

async function logIn(identifier: string, password: string): Promise<string> {
  const data = await ask<LoggedIn>(LOG_IN, { input: { identifier, password } });
  const token = data?.logIn?.tokens?.accessToken;
  if (!token) throw new Error(data?.logIn?.errors[0]?.message ?? `${identifier} cannot log in.`);
  return token;
}

function replace(before: Person, after: Person): void {
  session.change({
    people: session.value.people.map((person) => (person === before ? after : person)),
    chosen: session.value.chosen === before ? after : session.value.chosen,
  });
}
