/** What stands below every answer: the cost of the operation, and the events of a subscription. */
import { useEffect, useState } from 'react';
import { budget, readBudget, type Budget } from './cost';
import { CostView, useCost, type Known } from './CostView';
import { stream, type Stream } from './events';
import { EventsView } from './EventsView';
import { Meter } from './Meter';
import { session } from './session';
import { Store } from './store';

type View = 'cost' | 'events' | null;

const REMEMBERED = 'aperture:drawer';

const shown = new Store<View>(localStorage.getItem(REMEMBERED) === 'cost' ? 'cost' : null);

function show(view: View): void {
  localStorage.setItem(REMEMBERED, view ?? '');
  shown.change(view);
}

export function Drawer() {
  const view = shown.use();
  const live = stream.use();
  const known = useCost();
  const { chosen } = session.use();
  const [announced, setAnnounced] = useState<string>();
  const name = live?.isOpen ? live.name : undefined;
  useEffect(() => void readBudget(), [chosen?.handle]);
  if (name !== announced) {
    setAnnounced(name);
    if (name) shown.change('events');
  }
  return (
    <section className="drawer" aria-label="Cost and events">
      {view === 'cost' && <CostView known={known} />}
      {view === 'events' && live && <EventsView live={live} />}
      <div className="drawer-bar">
        <button type="button" aria-expanded={view === 'cost'} onClick={() => show(view === 'cost' ? null : 'cost')}>
          <CostSummary known={known} />
        </button>
        {live && (
          <button
            type="button"
            aria-expanded={view === 'events'}
            onClick={() => show(view === 'events' ? null : 'events')}
          >
            <EventsSummary live={live} />
          </button>
        )}
        <BudgetLeft left={budget.use()} />
      </div>
    </section>
  );
}

function CostSummary({ known }: { known: Known | null }) {
  if (known === null) return <b>Cost</b>;
  const { cost, hasRun } = known;
  if (!hasRun) {
    return (
      <>
        <b>Would cost</b>
        <output data-cost="requested" className={cost.requested > cost.maxCost ? 'too-much' : ''}>
          {points(cost.requested)}
        </output>
      </>
    );
  }
  return (
    <>
      <b>Cost</b>
      <output data-cost="actual">{points(cost.actual ?? 0)}</output>
      <small>
        of <span data-cost="requested">{cost.requested.toLocaleString('en')}</span> ·{' '}
        {many(cost.statements ?? 0, 'statement')} · {many(cost.cacheHits ?? 0, 'cache hit')}
      </small>
    </>
  );
}

function EventsSummary({ live }: { live: Stream }) {
  return (
    <>
      <span className={live.isOpen ? 'pulse open' : 'pulse'} />
      <b>Events</b>
      <output data-events={live.count}>{live.count}</output>
    </>
  );
}

function BudgetLeft({ left }: { left: Budget | null }) {
  if (left === null) return null;
  return (
    <p className="budget" title={`Of the ${left.limit.toLocaleString('en')} points a minute of this person`}>
      <span data-cost="budget">{left.remaining.toLocaleString('en')}</span> left
      <Meter label="Budget" whole={left.limit} part={left.remaining} />
    </p>
  );
}

function points(count: number): string {
  return many(count, 'point');
}

function many(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}
