/** The events of a subscription, the newest on top; a click shows one whole. */
import { useState } from 'react';
import type { LiveEvent, Stream } from './events';

const TOLD_BESIDE = new Set(['__typename', 'cursor', 'occurredAt']);

export function EventsView({ live }: { live: Stream }) {
  const [picked, setPicked] = useState<number | null>(null);
  if (live.events.length === 0) {
    return <p className="drawer-body">{live.isOpen ? 'Open. Nothing has happened yet.' : 'Ended without an event.'}</p>;
  }
  return (
    <ol className="drawer-body events" aria-label={`Events of ${live.name}`}>
      {live.events.map((event) => (
        <li key={event.number}>
          <button
            type="button"
            data-event={event.number}
            aria-expanded={event.number === picked}
            onClick={() => setPicked(event.number === picked ? null : event.number)}
          >
            <small>{event.number}</small>
            <b className={event.answer.errors ? 'too-much' : ''}>{event.title}</b>
            <code>{preview(event)}</code>
            <time dateTime={event.at.toISOString()}>{event.at.toLocaleTimeString('en-GB')}</time>
          </button>
          {event.number === picked && <pre>{JSON.stringify(event.answer, null, 2)}</pre>}
        </li>
      ))}
    </ol>
  );
}

/** What differs from one event to the next, on one line. */
function preview({ answer }: LiveEvent): string {
  const told = JSON.stringify(Object.values(answer.data ?? {})[0], (key, value) =>
    TOLD_BESIDE.has(key) || key === 'id' ? undefined : value,
  );
  return (told ?? '').replaceAll(/"(\w+)":/g, '$1: ').replaceAll(/[{}]/g, '').replaceAll(',', ', ');
}
